from __future__ import annotations

from django.urls import URLPattern, path

from . import views

app_name = "questionnaires"
urlpatterns: list[URLPattern] = [path("surveys/", views.overview, name="list")]
