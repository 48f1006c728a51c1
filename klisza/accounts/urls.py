from __future__ import annotations

from django.urls import URLPattern, path

from .views import account, adding, contact, entry, factors, reset, security, steps, unlock

app_name = "accounts"
urlpatterns: list[URLPattern] = [
    path("login/", entry.login, name="login"),
    path("login/code/", steps.code, name="code"),
    path("login/code/again/", steps.code_again, name="code-again"),
    path("login/factor/", factors.second, name="factor"),
    path("login/passkey/", factors.by_passkey, name="passkey"),
    path("login/passkey/options/", factors.options, name="passkey-options"),
    path("login/enrol/", adding.choices, {"enrolling": True}, name="enrol"),
    path("login/enrol/passkey/", adding.passkey, {"enrolling": True}, name="enrol-passkey"),
    path("login/enrol/passkey/options/", adding.options, {"enrolling": True}, name="enrol-options"),
    path("login/enrol/app/", adding.app, {"enrolling": True}, name="enrol-app"),
    path("login/information/", steps.clause, name="clause"),
    path("login/password/", steps.first_password, name="first-password"),
    path("login/forgotten/", reset.forgotten, name="forgotten"),
    path("login/forgotten-name/", reset.forgotten_name, name="forgotten-name"),
    path("login/unlock/", unlock.page, name="unlock"),
    path("login/unlock/again/", unlock.again, name="unlock-again"),
    path("login/unlock/<str:token>/", unlock.link, name="unlock-link"),
    path("login/reset/", reset.new_password, name="reset"),
    path("login/reset/<str:token>/", reset.link, name="reset-link"),
    path("logout/", entry.logout, name="logout"),
    path("language/", entry.language, name="language"),
    path("account/password/", account.password, name="password"),
    path("account/confirm/", factors.confirm, name="confirm"),
    path("account/confirm/text/", factors.confirm_text, name="confirm-text"),
    path("account/security/", security.page, name="security"),
    path("account/security/later/", security.later, name="security-later"),
    path("account/security/recovery/", security.recovery, name="recovery"),
    path("account/security/remove/<uuid:factor_id>/", security.remove, name="remove-factor"),
    path("account/security/add/", adding.choices, {"enrolling": False}, name="add"),
    path("account/security/add/passkey/", adding.passkey, {"enrolling": False}, name="add-passkey"),
    path("account/security/add/passkey/options/", adding.options, {"enrolling": False}, name="add-options"),
    path("account/security/add/app/", adding.app, {"enrolling": False}, name="add-app"),
    path("account/contact/", contact.contact, name="contact"),
    path("account/contact/<str:channel>/", contact.change, name="contact-change"),
    path("account/contact/<str:channel>/code/", contact.code, name="contact-code"),
    path("account/contact/<str:channel>/again/", contact.again, name="contact-again"),
    path("account/contact/<str:channel>/drop/", contact.drop, name="contact-drop"),
    path("account/information/", account.information, name="information"),
]
