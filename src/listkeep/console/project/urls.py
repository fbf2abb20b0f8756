"""All addresses of the console."""

from django.urls import include, path

urlpatterns = [path("", include("listkeep.console.desk.urls"))]
