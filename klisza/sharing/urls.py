from __future__ import annotations

from django.urls import URLPattern, path

from . import views

app_name = "sharing"
urlpatterns: list[URLPattern] = [path("shares/", views.overview, name="list")]
