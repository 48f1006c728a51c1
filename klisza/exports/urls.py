from __future__ import annotations

from django.urls import path

from . import views

app_name = "exports"
urlpatterns = [
    path("examinations/<uuid:examination_id>/download/", views.download, name="download"),
    path("examinations/download/", views.download_record, name="record"),
    path("exports/<uuid:export_id>/", views.show, name="copy"),
    path("exports/<uuid:export_id>/progress/", views.progress, name="progress"),
    path("exports/<uuid:export_id>/cancel/", views.cancel, name="cancel"),
    path("exports/<uuid:export_id>/file/", views.file, name="file"),
]
