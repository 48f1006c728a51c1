from __future__ import annotations

from django.urls import URLPattern, path, re_path

from . import views
from .views import scans

app_name = "uploads"
urlpatterns: list[URLPattern] = [
    path("uploads/", views.collection, name="collection"),
    re_path(r"^uploads/(?P<key>[0-9a-f]{32})$", views.one, name="upload"),
    path("uploads/list/<uuid:delivery_id>/", views.listed, name="list"),
    path("uploads/list/<uuid:delivery_id>/progress/", views.progress, name="progress"),
    path("uploads/list/<uuid:delivery_id>/persons/", views.persons, name="persons"),
    path("uploads/list/<uuid:delivery_id>/batch/", views.batch, name="batch"),
    path("uploads/list/<uuid:delivery_id>/receipt/", views.receipt, name="receipt"),
    path("uploads/files/<uuid:file_id>/remove/", views.remove, name="remove"),
    path("uploads/files/<uuid:file_id>/person/", views.answer, name="answer"),
    path("uploads/scans/<uuid:delivery_id>/", scans.scan, name="scan"),
    path("uploads/scans/<uuid:delivery_id>/picture/", scans.picture, name="scan-picture"),
]
