"""Addresses of the pages. None of them holds an address of anybody."""

from django.urls import path

from . import (
    activity,
    coming,
    copying,
    freezing,
    home,
    incidents,
    lists,
    people,
    policy,
    requests,
    sending,
    sends,
    undoing,
)

urlpatterns = [
    path("", home.desk),
    *coming.urlpatterns,
    path("assets/<str:name>", coming.serve),
    path("lists", lists.show_all),
    path("lists/<str:name>", lists.show_one),
    path("lists/<str:name>/count", lists.count),
    path("lists/<str:name>/history", lists.show_history),
    path("lists/<str:name>/undo", undoing.prepare),
    path("lists/<str:name>/copy", copying.prepare),
    path("lists/<str:name>/copy/count", copying.count),
    path("lists/<str:name>/send", sending.prepare),
    path("lists/<str:name>/send/count", sending.count),
    path("sends", sends.show_all),
    path("sends/new", sending.choose_list),
    path("sends/<slug:name>", sends.show_one),
    path("sends/<slug:name>/providers", sends.by_provider),
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
