"""Outside effects are rows: `enqueue_*` write them into the caller's transaction; jobs.py sends."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from klisza.base import clock, sealing
from klisza.base.errors import Refused

from . import letters
from .models import Message

SEAL = "outbox"
LEASE = timedelta(minutes=5)  # longer than the slowest transport may take
GIVE_UP_AFTER = timedelta(hours=24)
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 240  # after an outage of hours the queue drains within five minutes (L15)
KEEP_BODIES = timedelta(days=30)
OPEN = (Message.State.WAITING, Message.State.SENDING)


@dataclass(frozen=True)
class Claimed:
    """One message that is ours to send until its lease ends.

    tried_since: when it was put into the outbox, or sent once more by staff.
    body: {to, text}, for mail also {subject, html, language}.
    """

    id: uuid.UUID
    attempt: int
    created_at: datetime
    tried_since: datetime
    body: dict[str, str]


def enqueue_mail(
    *,
    to: str,
    language: str,
    template: str,
    context: dict[str, Any],
    kind: str,
    account_id: uuid.UUID | None = None,
    secret: bool = False,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    after: Message | None = None,
) -> Message:
    """Render `template`.txt (first line = subject, blank line, plain text) and put it into the outbox.

    The HTML part is made from the text: paragraphs, and links only for our own address.
    secret: the body carries a password, code or link; it is wiped when handed over or expired.
    after: the message that must have left SECOND_MESSAGE_AFTER before.
    Raises Refused when `to` is not exactly one address (R34).
    """
    _refuse_wrong_address(to)
    with translation.override(language):
        subject, _rest, text = render_to_string(f"{template}.txt", context).strip().partition("\n")
        letter = letters.compose(subject=subject, text=text, language=language)
    body = {
        "to": to,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "language": language,
    }
    return _enqueue(
        "mail",
        body,
        due_at=due_at,
        kind=kind,
        account_id=account_id,
        secret=secret,
        expires_at=expires_at,
        after=after,
    )


def enqueue_sms(
    *,
    to: str,
    text: str,
    kind: str,
    account_id: uuid.UUID | None = None,
    secret: bool = False,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    after: Message | None = None,
) -> Message:
    """to: E.164. A code that is older than its `expires_at` is dropped unsent. after: as for mails."""
    body = {"to": to, "text": text}
    return _enqueue(
        "sms",
        body,
        due_at=due_at,
        kind=kind,
        account_id=account_id,
        secret=secret,
        expires_at=expires_at,
        after=after,
    )


def _refuse_wrong_address(to: str) -> None:
    try:
        validate_email(to)
    except ValidationError:
        raise Refused(_("This is not an e-mail address.")) from None


def _enqueue(channel: str, body: dict[str, str], *, due_at: datetime | None, **columns: Any) -> Message:
    now = clock.now()
    sealed = sealing.seal(json.dumps(body).encode(), purpose=SEAL)
    return Message.objects.create(
        channel=channel, sealed=sealed, created_at=now, due_at=due_at or now, **columns
    )


def claim(*, channel: str) -> Claimed | None:
    """Lease the next due message of this channel, secrets first: somebody waits in front of a code page.

    Whoever died while sending loses the lease, and the message goes out again under the same id.
    """
    if not _due(channel).exists():  # a look costs no write lock
        return None
    with transaction.atomic():
        message = (
            _due(channel)
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("-secret", "due_at")
            .first()
        )
        if message is None:
            return None
        message.state = Message.State.SENDING
        message.attempts += 1
        message.leased_until = clock.now() + LEASE
        message.save(update_fields=["state", "attempts", "leased_until"])
    try:
        body = json.loads(sealing.unseal(bytes(message.sealed), purpose=SEAL))
    except sealing.SealBroken:  # restored under another KLISZA_SECRET_KEY: no try will help
        _finish(message.pk, message.attempts, Message.State.FAILED, "unreadable")
        return None
    since = message.again_at or message.created_at
    return Claimed(message.pk, message.attempts, message.created_at, since, body)


def _due(channel: str) -> QuerySet[Message]:
    now = clock.now()
    free = Q(state=Message.State.WAITING) | Q(state=Message.State.SENDING, leased_until__lte=now)
    alive = Q(expires_at=None) | Q(expires_at__gt=now)
    left_before = Q(
        after__state=Message.State.SENT, after__finished_at__lte=now - settings.SECOND_MESSAGE_AFTER
    )
    in_turn = Q(after=None) | left_before
    return Message.objects.filter(free, alive, in_turn, channel=channel, due_at__lte=now)


def sent(claimed: Claimed) -> None:
    _finish(claimed.id, claimed.attempt, Message.State.SENT, "")


def not_sent(claimed: Claimed, *, fault: str, permanent: bool, refused_status: str = "") -> None:
    """Try again later, with growing pauses, for a day; or never, when the other side said so.

    refused_status: with which code the other side refused this recipient for good.
    """
    now = clock.now()
    if permanent and refused_status:
        bounced(message_id=claimed.id, status=refused_status)
    if permanent or now - claimed.tried_since > GIVE_UP_AFTER:
        _finish(claimed.id, claimed.attempt, Message.State.FAILED, fault)
        return
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(claimed.attempt - 1, 10))
    _ours(claimed.id, claimed.attempt).update(
        state=Message.State.WAITING,
        leased_until=None,
        due_at=now + timedelta(seconds=pause * random.uniform(0.8, 1.0)),  # noqa: S311 - spreads a crowd, no secret
        fault=fault[:200],
    )


def bounced(*, message_id: uuid.UUID, status: str) -> bool:
    """This mail came back: staff see it. Once; False when it was never sent by us.

    status: RFC 3463 (5.1.1), or the server's reply code.
    """
    mine = Message.objects.filter(pk=message_id, channel="mail")
    mine.filter(bounced_at=None).update(bounced_at=clock.now(), bounce_status=status[:16])
    return mine.exists()


def bounce_noted(*, message_id: uuid.UUID) -> None:
    """The registration desk knows."""
    Message.objects.filter(pk=message_id).update(bounce_noted_at=clock.now())


def withdraw(*, message_ids: Iterable[uuid.UUID]) -> None:
    """What has not left yet never does; its text is wiped. One under way is left to its sender."""
    now = clock.now()
    waiting = Message.objects.filter(pk__in=list(message_ids), state=Message.State.WAITING)
    waiting.update(state=Message.State.EXPIRED, sealed=b"", finished_at=now)


def wait_for(*, message_id: uuid.UUID, after: Message) -> None:
    """What has not left yet goes after this one now; see `enqueue_mail`."""
    Message.objects.filter(pk=message_id, state=Message.State.WAITING).update(after=after)


def _ours(message_id: uuid.UUID, attempt: int) -> QuerySet[Message]:
    """Nothing when the lease was lost meanwhile and somebody else has claimed it."""
    return Message.objects.filter(pk=message_id, state=Message.State.SENDING, attempts=attempt)


@transaction.atomic
def _finish(message_id: uuid.UUID, attempt: int, state: Message.State, fault: str) -> None:
    row = _ours(message_id, attempt)
    row.filter(secret=True).update(sealed=b"")
    row.update(state=state, fault=fault[:200], leased_until=None, finished_at=clock.now())


def can_send_again(message: Message) -> bool:
    """It failed or came back, and its text is still here: secrets and old texts are wiped."""
    has_text = bool(message.sealed) and not message.secret
    is_late = message.expires_at is not None and message.expires_at <= clock.now()
    is_over = message.state in (Message.State.SENT, Message.State.FAILED)
    went_wrong = message.state == Message.State.FAILED or message.bounced_at is not None
    return has_text and is_over and went_wrong and not is_late


@transaction.atomic
def send_again(*, message_id: uuid.UUID, to: str) -> None:
    """The same message once more, to where the recipient is reached now.

    It stays the same row and so keeps its Message-ID: whoever got it after all sees one mail. Raises Refused
    when there is nothing to send, or no address.
    """
    message = Message.objects.select_for_update().get(pk=message_id)
    if not can_send_again(message):
        raise Refused(_("This message cannot be sent again."))
    if message.channel == "mail":
        _refuse_wrong_address(to)
    elif not to:
        raise Refused(_("There is no number to send it to."))
    try:
        body = json.loads(sealing.unseal(bytes(message.sealed), purpose=SEAL)) | {"to": to}
    except sealing.SealBroken:
        raise Refused(_("This message cannot be sent again.")) from None
    now = clock.now()
    Message.objects.filter(pk=message_id).update(
        sealed=sealing.seal(json.dumps(body).encode(), purpose=SEAL), state=Message.State.WAITING,
        due_at=now, again_at=now, finished_at=None, fault="",
        bounced_at=None, bounce_status="", bounce_noted_at=None, bounce_done_at=None,
    )  # fmt: skip


def drop_expired() -> int:
    """What came too late is never sent, and its secret is wiped. One under way is left to its sender."""
    now = clock.now()
    late = Message.objects.filter(expires_at__lte=now, state__in=OPEN).exclude(leased_until__gt=now)
    if not late.exists():
        return 0
    with transaction.atomic():
        late.filter(secret=True).update(sealed=b"")
        return late.update(state=Message.State.EXPIRED, leased_until=None, finished_at=now)


def forget_bodies() -> int:
    """Texts of finished messages are of no more use after a month; that they were sent stays known."""
    old = Message.objects.filter(finished_at__lt=clock.now() - KEEP_BODIES).exclude(sealed=b"")
    return old.update(sealed=b"") if old.exists() else 0
