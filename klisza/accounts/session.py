"""What the browser's session holds: random keys and times, never a code, a password or a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from klisza.base import clock, ids

from . import queries, sessionstore, source
from .models import Account, Login
from .services import sessions as rows
from .services.revocation import revoke
from .sessionstore import CLIENT, EPOCH, NETWORK, SINCE

LOGIN, RESET, UNLOCK, NEXT, LANGUAGE, ENDED = (
    "login",
    "reset",
    "unlock",
    "next",
    "language",
    "ended",
)
# The last second factor, the challenge of a passkey, the text message of a confirmation.
FRESH, CHALLENGE, CONFIRM = "fresh", "challenge", "confirm"
# A random key for ways through a provider, and the sentence of one that failed.
HANDOVER, SAID = "handover", "said"


def begin_login(request: HttpRequest, key: str, next_path: str) -> None:
    """After the first step. Whoever was signed in here is not any more; the session gets a new name (R49)."""
    kept = {name: request.session[name] for name in (LANGUAGE,) if name in request.session}
    request.session.flush()
    request.session.update(kept)
    request.session[LOGIN] = key
    if next_path:
        request.session[NEXT] = next_path


def wanted(request: HttpRequest) -> str:
    """The path to go to after the login under way."""
    return safe_path(str(request.session.get(NEXT, "")))


def login_of(request: HttpRequest) -> Login | None:
    return queries.login_under_way(request.session.get(LOGIN, ""))


def rotate(request: HttpRequest) -> None:
    """A new name for the same content: at the code step (R49)."""
    request.session.cycle_key()


def sign_in(request: HttpRequest, account: Account) -> str:
    """The end of all steps. Returns the path the person wanted to reach, or an empty string."""
    next_path = str(request.session.get(NEXT, ""))
    for name in (LOGIN, NEXT, RESET, ENDED):
        request.session.pop(name, None)
    auth.login(request, account, backend="klisza.accounts.backend.ById")
    request.session.update(
        {
            EPOCH: account.session_epoch,
            SINCE: _now(),
            LANGUAGE: account.language,
            CLIENT: source.client_family(request),
            NETWORK: source.prefix(request),
        }
    )
    return next_path


def renew(request: HttpRequest, account: Account) -> None:
    """After the own password was changed: this session goes on, under a new name and the new epoch."""
    auth.update_session_auth_hash(request, account)
    request.session[EPOCH] = account.session_epoch


def end(request: HttpRequest, *, said: str = "") -> None:
    """said: why, for the login page to tell: 'idle' | 'over' | ''."""
    language = request.session.get(LANGUAGE)
    if EPOCH in request.session and request.session.session_key:
        revoke(subject=request.session.session_key)  # pictures that this sign-in still has tickets for
    auth.logout(request)
    if language:
        request.session[LANGUAGE] = language
    if said:
        request.session[ENDED] = said


def account_of(request: HttpRequest) -> Account | None:
    """The account that is fully signed in here; ends the session that may not go on."""
    user = request.user
    if not isinstance(user, Account):
        return None
    fault = _fault(request, user)
    if fault:
        end(request, said=fault)
        return None
    if not is_question(request) and rows.is_due(timedelta(seconds=idle_seconds(request))):
        touch(request)
    return user


def touch(request: HttpRequest) -> None:
    """Somebody is there: the clock of all tabs starts anew."""
    if request.session.session_key:
        rows.touch(session_key=request.session.session_key)
        sessionstore.of(request).seen_at = clock.now()


def is_question(request: HttpRequest) -> bool:
    """A page that asks by itself how much time is left, or how far a download is, is no sign of life."""
    if request.method != "GET":
        return False
    return request.path == reverse("accounts:alive") or request.headers.get("X-Question") == "1"


def idle_seconds(request: HttpRequest) -> float:
    seen = sessionstore.of(request).seen_at
    return (clock.now() - seen).total_seconds() if seen else 0.0


@dataclass(frozen=True)
class Left:
    """seconds: until the session ends. is_final: no activity makes it longer, its day is over."""

    seconds: int
    is_final: bool


def left(request: HttpRequest, account: Account) -> Left:
    idle = settings.SESSION_IDLE.total_seconds() - idle_seconds(request)
    final = rows.longest(account).total_seconds() - (_now() - int(request.session.get(SINCE, 0)))
    return Left(max(0, int(min(idle, final))), final <= idle)


def _fault(request: HttpRequest, account: Account) -> str:
    if account.kind != listener_kind() or account.state != Account.State.ACTIVE:
        return "over"
    if (
        request.session.get(EPOCH) != account.session_epoch
        or _now() - int(request.session.get(SINCE, 0)) >= rows.longest(account).total_seconds()
    ):
        return "over"
    return "idle" if idle_seconds(request) >= settings.SESSION_IDLE.total_seconds() else ""


def listener_kind() -> str:
    """Patients exist on the public listener only, staff on the staff listener only."""
    return Account.Kind.STAFF if settings.LISTENER == "staff" else Account.Kind.PATIENT


def note_fresh(request: HttpRequest, at: datetime | None = None) -> None:
    """A second factor was right in this session: for ten minutes the important changes are open."""
    request.session[FRESH] = int((at or clock.now()).timestamp())


def is_fresh(request: HttpRequest) -> bool:
    age = _now() - int(request.session.get(FRESH, 0))
    return 0 <= age < settings.FRESH_LIFE.total_seconds()


def handover_key(request: HttpRequest) -> str:
    """What binds a way through a provider to this browser; empty in a browser that has begun none."""
    return str(request.session.get(HANDOVER, ""))


def begin_handover(request: HttpRequest) -> str:
    """One key for all windows: each can be on its own way."""
    return str(request.session.setdefault(HANDOVER, ids.token()))


def tell_later(request: HttpRequest, sentence: str) -> None:
    """For a page without what the provider has put into the address."""
    request.session[SAID] = sentence


def told(request: HttpRequest) -> str:
    return str(request.session.pop(SAID, "")) if SAID in request.session else ""


def confirmation_of(request: HttpRequest) -> Login | None:
    """The text message by which the person signed in here shows to be still there."""
    return queries.login_under_way(request.session.get(CONFIRM, ""), confirming=True)


def safe_path(path: str) -> str:
    """A path on this very site, else an empty string: never another host, scheme or a browser's reading of
    it (R31).
    """
    is_path = path.startswith("/") and not path.startswith("//") and path.isprintable() and "\\" not in path
    return path if is_path and url_has_allowed_host_and_scheme(path, allowed_hosts=None) else ""


def _now() -> int:
    return int(clock.now().timestamp())
