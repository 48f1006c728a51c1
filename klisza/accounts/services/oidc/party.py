"""Who asks the provider: staff at the hospital's directory, patients at a broker of identities."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

STAFF, PATIENT = "staff", "patient"


@dataclass(frozen=True)
class Party:
    """acr: values of which one must be proved; asks_anew: the provider's own session does not count.

    return_to: the one address at which the provider hands the browser back, from the settings, never from the
    request.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: str
    scope: str
    acr: tuple[str, ...]
    return_to: str
    asks_anew: bool


def staff_party() -> Party | None:
    """None where it is not set up, and on the public listener: staff do not exist there."""
    if not settings.STAFF_OIDC_ISSUER or settings.LISTENER != "staff":
        return None
    return Party(
        name=STAFF,
        issuer=settings.STAFF_OIDC_ISSUER,
        client_id=settings.STAFF_OIDC_CLIENT_ID,
        client_secret=settings.STAFF_OIDC_CLIENT_SECRET,
        scope=settings.STAFF_OIDC_SCOPE,
        acr=settings.STAFF_OIDC_ACR,
        return_to=settings.STAFF_URL + reverse("accounts:provider-back"),
        asks_anew=False,
    )


def patient_party() -> Party | None:
    """Patients share computers: whoever used the broker before on this one is not signed in here."""
    if not settings.PATIENT_OIDC_ISSUER or settings.LISTENER != "public":
        return None
    return Party(
        name=PATIENT,
        issuer=settings.PATIENT_OIDC_ISSUER,
        client_id=settings.PATIENT_OIDC_CLIENT_ID,
        client_secret=settings.PATIENT_OIDC_CLIENT_SECRET,
        scope=settings.PATIENT_OIDC_SCOPE,
        acr=settings.PATIENT_OIDC_ACR,
        return_to=settings.PUBLIC_URL + reverse("patients:identity-back"),
        asks_anew=True,
    )
