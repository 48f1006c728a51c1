from __future__ import annotations

from django.urls import URLPattern, path

from . import views

app_name = "patients"
urlpatterns: list[URLPattern] = [
    path("account/access-log/", views.access_log, name="access-log"),
]
