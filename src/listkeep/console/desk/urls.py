"""Addresses of the pages. None of them holds an address of anybody."""

from django.urls import path

from . import (
    activity,
    coming,
    freezing,
    home,
    incidents,
    lists,
    people,
    policy,
    requests,
)

urlpatterns = [
    path("", home.desk),
    *coming.urlpatterns,
    path("assets/<str:name>", coming.serve),
    path("lists", lists.show_all),
    path("lists/<str:name>", lists.show_one),
    path("lists/<str:name>/count", lists.count),
    path("lists/<str:name>/history", lists.show_history),
    path("requests", requests.show_all),
    path("requests/<slug:name>", requests.show_one),
    path("activity", activity.show_all),
    path("activity/newer", activity.show_newer),
    path("activity/<int:index>", activity.show_one),
    path("people", people.show_all),
    path("incidents", incidents.show_all),
    path("incidents/<slug:name>", incidents.show_one),
    path("freeze", freezing.freeze),
    path("settings", policy.show_all),
]
