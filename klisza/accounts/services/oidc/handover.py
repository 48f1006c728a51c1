"""There and back: what the browser takes along, and what it must bring."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

import structlog
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from django.conf import settings
from django.utils.translation import gettext as _

from klisza.accounts.errors import HandoverDead, IdentityRefused, ProviderAway
from klisza.accounts.models import Handover
from klisza.accounts.services import limits
from klisza.base import clock, ids, sealing
from klisza.base.errors import TooMany

from . import provider, token, wire
from .party import Party

HOUR = timedelta(hours=1)
LEEWAY = timedelta(seconds=settings.OIDC_LEEWAY_SECONDS)
MOST_CODE, MOST_PATH = 4096, 2000
PURPOSE = "oidc handover"
T = TypeVar("T")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Taken:
    """A way back that was this browser's, used up."""

    party: Party
    nonce: str
    verifier: str
    asks_anew: bool
    next_path: str


@dataclass(frozen=True)
class Proven:
    """Who the provider says it is. asked_at: when it last asked the person, if it says so."""

    claims: Mapping[str, Any]
    asked_at: datetime | None


def send_off(
    party: Party, *, browser: str, next_path: str, language: str, source: str, again: bool = False
) -> str:
    """The provider's address to go to. browser: a random key of the session, to which the way back is bound.

    again: the person is to be asked even if the provider remembers. Raises TooMany, ProviderAway.
    """
    limit = settings.HANDOVERS_PER_SOURCE_HOUR
    if limits.take("handovers", source, limit=limit, per=HOUR) is None:
        raise TooMany(
            _("There were too many tries from your network. Please try again later."),
            retry_after=limits.seconds_left(HOUR),
        )
    known = _noted(party, lambda: provider.metadata(party.issuer))
    state, nonce, verifier, anew = ids.token(), ids.token(), ids.token(), again or party.asks_anew
    Handover.objects.create(
        party=party.name,
        state_digest=_digest(state),
        browser_digest=_digest(browser),
        sealed=sealing.seal(json.dumps([nonce, verifier, anew]).encode(), purpose=PURPOSE),
        next_path=next_path if len(next_path) <= MOST_PATH else "",
        expires_at=clock.now() + settings.HANDOVER_LIFE,
    )
    more = {"acr_values": " ".join(party.acr)} if party.acr else {}
    if anew:
        more["prompt"] = "login"
    address, _state = _client(party).create_authorization_url(
        known.authorization_endpoint,
        state=state,
        code_verifier=verifier,
        nonce=nonce,
        ui_locales=language,
        **more,
    )
    return str(address)


def take_back(party: Party, *, browser: str, state: str) -> Taken:
    """Once: who deletes the row has it. Raises HandoverDead: unknown, used, late, or another browser's."""
    found = Handover.objects.filter(state_digest=_digest(state), party=party.name).first()
    if found is None or not Handover.objects.filter(pk=found.pk).delete()[0]:
        raise HandoverDead
    if found.expires_at <= clock.now() or not sealing.same(found.browser_digest, _digest(browser)):
        raise HandoverDead
    nonce, verifier, anew = json.loads(sealing.unseal(bytes(found.sealed), purpose=PURPOSE))
    return Taken(party, nonce, verifier, anew, found.next_path)


def prove(taken: Taken, answer: Mapping[str, str]) -> Proven:
    """answer: the query the browser brought back. Raises IdentityRefused, ProviderAway."""
    return _noted(taken.party, lambda: _prove(taken, answer))


def _prove(taken: Taken, answer: Mapping[str, str]) -> Proven:
    party = taken.party
    known = provider.metadata(party.issuer)
    if answer.get("iss", "" if known.says_issuer else party.issuer) != party.issuer:
        raise IdentityRefused(cause="answer of another issuer")
    if answer.get("error"):  # its description is somebody else's text: neither shown nor logged
        raise IdentityRefused(cause="provider said no", was_cancelled=answer["error"] == "access_denied")
    code = answer.get("code", "")
    if not code or len(code) > MOST_CODE:
        raise IdentityRefused(cause="no code")
    got = _exchange(party, known, code, taken.verifier)
    claims = token.claims_of(
        got.get("id_token"), party=party, nonce=taken.nonce, access_token=got.get("access_token")
    )
    asked_at = token.asked_at(claims)
    if taken.asks_anew and asked_at and asked_at < clock.now() - settings.HANDOVER_LIFE - LEEWAY:
        raise IdentityRefused(cause="not asked anew")  # whoever used this computer before
    return Proven(claims, asked_at)


def _exchange(party: Party, known: provider.Metadata, code: str, verifier: str) -> Mapping[str, Any]:
    try:
        return _client(party, known).fetch_token(
            known.token_endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
        )
    except OAuth2Error:  # used, too old, not ours; or our secret is wrong
        raise IdentityRefused(cause="code refused") from None
    except (TypeError, ValueError, AttributeError, LookupError):
        raise ProviderAway("unusable answer") from None


class _Session:
    """What Authlib sends its requests with: our bounded exchange."""

    def post(
        self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: Any
    ) -> wire.Answer:
        body = urlencode(data)
        address, sent, content = auth.prepare("POST", url, dict(headers), body)
        answer = wire.exchange("POST", address, headers=sent, content=content)
        if answer.status_code >= 500:
            raise ProviderAway(f"status {answer.status_code}")
        return answer


def _client(party: Party, known: provider.Metadata | None = None) -> OAuth2Client:
    return OAuth2Client(
        _Session(),
        client_id=party.client_id,
        client_secret=party.client_secret,
        token_endpoint_auth_method=known.auth_method if known else None,
        scope=party.scope,
        redirect_uri=party.return_to,
        code_challenge_method="S256",
    )


def _noted(party: Party, work: Callable[[], T]) -> T:
    """Staff can read why a sign-in failed; the line has a cause and nothing of the person."""
    try:
        return work()
    except ProviderAway as away:
        log.warning("provider_away", party=party.name, cause=away.cause)
        raise
    except IdentityRefused as refused:
        log.warning("identity_refused", party=party.name, cause=refused.cause)
        raise


def _digest(value: str) -> str:
    return sealing.digest(value, purpose=PURPOSE)
