from __future__ import annotations

from django.urls import URLPattern, path

from .views import scans

app_name = "uploads"
urlpatterns: list[URLPattern] = [
    path("uploads/scans/<uuid:delivery_id>/", scans.scan, name="scan"),
    path("uploads/scans/<uuid:delivery_id>/picture/", scans.picture, name="scan-picture"),
]
