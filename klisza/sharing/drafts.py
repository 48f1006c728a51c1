"""Between the form and its confirmation: what was typed travels sealed through the page, so that no PIN stands in
it and nothing is kept of what is never confirmed (R54).
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from dataclasses import asdict
from datetime import datetime, timedelta

from django.views.decorators.debug import sensitive_variables

from klisza.base import clock, sealing
from klisza.base.errors import Refused

from .services import Wish

LIFE = timedelta(minutes=15)


@sensitive_variables()
def sealed(wish: Wish, *, whose: uuid.UUID) -> str:
    """whose: the account that typed it."""
    fields = asdict(wish) | {"lasts": wish.lasts.total_seconds()}
    clear = json.dumps(
        {"whose": str(whose), "until": (clock.now() + LIFE).isoformat(), "wish": fields}, default=str
    )
    return base64.urlsafe_b64encode(sealing.seal(clear.encode(), purpose="share draft")).decode()


@sensitive_variables()
def opened(text: str, *, whose: uuid.UUID) -> Wish:
    """Raises Refused for what is not ours, somebody else's or too old."""
    try:
        clear = json.loads(sealing.unseal(base64.urlsafe_b64decode(text.encode()), purpose="share draft"))
    except (sealing.SealBroken, ValueError, binascii.Error):
        raise Refused from None
    if clear["whose"] != str(whose) or datetime.fromisoformat(clear["until"]) <= clock.now():
        raise Refused
    fields = clear["wish"]
    series = fields["series_ids"]
    return Wish(
        **fields
        | {
            "lasts": timedelta(seconds=fields["lasts"]),
            "examination_ids": [uuid.UUID(one) for one in fields["examination_ids"]],
            "series_ids": None if series is None else [uuid.UUID(one) for one in series],
            "unit_id": uuid.UUID(fields["unit_id"]) if fields["unit_id"] else None,
            "share_id": uuid.UUID(fields["share_id"]),
        }
    )
