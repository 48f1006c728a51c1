"""Addresses of the staff listener (KLISZA_STAFF_BIND); none of them exists on the public one."""

from __future__ import annotations

from django.urls import include, path
from django.views.generic import RedirectView

from klisza.questionnaires import urls as questionnaires
from klisza.sharing import urls as sharing
from klisza.viewer import urls as viewer

urlpatterns = [
    path("", RedirectView.as_view(url="/staff/")),
    path("", include("klisza.accounts.urls")),
    path("staff/shares/", include((viewer.STAFF, "viewer"))),
    path("staff/shares/", include((sharing.STAFF, "units"))),
    path("staff/questionnaires/", include((questionnaires.FORMS, "forms"))),
    path("staff/surveys/", include((questionnaires.ASKED, "asked"))),
    path("staff/deliveries/", include((viewer.HANDED, "handed"))),
    path("staff/", include("klisza.console.urls")),
]

handler400 = "klisza.ui.errors.bad_request"
handler403 = "klisza.ui.errors.forbidden"
handler404 = "klisza.ui.errors.not_found"
handler500 = "klisza.ui.errors.fault"
