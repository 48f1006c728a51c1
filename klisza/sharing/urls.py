"""The owner's pages stand under the tab; a guest's under /s/, where the last pattern takes every link there is."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from . import views

SHARING: list[URLPattern] = [
    path("shares/", views.overview, name="list"),
    path("shares/<uuid:share_id>/", views.one, name="one"),
    path("shares/<uuid:share_id>/made/", views.made, name="made"),
    path("shares/<uuid:share_id>/revoke/", views.revoke, name="revoke"),
    path("shares/<uuid:share_id>/extend/", views.extend, name="extend"),
    path("shares/<uuid:share_id>/block/", views.block, name="block"),
    path("shares/<uuid:share_id>/unblock/", views.unblock, name="unblock"),
    path("shares/<uuid:share_id>/link/", views.new_link, name="new-link"),
    path("shares/<uuid:share_id>/pin/", views.new_pin, name="new-pin"),
    path("examinations/<uuid:examination_id>/share/", views.choose, name="choose"),
    path("examinations/<uuid:examination_id>/share/outside/", views.outside, name="outside"),
    path("examinations/<uuid:examination_id>/share/outside/confirm/", views.confirm, name="confirm"),
    path("examinations/<uuid:examination_id>/share/inside/", views.inside, name="inside"),
    path("examinations/<uuid:examination_id>/share/slip/", views.slip, name="slip"),
]
REPORT = "<uuid:share_id>/<uuid:examination_id>/reports/<uuid:version_id>/"
GUEST: list[URLPattern] = [
    path("", views.landing, name="landing"),
    path("open/<uuid:share_id>/", views.screen, name="screen"),
    path("open/<uuid:share_id>/note/", views.note, name="note"),
    path("open/<uuid:share_id>/longer/", views.longer, name="longer"),
    path("open/<uuid:share_id>/not-mine/", views.not_mine, name="not-mine"),
    path("open/<uuid:share_id>/leave/", views.leave, name="leave"),
    path("open/<uuid:share_id>/<uuid:examination_id>/download/", views.download, name="download"),
    path(f"open/{REPORT}file/", views.report_file, name="report-file"),
    path(f"open/{REPORT}pages/<int:number>/", views.report_page, name="report-page"),
    path(f"open/{REPORT}files/<int:file>/", views.report_file, name="report-document"),
    path(
        f"open/{REPORT}files/<int:file>/pages/<int:number>/", views.report_page, name="report-document-page"
    ),
    path("<path:token>/", views.link, name="link"),
]
# Of the staff listener.
STAFF: list[URLPattern] = [
    path("", views.unit_list, name="list"),
    path("units/", views.units, name="units"),
    path("units/<uuid:unit_id>/", views.unit, name="unit"),
    path("units/<uuid:unit_id>/close/", views.unit_close, name="unit-close"),
    path("slip/<uuid:patient_id>/", views.staff_slip, name="slip"),
    path("<uuid:share_id>/", views.unit_screen, name="screen"),
    path(f"{REPORT}file/", views.unit_report_file, name="report-file"),
    path(f"{REPORT}pages/<int:number>/", views.unit_report_page, name="report-page"),
    path(f"{REPORT}files/<int:file>/", views.unit_report_file, name="report-document"),
    path(
        f"{REPORT}files/<int:file>/pages/<int:number>/", views.unit_report_page, name="report-document-page"
    ),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((SHARING, "sharing"))),
    path("s/", include((GUEST, "guest"))),
]
