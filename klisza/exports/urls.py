from __future__ import annotations

from django.urls import path

from . import views

app_name = "exports"
urlpatterns = [path("examinations/<uuid:examination_id>/download/", views.download, name="download")]
