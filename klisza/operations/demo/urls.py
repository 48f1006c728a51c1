"""Addresses under /demo/; they exist with --demo only."""

from __future__ import annotations

from django.urls import path

from . import components, views

app_name = "demo"
urlpatterns = [
    path("", views.index, name="index"),
    path("components/", components.components, name="components"),
    path("messages/", views.messages, name="messages"),
]
