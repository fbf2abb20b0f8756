"""The dock's addresses."""

from django.urls import include, path

from . import views
from .api import api

urlpatterns = [
    path("v1/docs/assets/<path:name>", views.asset),
    path("v1/", api.urls),
    path("", include("listkeep.dock.pages.urls")),
]
handler400 = views.bad_request
handler404 = views.missing
handler500 = views.broken
