from __future__ import annotations

from django.urls import URLPattern, path

from .views import account, entry, reset, steps

app_name = "accounts"
urlpatterns: list[URLPattern] = [
    path("login/", entry.login, name="login"),
    path("login/code/", steps.code, name="code"),
    path("login/code/again/", steps.code_again, name="code-again"),
    path("login/information/", steps.clause, name="clause"),
    path("login/password/", steps.first_password, name="first-password"),
    path("login/forgotten/", reset.forgotten, name="forgotten"),
    path("login/forgotten-name/", reset.forgotten_name, name="forgotten-name"),
    path("login/reset/", reset.new_password, name="reset"),
    path("login/reset/<str:token>/", reset.link, name="reset-link"),
    path("logout/", entry.logout, name="logout"),
    path("language/", entry.language, name="language"),
    path("account/password/", account.password, name="password"),
    path("account/contact/", account.contact, name="contact"),
    path("account/information/", account.information, name="information"),
]
