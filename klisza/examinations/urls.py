"""Two namespaces: "My documents" passes the same gate, so its page lives here, under its own name."""

from __future__ import annotations

from django.urls import include, path

from . import views

EXAMINATIONS = [
    path("", views.examination_list, name="list"),
    path("<uuid:examination_id>/", views.detail, name="detail"),
    path("<uuid:examination_id>/reports/<uuid:version_id>/", views.report, name="report"),
    path("<uuid:examination_id>/reports/<uuid:version_id>/file/", views.report_file, name="report-file"),
    path(
        "<uuid:examination_id>/reports/<uuid:version_id>/pages/<int:number>/",
        views.report_page,
        name="report-page",
    ),
]
DOCUMENTS = [
    path("", views.document_list, name="list"),
    path("<uuid:document_id>/file/", views.document_file, name="file"),
]
urlpatterns = [
    path("examinations/", include((EXAMINATIONS, "examinations"))),
    path("documents/", include((DOCUMENTS, "documents"))),
]
