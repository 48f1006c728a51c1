from __future__ import annotations

from django.urls import URLPattern, path

from . import views

app_name = "public"
urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("instruction/", views.instruction, name="instruction"),
    path("instruction.pdf", views.instruction_pdf, name="instruction-pdf"),
    path("browser/", views.browser, name="browser"),
]
