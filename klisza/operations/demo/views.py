"""The demo's mailbox and phone: a visitor goes through first login by himself."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from klisza.base.errors import NotFound

from . import mailbox, people


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    more = {"people": people.everyone(), "least": settings.PASSWORD_LEAST}
    return render(request, "demo/index.html", _messages(request) | more)


@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes; demo.js asks for it."""
    return render(request, "demo/messages.html", _messages(request))


def _messages(request: HttpRequest) -> dict[str, Any]:
    person = _chosen(request.GET.get("who", "1"))
    return {
        "person": person,
        "mails": [sent for sent in mailbox.mails() if sent.to == person.email],
        "texts": [sent for sent in mailbox.text_messages() if sent.to == person.mobile],
    }


def _chosen(who: str) -> people.Person:
    found = {str(person.number): person for person in people.everyone()}.get(who)
    if found is None:
        raise NotFound
    return found
