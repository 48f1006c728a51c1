from __future__ import annotations

import uuid

from django.http import HttpResponseBase

from klisza.base.errors import NotFound

from .guests import Guest


def answer(request: Guest, examination_id: uuid.UUID) -> HttpResponseBase:
    raise NotFound
