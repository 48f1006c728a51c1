"""Sign-in by OpenID Connect: the hospital's directory for staff, a broker of proven identities for patients."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from .environment import env
from .place import is_loopback

STAFF_ROLES = ("registration", "clinic", "radiology", "privacy", "integration", "admin")


def _issuer(text: str) -> str:
    """Compared letter by letter with what the provider says of itself, so it is kept as given."""
    parts = urlsplit(text)
    if text and (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or "@" in text
    ):
        raise ValueError("must be https://HOST/PATH as the provider writes its own issuer")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("http is accepted for loopback only")
    return text


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[\s,]+", text) if word)


def _roles(text: str) -> tuple[tuple[str, str], ...]:
    """'group=role,group=role', or with semicolons where a name has a comma; a group may have several roles."""
    pairs = []
    for part in (part.strip() for part in text.split(";" if ";" in text else ",")):
        group, _, role = part.rpartition("=")
        if part and (not group.strip() or role.strip() not in STAFF_ROLES):
            raise ValueError(f"must be GROUP=ROLE,...; roles: {', '.join(STAFF_ROLES)}")
        if part:
            pairs.append((group.strip(), role.strip()))
    return tuple(pairs)


STAFF_OIDC_ISSUER = env.typed(
    "KLISZA_STAFF_OIDC_ISSUER",
    "",
    _issuer,
    about="staff sign in with this OpenID provider; empty = they do not",
)
STAFF_OIDC_CLIENT_ID = env.text(
    "KLISZA_STAFF_OIDC_CLIENT_ID", "", about="the portal's name at the provider of staff"
)
STAFF_OIDC_CLIENT_SECRET = env.text("KLISZA_STAFF_OIDC_CLIENT_SECRET", "", about="the portal's secret there")
STAFF_OIDC_SCOPE = env.text(
    "KLISZA_STAFF_OIDC_SCOPE", "openid profile email", about="scopes the portal asks for"
)
STAFF_OIDC_GROUPS_CLAIM = env.text(
    "KLISZA_STAFF_OIDC_GROUPS_CLAIM", "groups", about="claim that lists the groups of a member of staff"
)
STAFF_OIDC_ROLES = env.typed(
    "KLISZA_STAFF_OIDC_ROLES", "", _roles, about="which group has which role here: GROUP=ROLE,..."
)
STAFF_OIDC_ACR = env.typed(
    "KLISZA_STAFF_OIDC_ACR",
    "",
    _words,
    about="values of acr or amr that prove a second factor at the provider",
)
STAFF_LOCAL_LOGIN = env.flag(
    "KLISZA_STAFF_LOCAL_LOGIN",
    True,
    about="0: only emergency accounts sign in to the staff pages without the provider",
)

PATIENT_OIDC_ISSUER = env.typed(
    "KLISZA_PATIENT_OIDC_ISSUER",
    "",
    _issuer,
    about="patients prove their identity there; empty = they do not",
)
PATIENT_OIDC_CLIENT_ID = env.text(
    "KLISZA_PATIENT_OIDC_CLIENT_ID", "", about="the portal's name at the broker"
)
PATIENT_OIDC_CLIENT_SECRET = env.text(
    "KLISZA_PATIENT_OIDC_CLIENT_SECRET", "", about="the portal's secret there"
)
PATIENT_OIDC_SCOPE = env.text("KLISZA_PATIENT_OIDC_SCOPE", "openid", about="scopes the portal asks for")
PATIENT_OIDC_PESEL_CLAIM = env.text(
    "KLISZA_PATIENT_OIDC_PESEL_CLAIM", "pesel", about="claim that carries the PESEL"
)
PATIENT_OIDC_ACR = env.typed(
    "KLISZA_PATIENT_OIDC_ACR", "", _words, about="levels of assurance (acr) that are high enough, with commas"
)
PATIENT_OIDC_LABEL = env.text(
    "KLISZA_PATIENT_OIDC_LABEL", "", about="what patients call the broker, on its button"
)

HANDOVER_LIFE = timedelta(minutes=10)  # between the button and the way back
HANDOVERS_PER_SOURCE_HOUR = 600
OIDC_LEEWAY_SECONDS = 60  # a provider's clock may differ
OIDC_METADATA_LIFE = timedelta(hours=1)
OIDC_REST = timedelta(seconds=10)  # after a provider did not answer, before it is asked again

_COMPLETE: dict[str, dict[str, object]] = {
    "STAFF": {"CLIENT_ID": STAFF_OIDC_CLIENT_ID, "CLIENT_SECRET": STAFF_OIDC_CLIENT_SECRET, "ROLES": STAFF_OIDC_ROLES},
    "PATIENT": {
        "CLIENT_ID": PATIENT_OIDC_CLIENT_ID, "CLIENT_SECRET": PATIENT_OIDC_CLIENT_SECRET,
        "ACR": PATIENT_OIDC_ACR, "LABEL": PATIENT_OIDC_LABEL,
    },
}  # fmt: skip
for _who, _issuer_given in (("STAFF", STAFF_OIDC_ISSUER), ("PATIENT", PATIENT_OIDC_ISSUER)):
    for _name, _value in _COMPLETE[_who].items():
        if _issuer_given and not _value:
            raise ImproperlyConfigured(f"KLISZA_{_who}_OIDC_{_name}: required with KLISZA_{_who}_OIDC_ISSUER")
for _who, _scope in (("STAFF", STAFF_OIDC_SCOPE), ("PATIENT", PATIENT_OIDC_SCOPE)):
    if "openid" not in _scope.split():
        raise ImproperlyConfigured(f"KLISZA_{_who}_OIDC_SCOPE: must contain openid")
if not STAFF_LOCAL_LOGIN and not STAFF_OIDC_ISSUER:
    raise ImproperlyConfigured("KLISZA_STAFF_LOCAL_LOGIN: 0 needs KLISZA_STAFF_OIDC_ISSUER")
