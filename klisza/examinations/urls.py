"""Namespaces: "My documents" passes the same gate, so its page lives here, under its own name."""

from __future__ import annotations

from django.urls import include, path

from . import views

EXAMINATIONS = [
    path("", views.examination_list, name="list"),
    path("<uuid:examination_id>/", views.detail, name="detail"),
    path("<uuid:examination_id>/visit/", views.visit, name="visit"),
    path("<uuid:examination_id>/carers/", views.carer_hide, name="carers"),
    path("<uuid:examination_id>/reports/<uuid:version_id>/", views.report, name="report"),
    path("<uuid:examination_id>/reports/<uuid:version_id>/file/", views.report_file, name="report-file"),
    path(
        "<uuid:examination_id>/reports/<uuid:version_id>/pages/<int:number>/",
        views.report_page,
        name="report-page",
    ),
    path(
        "<uuid:examination_id>/reports/<uuid:version_id>/files/<int:file>/",
        views.report_file,
        name="report-document",
    ),
    path(
        "<uuid:examination_id>/reports/<uuid:version_id>/files/<int:file>/pages/<int:number>/",
        views.report_page,
        name="report-document-page",
    ),
]
DOCUMENTS = [
    path("", views.document_list, name="list"),
    path("<uuid:document_id>/", views.document, name="document"),
    path("<uuid:document_id>/file/", views.document_file, name="file"),
    path("<uuid:document_id>/pages/<int:number>/", views.document_page, name="page"),
]
CARERS = [
    path("", views.carer_list, name="list"),
    path("new/", views.carer_new, name="new"),
    path("<uuid:grant_id>/end/", views.carer_end, name="end"),
]
RESULTS = [path("", views.preferences, name="preferences")]
urlpatterns = [
    path("account/results/", include((RESULTS, "results"))),
    path("account/carers/", include((CARERS, "carers"))),
    path("examinations/", include((EXAMINATIONS, "examinations"))),
    path("documents/", include((DOCUMENTS, "documents"))),
]
