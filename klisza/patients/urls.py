from __future__ import annotations

from django.urls import URLPattern, path

from . import views

app_name = "patients"
urlpatterns: list[URLPattern] = [
    path("login/identity/", views.identity, name="identity"),
    path("login/identity/back/", views.identity_back, name="identity-back"),
    path("login/identity/refused/", views.identity_refused, name="identity-refused"),
    path("account/access-log/", views.access_log, name="access-log"),
    path("account/acting/", views.choose, name="choose"),
    path("account/acting/for/", views.act, name="act"),
    path("account/acting/code/", views.take_up, name="take-up"),
    path("account/acting/<uuid:grant_id>/end/", views.give_up, name="give-up"),
]
