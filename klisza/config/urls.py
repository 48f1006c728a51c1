"""Addresses of the public listener."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("klisza.public.urls")),
    path("", include("klisza.accounts.urls")),
    path("", include("klisza.patients.urls")),
    path("", include("klisza.examinations.urls")),
    path("", include("klisza.exports.urls")),
    path("", include("klisza.uploads.urls")),
    path("", include("klisza.questionnaires.urls")),
    path("", include("klisza.viewer.urls")),
    path("", include("klisza.sharing.urls")),  # its last pattern takes every link of a share
    path("", include("klisza.operations.urls")),
]
if settings.DEMO:
    urlpatterns.append(path("demo/", include("klisza.operations.demo.urls")))

handler400 = "klisza.ui.errors.bad_request"
handler403 = "klisza.ui.errors.forbidden"
handler404 = "klisza.ui.errors.not_found"
handler500 = "klisza.ui.errors.fault"
