from __future__ import annotations

from django.urls import path

from . import views

app_name = "viewer"
urlpatterns = [
    path("viewer/<uuid:examination_id>/", views.open_viewer, name="open"),
    path("viewer/<uuid:examination_id>/ticket/", views.renew_ticket, name="ticket"),
    path("s/open/<uuid:share_id>/<uuid:examination_id>/viewer/", views.guest_viewer, name="guest-open"),
    path(
        "s/open/<uuid:share_id>/<uuid:examination_id>/ticket/", views.renew_guest_ticket, name="guest-ticket"
    ),
]
# Of the staff listener, too: images of a delivery, before anybody has accepted them.
HANDED = [
    path("<uuid:delivery_id>/viewer/<uuid:study_id>/", views.handed_viewer, name="open"),
    path("<uuid:delivery_id>/viewer/<uuid:study_id>/ticket/", views.renew_handed_ticket, name="ticket"),
]
# Of the staff listener: what somebody shares with a unit of the hospital.
STAFF = [
    path("<uuid:share_id>/<uuid:examination_id>/viewer/", views.unit_viewer, name="unit-open"),
    path("<uuid:share_id>/<uuid:examination_id>/ticket/", views.renew_unit_ticket, name="unit-ticket"),
]
