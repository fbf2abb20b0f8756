"""Addresses of the pages. None of them holds an address of anybody."""

from django.urls import path

from . import coming, incidents, joining, outside, sending, undoing, views

urlpatterns = [
    path("", views.home),
    *coming.urlpatterns,
    path("assets/<str:name>", coming.serve),
    path("exports", views.export_runs),
    path("exports/<slug:run_id>", views.export_run),
    path("exports/<slug:run_id>/file", views.export_file),
    path("templates/<slug:list_id>", sending.show_shelf),
    path("templates/<slug:list_id>/shelve", sending.shelve),
    path("templates/<slug:list_id>/<slug:digest>", sending.show_template),
    path("sends", sending.show_sends),
    path("sends/<slug:request_id>", sending.carry_out),
    path("incidents/<slug:incident_id>", incidents.work_on),
    path("look-up", views.look_up),
    path("import", views.choose_list),
    path("import/<slug:list_id>", views.prepare_import),
    path("import/<slug:list_id>/check", views.check_import),
    path("import/<slug:list_id>/run", views.run_import),
    path("imports/<slug:import_id>", views.show_import),
    path("lists/<slug:list_id>/undo", undoing.undo),
    path("undos/<slug:restore_id>", undoing.show_undo),
    path("u/<str:alias>/<str:proof>", outside.leave),
    path("join/<slug:form_id>", joining.join),
    path("c/<str:alias>/<str:proof>", outside.confirm),
]
