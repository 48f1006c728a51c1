"""What the pages of both providers do with a browser: send it off, and take it back once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest
from django.utils.translation import get_language

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base.errors import Refused

from . import sentences, session, source
from .errors import HandoverDead, IdentityRefused, ProviderAway
from .models import Login
from .services.oidc import handover
from .services.oidc.handover import Proven
from .services.oidc.party import Party

HOP = "hop"
# By keywords: proven, by. Returns the login under way and its key; raises Refused with a sentence.
Enter = Callable[..., tuple[Login, str]]


@dataclass(frozen=True)
class Returned:
    """login: under way, begun in this browser; None: the sentence says why not."""

    next_path: str
    login: Login | None = None
    sentence: str = ""


def address_of(request: HttpRequest, party: Party, next_path: str) -> str:
    """Where the browser goes next. `again` in the query: the person is asked once more, whatever the provider
    remembers. Raises TooMany, ProviderAway.
    """
    ours = urlsplit(party.return_to)
    if request.get_host() != ours.netloc and HOP not in request.GET:
        query = request.GET.copy()  # the way back leads there, and so must the cookie
        query[HOP] = "1"  # once: a proxy may tell us another host each time
        return f"{ours.scheme}://{ours.netloc}{request.path}?{query.urlencode()}"
    return handover.send_off(
        party,
        browser=session.begin_handover(request),
        next_path=next_path,
        language=get_language() or "",
        source=source.network(request),
        again="again" in request.GET,
    )


def take_back(request: HttpRequest, party: Party, enter: Enter, by: Actor) -> Returned:
    """The caller answers with a redirect, always: what the provider has put into the address stays in no history
    and on no screen.
    """
    key, state = session.handover_key(request), request.GET.get("state", "")
    try:
        taken = handover.take_back(party, browser=key, state=state)
    except HandoverDead:
        return Returned("", sentence=sentences.handover_dead_sentence())
    try:
        proven: Proven = handover.prove(taken, request.GET.dict())
        login, login_key = enter(proven=proven, by=by)
    except ProviderAway:
        return Returned(taken.next_path, sentence=sentences.provider_away_sentence())
    except IdentityRefused as refused:
        record("login.provider_refused", by=by, outcome="failed", reason=refused.cause)
        return Returned(taken.next_path, sentence=_refused(refused))
    except Refused as refusal:
        return Returned(taken.next_path, sentence=refusal.sentence)
    session.begin_login(request, login_key, taken.next_path)
    return Returned(taken.next_path, login)


def with_next(address: str, next_path: str) -> str:
    return f"{address}?{urlencode({'next': next_path})}" if next_path else address


def _refused(refused: IdentityRefused) -> str:
    was_cancelled = refused.was_cancelled
    return sentences.cancelled_sentence() if was_cancelled else sentences.identity_refused_sentence()
