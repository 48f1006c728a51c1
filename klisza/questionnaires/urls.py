from __future__ import annotations

from django.urls import URLPattern, path

from . import views
from .views import staff_answers, staff_ask, staff_build, staff_define

app_name = "questionnaires"
ONE = "surveys/<uuid:request_id>/"
urlpatterns: list[URLPattern] = [
    path("surveys/", views.overview, name="list"),
    path("surveys/start/<uuid:questionnaire_id>/", views.start, name="start"),
    path(ONE, views.one, name="one"),
    path(f"{ONE}pages/<int:number>/", views.page, name="page"),
    path(f"{ONE}pages/<int:number>/save/", views.save, name="save"),
    path(f"{ONE}summary/", views.summary, name="summary"),
    path(f"{ONE}files/", views.files, name="files"),
    path(f"{ONE}complete/", views.complete, name="complete"),
    path(f"{ONE}answers.pdf", views.pdf, name="pdf"),
    path(f"{ONE}attachments/<uuid:file_id>/", views.attachment, name="attachment"),
]
# Of the staff listener, under /staff/questionnaires/: the forms themselves.
BUILD = "<uuid:questionnaire_id>/build/"
FORMS: list[URLPattern] = [
    path("", staff_define.listing, name="list"),
    path("new/", staff_define.new, name="new"),
    path("import/", staff_define.take_in, name="import"),
    path("<uuid:questionnaire_id>/", staff_define.one, name="one"),
    path("<uuid:questionnaire_id>/describe/", staff_define.describe, name="describe"),
    path("<uuid:questionnaire_id>/state/", staff_define.state, name="state"),
    path("<uuid:questionnaire_id>/try/", staff_define.attempt, name="try"),
    path("<uuid:questionnaire_id>/versions/<int:number>/", staff_define.export, name="export"),
    path("<uuid:questionnaire_id>/begin/", staff_build.begin, name="begin"),
    path(BUILD, staff_build.build, name="build"),
    path(f"{BUILD}heading/", staff_build.heading, name="heading"),
    path(f"{BUILD}add/", staff_build.add, name="add"),
    path(f"{BUILD}publish/", staff_build.publish, name="publish"),
    path(f"{BUILD}discard/", staff_build.discard, name="discard"),
    path(f"{BUILD}items/<str:place>/", staff_build.item, name="item"),
    path(f"{BUILD}items/<str:place>/<slug:what>/", staff_build.act, name="act"),
]
# Of the staff listener, under /staff/surveys/: whom they were sent to, and what came back.
ASKED: list[URLPattern] = [
    path("", staff_answers.inbox, name="inbox"),
    path("flags/", staff_answers.inbox, {"only_flags": True}, name="flags"),
    path("sent/", staff_answers.sent, name="sent"),
    path("sent/<slug:state>/", staff_answers.sent, name="sent-state"),
    path("incomplete/", staff_answers.incomplete, name="incomplete"),
    path("ask/", staff_ask.ask_list, name="ask-list"),
    path("ask/<uuid:patient_id>/", staff_ask.ask_one, name="ask"),
    path("rules/", staff_ask.rules, name="rules"),
    path("rules/<uuid:rule_id>/delete/", staff_ask.rule_delete, name="rule-delete"),
    path("<uuid:request_id>/", staff_answers.one, name="one"),
    path("<uuid:request_id>/seen/", staff_answers.seen, name="seen"),
    path("<uuid:request_id>/withdraw/", staff_ask.take_back, name="withdraw"),
    path("<uuid:request_id>/answers.pdf", staff_answers.pdf, name="pdf"),
    path("<uuid:request_id>/response.json", staff_answers.response, name="response"),
]
