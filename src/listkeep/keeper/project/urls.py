"""Every call the keeper answers; all of them POST one message."""

from django.urls import include, path

urlpatterns = [
    path("v1/", include("listkeep.keeper.gate.api")),
    path("v1/", include("listkeep.keeper.release.api")),
]
