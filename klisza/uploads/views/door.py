"""Doors of the scripts: who asks, how much at once, and refusals in their own tongue."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import structlog
from django.http import HttpResponseBase, JsonResponse

from klisza.accounts.middleware import PortalRequest
from klisza.accounts.models import Account
from klisza.base.errors import NotFound, Refused, TooMany, Unavailable
from klisza.patients import acting
from klisza.uploads import queries
from klisza.uploads.bodies import Body
from klisza.uploads.models import Delivery

AT_ONCE = 6  # bodies of one account that one process reads at the same time (L19)
View = Callable[..., HttpResponseBase]
log = structlog.get_logger(__name__)
_busy: Counter[uuid.UUID] = Counter()
_lock = threading.Lock()


def for_scripts(view: View) -> View:
    """401 without a session; a refusal as {"reason": sentence}, never a page."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        account = request.account
        if account is None or account.kind != Account.Kind.PATIENT:
            return JsonResponse({"error": "login"}, status=401)
        try:
            return view(request, *args, **kwargs)
        except Refused as refusal:
            return refused(refusal)
        except Unavailable as fault:
            log.warning("unavailable", cause=str(fault))
            headers = {"Retry-After": str(fault.retry_after)}
            return JsonResponse({"reason": ""}, status=503, headers=headers)

    return guarded


def refused(refusal: Refused) -> JsonResponse:
    response = JsonResponse({"reason": refusal.sentence}, status=refusal.status)
    if isinstance(refusal, TooMany):
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def account_of(request: PortalRequest) -> Account:
    assert request.account is not None  # noqa: S101 - for_scripts has looked; tells the type checker
    return request.account


def delivery_of(request: PortalRequest, delivery_id: uuid.UUID) -> Delivery:
    """Of this account, and of whom it may act for at this very moment. Raises NotFound."""
    delivery = queries.delivery_of(delivery_id=delivery_id, account_id=account_of(request).pk)
    require_right(request, delivery)
    return delivery


def require_right(request: PortalRequest, delivery: Delivery) -> None:
    if delivery.patient_id not in acting.viewer_of(request).patient_ids:
        raise NotFound


def body_of(request: PortalRequest) -> Body:
    """Raises Refused without a length: a body whose end nobody knows cannot be gone on with."""
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal() or len(length) > 15:
        raise _LengthRequired
    return Body(request, int(length))


class _LengthRequired(Refused):
    status = 411


@contextmanager
def one_of_few(account: Account) -> Iterator[None]:
    """Raises TooMany: a browser sends a few at a time, others want to get through as well."""
    with _lock:
        if _busy[account.pk] >= AT_ONCE:
            raise TooMany(retry_after=1)
        _busy[account.pk] += 1
    try:
        yield
    finally:
        with _lock:
            _busy[account.pk] -= 1
            if not _busy[account.pk]:
                del _busy[account.pk]
