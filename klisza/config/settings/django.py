"""Django's own settings, derived from the topics above."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from . import login, place

PACKAGE = Path(__file__).resolve().parents[2]
HTTPS = place.PUBLIC_URL.startswith("https://")
SECRET_KEY = place.SECRET_KEY
DEBUG = False
# Cookies do not know ports: the staff listener has its own names, so that a patient cookie never reaches it.
STAFF = place.LISTENER == "staff"
COOKIE = "staff" if STAFF else "session"
ROOT_URLCONF = "klisza.config.urls_staff" if STAFF else "klisza.config.urls"
WSGI_APPLICATION = "klisza.config.server.application"
ALLOWED_HOSTS = list(dict.fromkeys(host for host in (urlsplit(place.PUBLIC_URL).hostname, urlsplit(place.STAFF_URL).hostname, place.STAFF_BIND[0], "127.0.0.1", "localhost") if host))  # fmt: skip
CSRF_TRUSTED_ORIGINS = [place.STAFF_URL if STAFF else place.PUBLIC_URL]

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_vite",
    *(f"klisza.{app}" for app in (
        "base", "ui", "notifications", "audit", "blobs", "accounts", "patients", "documents", "archive", "examinations",
        "exports", "sharing", "uploads", "questionnaires", "viewer", "gateways", "public", "console", "operations",
    )),
]  # fmt: skip
MIDDLEWARE = [
    "klisza.ui.middleware.Headers",
    "csp.middleware.CSPMiddleware",
    "klisza.ui.middleware.Errors",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "klisza.ui.middleware.Language",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "klisza.accounts.middleware.SignedIn",
    "django.contrib.messages.middleware.MessageMiddleware",
    "klisza.accounts.middleware.ForWhom",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.messages.context_processors.messages",
        "klisza.ui.context.portal",
        "klisza.patients.context.person",
        "klisza.accounts.context.idle",
        "klisza.questionnaires.context.open_surveys",
    ]},
}]  # fmt: skip
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

try:
    DATABASES = {"default": environ.Env.db_url_config(place.DATABASE_URL)}
except Exception:  # noqa: BLE001 - whatever the parser stumbles over, the cause is this setting
    raise ImproperlyConfigured("KLISZA_DATABASE_URL: must be sqlite:///PATH or postgresql://...") from None
SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if SQLITE:
    # synchronous=FULL: with WAL and NORMAL a power cut takes back acknowledged commits (measured: 18 of 60)
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        # A patient is told to try again after 3 s (L5); a machine or a job has the patience to wait.
        "timeout": 3 if place.ROLE == "web" else 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-20000",
    }
    if place.ROLE == "worker":  # its jobs look several times a second: opening costs more than looking
        DATABASES["default"]["CONN_MAX_AGE"] = 600
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = ["klisza.accounts.backend.ById"]
PASSWORD_HASHERS = ["klisza.accounts.hasher.Argon2id"]
LOGIN_URL = "accounts:login"
SESSION_ENGINE = "klisza.accounts.sessionstore"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_NAME = f"__Host-{COOKIE}" if HTTPS else f"klisza_{COOKIE}"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(login.SESSION_MOST.total_seconds())
CSRF_COOKIE_NAME = f"__Host-{COOKIE}-csrf" if HTTPS else f"klisza_{COOKIE}_csrf"
DEVICE_COOKIE_NAME = f"__Host-{COOKIE}-device" if HTTPS else f"klisza_{COOKIE}_device"
GUEST_COOKIE_NAME = "__Host-guest" if HTTPS else "klisza_guest"
GUEST_LINK_COOKIE_NAME = "__Host-guest-link" if HTTPS else "klisza_guest_link"
CSRF_FAILURE_VIEW = "klisza.ui.errors.csrf_failure"
LANGUAGE_COOKIE_NAME = "klisza_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"

USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "pl"
FORMAT_MODULE_PATH = ["klisza.ui.formats"]
LANGUAGES = [("pl", _("Polish")), ("en", _("English")), ("uk", _("Ukrainian"))]

STATIC_URL = "/static/"
STATIC_ROOT = place.DATA_DIR / "static"
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
DJANGO_VITE = {
    "default": {
        "dev_mode": False,
        "manifest_path": PACKAGE / "ui" / "static" / "built" / "manifest.json",
        "static_url_prefix": "built",
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {"DIRECTIVES": {
    "default-src": [NONE], "script-src": [SELF], "style-src": [SELF], "img-src": [SELF, "data:"], "font-src": [SELF],
    "connect-src": [SELF], "form-action": [SELF], "manifest-src": [SELF], "object-src": [NONE], "base-uri": [NONE], "frame-ancestors": [NONE],
}}  # fmt: skip
TEST_RUNNER = "django.test.runner.DiscoverRunner"
SILENCED_SYSTEM_CHECKS = [
    "security.W004",
    "security.W008",
]  # HSTS and redirect belong to klisza.ui.middleware and the proxy
LOGGING_CONFIG = "klisza.ui.logs.configure"
LOGGING = {"version": 1}  # an empty one would not be handed over
