from __future__ import annotations

from django.urls import path

from .views import home, images, lists, patient

app_name = "console"
urlpatterns = [
    path("", home.home, name="home"),
    path("patients/<uuid:patient_id>/", patient.patient, name="patient"),
    path("patients/<uuid:patient_id>/unlock/", patient.unlock, name="unlock"),
    path("patients/<uuid:patient_id>/password/", patient.reissue, name="reissue"),
    path("studies/", images.studies, name="studies"),
    path("objects/", lists.objects, name="objects"),
    path("associations/", lists.associations, name="associations"),
    path("tasks/", lists.tasks, name="tasks"),
    path("messages/", lists.unsent, name="messages"),
]
