"""Examination -> Actions -> Share (manual M7.1, M7.2): with somebody outside, with a unit of the hospital."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from klisza.accounts.decorators import fresh_required, patient_required
from klisza.base.errors import NotFound, Refused, TooMany
from klisza.sharing import choices, drafts, forms, presenters, queries, services, wording
from klisza.sharing.services import Wish

GET_OR_POST = ["GET", "HEAD", "POST"]


def fresh(view: Any) -> Any:
    return fresh_required(view) if settings.SHARE_FRESH else view


@require_safe
@patient_required
def choose(request: HttpRequest, examination_id: uuid.UUID) -> HttpResponse:
    """Outside first; inside only where there is a unit to share with."""
    _viewer, examination = choices.asked(request, examination_id)
    context = {"examination": examination, "has_units": bool(queries.units())}
    return render(request, "sharing/choose.html", context)


@sensitive_post_parameters("pin", "pin_way", "email", "mobile", "comment")
@sensitive_variables("wish", "form")
@require_http_methods(GET_OR_POST)
@patient_required
@fresh
def outside(request: HttpRequest, examination_id: uuid.UUID) -> HttpResponse:
    """The form; when nothing is wrong with it, the same once more to look at before anything is sent (R54)."""
    viewer, examination = choices.asked(request, examination_id)
    form = forms.External(
        request.POST if request.method == "POST" else None,
        language=get_language() or settings.LANGUAGE_CODE,
        birth_date=choices.birth_date(viewer),
        **choices.offered(viewer, examination),
    )
    if not form.is_valid():
        context = {"examination": examination, "form": form}
        return render(request, "sharing/outside.html", context, status=400 if form.is_bound else 200)
    wish = choices.wish(form, examination)
    context = {
        "examination": examination,
        "wish": wish,
        "names": choices.names(viewer, wish),
        "draft": drafts.sealed(wish, whose=viewer.account_id or uuid.UUID(int=0)),
        "way": "self" if wish.pin_way == "self" else "sms" if wish.mobile else "mail",
        "lasts": dict(wording.lasts_choices()).get(str(int(wish.lasts.total_seconds() // 3600)), ""),
    }
    return render(request, "sharing/confirm.html", context)


@sensitive_post_parameters("draft")
@sensitive_variables("wish", "pin")
@require_POST
@patient_required
@fresh
def confirm(request: HttpRequest, examination_id: uuid.UUID) -> HttpResponse:
    """Makes the share. A PIN that the portal has made is shown on this one page (M7.4)."""
    viewer, examination = choices.asked(request, examination_id)
    try:
        wish = drafts.opened(request.POST.get("draft", ""), whose=viewer.account_id or uuid.UUID(int=0))
        share, pin = services.open_share(viewer=viewer, wish=wish)
    except NotFound:
        raise
    except Refused as refusal:
        sentence = refusal.sentence or _("That took too long. Please fill in the form again.")
        context = {"examination": examination, "sentence": sentence}
        status = refusal.status if isinstance(refusal, TooMany) else 400
        return render(request, "sharing/refused.html", context, status=status)
    if not pin:
        return redirect("sharing:made", share.pk)
    context = {"row": presenters.row(share, [], []), "share": share, "pin": pin, "typed": bool(wish.pin)}
    return render(request, "sharing/made.html", context)


@require_http_methods(GET_OR_POST)
@patient_required
@fresh
def inside(request: HttpRequest, examination_id: uuid.UUID) -> HttpResponseBase:
    """With a unit of the hospital: no link, no PIN; its members sign in as ever."""
    viewer, examination = choices.asked(request, examination_id)
    units = [(str(one.pk), one.name) for one in queries.units()]
    if not units:
        raise NotFound
    data = request.POST if request.method == "POST" else None
    form = forms.Internal(data, units=units, **choices.offered(viewer, examination))
    if form.is_valid():
        wish: Wish = choices.wish(form, examination)
        try:
            share = services.share_inside(viewer=viewer, wish=wish)
        except NotFound:
            raise
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
        else:
            return redirect("sharing:made", share.pk)
    context = {"examination": examination, "form": form}
    return render(request, "sharing/inside.html", context, status=400 if form.is_bound else 200)
