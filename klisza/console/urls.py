from __future__ import annotations

from django.urls import path

from .views import breaches, home, images, inbox, lists, patient, peers, release, rules, work

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
    path("tasks/<int:task_id>/done/", work.task_done, name="task_done"),
    path("integration/", inbox.integration, name="integration"),
    path("integration/<uuid:uid>/", inbox.message, name="message"),
    path("held/", inbox.held, name="held"),
    path("failed/", inbox.failed, name="failed"),
    path("work/", work.work, name="work"),
    path("work/<uuid:item_id>/", work.item, name="work_item"),
    path("bounces/", work.bounces, name="bounces"),
    path("bounces/<uuid:message_id>/done/", work.bounce_done, name="bounce_done"),
    path("carers/", work.guardians, name="guardians"),
    path("carers/<uuid:proposal_id>/dismiss/", work.guardian_dismissed, name="guardian_dismissed"),
    path("breaches/", breaches.breaches, name="breaches"),
    path("breaches/<uuid:breach_id>/", breaches.breach, name="breach"),
    path("peers/", peers.peers, name="peers"),
    path("peers/dicom/", peers.add_dicom, name="add_dicom"),
    path("peers/dicom/<int:pk>/remove/", peers.remove_dicom, name="remove_dicom"),
    path("peers/dicom/<int:pk>/echo/", peers.echo, name="echo"),
    path("peers/hl7/", peers.add_hl7, name="add_hl7"),
    path("peers/hl7/<int:pk>/remove/", peers.remove_hl7, name="remove_hl7"),
    path("release/", release.release, name="release"),
    path("examinations/<uuid:examination_id>/", release.examination, name="examination"),
    path("examinations/<uuid:examination_id>/decide/", release.decide, name="decide"),
    path("examinations/<uuid:examination_id>/visit/", release.visit, name="visit"),
    path("examinations/<uuid:examination_id>/visit/done/", release.visit_done, name="visit_done"),
    path("rules/", rules.rules, name="rules"),
    path("rules/<int:place>/", rules.rule, name="rule"),
    path("rules/<int:place>/delete/", rules.delete, name="rule_delete"),
    path("rules/<int:place>/move/", rules.move, name="rule_move"),
]
