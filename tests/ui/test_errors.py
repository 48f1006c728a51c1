"""Error pages; without the django_db mark, any query in them fails the test."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.translation import override

from klisza.base.errors import BadMessage, KliszaError, NotAllowed, NotFound, Refused, TooMany, Unavailable
from klisza.ui import errors


@pytest.fixture
def asked(rf: RequestFactory) -> HttpRequest:
    return rf.get("/somewhere/")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("Zdanie."), 400),
        (NotAllowed(), 403),
        (NotFound(), 404),
        (TooMany(), 429),
        (BadMessage("cause"), 500),
        (Unavailable("cause"), 503),
    ],
)
def test_every_error_names_support(asked: HttpRequest, error: KliszaError, status: int) -> None:
    response = errors.page_for(asked, error)

    assert response.status_code == status
    assert "pomoc@szpital.example" in response.content.decode()
    assert "+48 22 000 00 00" in response.content.decode()
    assert "cause" not in response.content.decode()


def test_a_refusal_says_its_sentence(asked: HttpRequest) -> None:
    page = errors.page_for(asked, Refused("Plik jest za duży."))

    assert "Plik jest za duży." in page.content.decode()


def test_not_yours_looks_like_not_there(asked: HttpRequest) -> None:
    """R11: one page for both."""
    with override("pl"):
        assert errors.page_for(asked, NotFound("cudze")).content == errors.not_found(asked).content


def test_waiting_time_is_told_to_machines(asked: HttpRequest) -> None:
    assert errors.page_for(asked, TooMany(retry_after=120)).headers["Retry-After"] == "120"
    assert errors.page_for(asked, Unavailable(retry_after=7)).headers["Retry-After"] == "7"


def test_a_lost_database_is_a_moment(asked: HttpRequest) -> None:
    """L5: 503, because a retry will help."""
    response = _while_handling(OperationalError("database is locked"), asked)

    assert response.status_code == 503
    assert "locked" not in response.content.decode()


def test_an_unknown_fault_tells_no_cause(asked: HttpRequest) -> None:
    """R38."""
    response = _while_handling(RuntimeError("/srv/secret path"), asked)

    assert response.status_code == 500
    assert "secret" not in response.content.decode()


def _while_handling(cause: Exception, asked: HttpRequest) -> HttpResponse:
    try:
        raise cause
    except type(cause):
        return errors.fault(asked)
