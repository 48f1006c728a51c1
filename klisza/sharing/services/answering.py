"""What a guest says back: a note, a wish for more time, or that it was meant for somebody else."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from klisza.accounts.services.limits import seconds_left, take
from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import TooMany
from klisza.sharing.models import Share, Word

from . import telling
from .ending import revoke

WORDS_A_DAY = 10
DAY = timedelta(days=1)


@transaction.atomic
def write_back(*, share: Share, kind: str, text: str = "", by: Actor) -> Word:
    """kind: note | longer | not_mine; the last one ends the share. The owner is told by a mail without the text.

    Raises TooMany.
    """
    limit = WORDS_A_DAY
    if kind != Word.Kind.NOT_MINE and take("words of guest", str(share.pk), limit=limit, per=DAY) is None:
        raise TooMany(
            _("That is enough for today. Please try again tomorrow."), retry_after=seconds_left(DAY)
        )
    word = Word.objects.create(
        share=share, kind=kind, text=text.strip()[: settings.SHARE_COMMENT_MOST], at=clock.now()
    )
    record("share.answered", by=by, patient_id=share.patient_id, objects=[share, word], reason=kind)
    if kind == Word.Kind.NOT_MINE:
        revoke(share=share, by=by, reason="not_mine")
    telling.tell_owner(share, kind)
    return word
