"""Whether a share counts at this moment, and what its guest may see: asked anew at every look (R53)."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings

from klisza.accounts.models import Account
from klisza.accounts.services import revocation
from klisza.audit.actor import SYSTEM, Actor
from klisza.base import clock, sealing
from klisza.base.errors import NotFound
from klisza.patients import queries as patients
from klisza.patients.viewer import ShareScope, Viewer
from klisza.sharing.models import Share, Visit

# Locks that a stranger can bring about by guessing do not take the patient's shares away.
LOCKED_BY_GUESSES = ("passwords", "codes")


def token_digest(token: str) -> str:
    return sealing.digest(token, purpose="share link")


def by_token(token: str) -> Share | None:
    """The share behind a link, if it counts now. The comparison is the index: 256 random bits."""
    rows = Share.objects.select_related("patient", "account", "grant")
    found = rows.filter(token_digest=token_digest(token)).first() if token else None
    return found if found and is_live(found) else None


def is_live(share: Share) -> bool:
    """Open, not past its second, and its sharer still has the right to share."""
    return share.state == Share.State.OPEN and clock.now() < share.expires_at and is_right_left(share)


def is_right_left(share: Share) -> bool:
    try:
        sharer_viewer(share)
    except NotFound:
        return False
    return True


def sharer_viewer(share: Share, by: Actor = SYSTEM) -> Viewer:
    """What whoever shared may see now. Raises NotFound when they no longer may see anything.

    A carer's share ends with the grant; a person's own with the account that speaks for the person, whichever a
    merge has left; every one with the person's death.
    """
    person = patients.survivor(share.patient)
    if person.is_dead:
        raise NotFound
    if share.grant is not None:
        if share.account is None or not _may_speak(share.account) or not patients.is_live(share.grant):
            raise NotFound
        return patients.carer_viewer(share.account, share.grant, by)
    account = patients.account_of(person)
    if share.account_id is not None and (account is None or not _may_speak(account)):
        raise NotFound
    return Viewer(
        "patient", by, account.pk if account else None, patients.aliases(person), person.access_epoch,
        patient_id=person.pk,
    )  # fmt: skip


def _may_speak(account: Account) -> bool:
    locked_by_guesses = account.state == Account.State.LOCKED and account.lock_cause in LOCKED_BY_GUESSES
    return account.is_active or locked_by_guesses


def guest_viewer(share: Share, by: Actor, *, until: datetime | None = None) -> Viewer:
    """Raises NotFound when the share does not count."""
    if not is_live(share):
        raise NotFound
    rows = list(share.examinations.all())
    sharer = sharer_viewer(share, by)
    scope = ShareScope(
        share_id=share.pk,
        examination_ids=frozenset(row.examination_id for row in rows),
        series_ids=frozenset(uuid.UUID(one) for row in rows for one in row.series),
        with_report=share.with_report,
        may_download=share.may_download,
        sharer=sharer,
    )
    ends = [moment for moment in (share.expires_at, sharer.until, until) if moment]
    if share.grant is not None and (grant_ends := patients.until(share.grant)):
        ends.append(grant_ends)
    return Viewer(
        "guest", by, None, frozenset(), sharer.access_epoch, patient_id=sharer.patient_id, until=min(ends),
        share=scope,
    )  # fmt: skip


def visit_at(share_id: uuid.UUID, key: str) -> Visit | None:
    """The visit of the browser with this key that has not ended by itself; whether its share counts is another
    question.
    """
    return visit_of(share_id, visit_digest(key)) if key else None


def is_in_use(key: str) -> bool:
    """This browser is inside another share by it."""
    since = clock.now() - settings.GUEST_IDLE
    rows = Visit.objects.filter(digest=visit_digest(key), ended_at=None, seen_at__gt=since)
    return bool(key) and rows.exists()


def visit_of(share_id: uuid.UUID | str, digest: str) -> Visit | None:
    since = clock.now() - settings.GUEST_IDLE
    rows = Visit.objects.filter(share_id=share_id, digest=digest, ended_at=None, seen_at__gt=since)
    rows = rows.select_related("share__patient", "share__account", "share__grant", "share__unit")
    return rows.order_by("-began_at").first()


def visit_digest(key: str) -> str:
    """The same by which its pictures' tickets and its copies know it."""
    return revocation.subject_of(key)


def over_by_now(limit: int) -> list[Share]:
    """Not noted as ended, and past its second."""
    rows = Share.objects.exclude(state=Share.State.ENDED).filter(expires_at__lte=clock.now())
    return list(rows.order_by("expires_at")[:limit])
