from __future__ import annotations

from django.urls import path

from . import views

app_name = "console"
urlpatterns = [
    path("", views.home, name="home"),
    path("patients/<uuid:patient_id>/", views.patient, name="patient"),
    path("patients/<uuid:patient_id>/unlock/", views.unlock, name="unlock"),
    path("patients/<uuid:patient_id>/password/", views.reissue, name="reissue"),
    path("studies/", views.studies, name="studies"),
    path("objects/", views.objects, name="objects"),
    path("associations/", views.associations, name="associations"),
    path("tasks/", views.tasks, name="tasks"),
    path("messages/", views.messages_failed, name="messages"),
]
