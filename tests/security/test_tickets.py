"""Tickets cannot be made, stretched, lent or kept (R10, R11, R19, T-13)."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import DatabaseError

from klisza.accounts.models import Revocation
from klisza.accounts.services import revocation
from klisza.archive import tickets
from klisza.archive.models import Instance, Study
from klisza.base.errors import Unavailable
from klisza.base.ids import new_id, opaque_uid
from tests.archive.studies import derived, get, slices

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """As a process that has just begun."""
    tickets._known.clear()
    tickets._revocations = tickets._Revocations()
    yield
    tickets._known.clear()
    tickets._revocations = tickets._Revocations()


def poll_again() -> None:
    tickets._revocations.read_at = float("-inf")


class TestTickets:
    def test_a_ticket_names_its_studies(self) -> None:
        studies = [new_id(), new_id()]

        ticket = tickets.check(tickets.issue(holder="account:1", study_ids=studies))

        assert ticket.study_ids == frozenset(studies)
        assert ticket.expires_at - ticket.issued_at == timedelta(minutes=5)

    def test_a_ticket_hides_its_holder(self) -> None:
        holder = "account:4f1d0c"

        token = tickets.issue(holder=holder, study_ids=[new_id()], session="session-key")

        raw = base64.urlsafe_b64decode(token + "==")
        assert holder.encode() not in raw
        assert b"session-key" not in raw

    def test_five_minutes_and_no_longer(self) -> None:
        with time_machine.travel(START, tick=False) as clock:
            token = tickets.issue(holder="h", study_ids=[new_id()])
            clock.shift(299)
            tickets.check(token)
            clock.shift(2)
            with pytest.raises(tickets.TicketRefused):
                tickets.check(token)

    def test_every_changed_bit_is_refused(self) -> None:
        raw = base64.urlsafe_b64decode(tickets.issue(holder="h", study_ids=[new_id()]) + "==")
        for position in range(len(raw)):
            forged = bytearray(raw)
            forged[position] ^= 1
            with pytest.raises(tickets.TicketRefused):
                tickets.check(base64.urlsafe_b64encode(bytes(forged)).rstrip(b"=").decode())

    @pytest.mark.parametrize("token", ["", "A", "....", "Zażółć", "A" * 5000, "AAAA\n", "%00"])
    def test_nonsense_is_refused(self, token: str) -> None:
        with pytest.raises(tickets.TicketRefused):
            tickets.check(token)

    def test_cut_and_lengthened_tickets_are_refused(self) -> None:
        token = tickets.issue(holder="h", study_ids=[new_id(), new_id()])

        for forged in (token[:-4], token + "AAAA", token[:40] + token[60:]):
            with pytest.raises(tickets.TicketRefused):
                tickets.check(forged)

    def test_another_key_makes_no_tickets(self, settings: pytest.FixtureRequest) -> None:
        token = tickets.issue(holder="h", study_ids=[new_id()])

        settings.SECRET_KEY = "another-secret-0123456789-abcdefghijklmnopqrstuvwxyz"  # type: ignore[attr-defined]

        tickets._known.clear()
        with pytest.raises(tickets.TicketRefused):
            tickets.check(token)

    def test_renewing_keeps_the_content(self) -> None:
        with time_machine.travel(START, tick=False) as clock:
            studies = [new_id(), new_id()]
            first = tickets.issue(holder="h", study_ids=studies, session="s")
            clock.shift(200)
            second = tickets.renew(first)
            clock.shift(200)
            assert tickets.check(second).study_ids == frozenset(studies)
            revocation.revoke(subject="s")
            poll_again()
            with pytest.raises(tickets.TicketRefused):
                tickets.check(second)

    def test_no_study_no_ticket(self) -> None:
        with pytest.raises(ValueError, match="1 to 64"):
            tickets.issue(holder="h", study_ids=[])


class TestRevocation:
    @pytest.mark.parametrize("what", ["holder", "session", "study"])
    def test_each_subject_ends_the_ticket(self, what: str) -> None:
        study = new_id()
        token = tickets.issue(holder="holder", study_ids=[study], session="session")
        other = tickets.issue(holder="other", study_ids=[new_id()], session="other")

        revocation.revoke(subject=str(study) if what == "study" else what)
        poll_again()

        with pytest.raises(tickets.TicketRefused):
            tickets.check(token)
        tickets.check(other)

    def test_a_later_ticket_lives(self) -> None:
        with time_machine.travel(START, tick=False) as clock:
            revocation.revoke(subject="holder")
            clock.shift(0.01)
            token = tickets.issue(holder="holder", study_ids=[new_id()])
            poll_again()
            tickets.check(token)

    def test_it_works_within_two_seconds(self) -> None:
        """The list is read on use, at most once a second."""
        token = tickets.issue(holder="holder", study_ids=[new_id()])
        tickets.check(token)
        revocation.revoke(subject="holder")

        tickets._revocations.read_at -= 1.01

        with pytest.raises(tickets.TicketRefused):
            tickets.check(token)

    def test_fresh_checks_ask_no_database(self, django_assert_num_queries: pytest.FixtureRequest) -> None:
        token = tickets.issue(holder="holder", study_ids=[new_id()])
        tickets.check(token)

        with django_assert_num_queries(0):  # type: ignore[operator]
            for _ in range(50):
                tickets.check(token)

    def test_blind_means_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """When revocations cannot be read any more, nothing is shown."""
        token = tickets.issue(holder="holder", study_ids=[new_id()])

        def broken(**_: object) -> None:
            raise DatabaseError

        monkeypatch.setattr(Revocation.objects, "filter", broken)

        with pytest.raises(Unavailable):
            tickets.check(token)

    def test_old_rows_are_cleaned_away(self) -> None:
        with time_machine.travel(START, tick=False) as clock:
            revocation.revoke(subject="long ago")
            clock.shift(3600)
            revocation.revoke(subject="now")
            revocation.sweep()

        assert Revocation.objects.count() == 1


class TestDoors:
    """The addresses behind a ticket."""

    @pytest.fixture
    def mine(self, tmp_path: Path) -> list[Instance]:
        return derived(slices(tmp_path))

    @pytest.fixture
    def foreign(self, tmp_path: Path) -> list[Instance]:
        return derived(slices(tmp_path))

    def test_own_study_opens_and_foreign_does_not(
        self, mine: list[Instance], foreign: list[Instance]
    ) -> None:
        """R10: every address of B's study with A's ticket answers as one that does not exist."""
        token = _token(mine[0])

        assert [get(path).status for path in _addresses(token, mine[0])] == [200] * 4
        unknown = [get(path) for path in _addresses(token, mine[0], study=uuid.uuid4())]
        for path, other in zip(_addresses(token, foreign[0]), unknown, strict=True):
            reply = get(path)
            assert reply.status == 404
            assert (reply.body, reply.headers) == (other.body, other.headers)

    def test_foreign_parts_of_an_own_study(self, mine: list[Instance], foreign: list[Instance]) -> None:
        """The study is mine, the series or instance somebody else's."""
        token, study = _token(mine[0]), mine[0].series.study_id

        for path in _addresses(token, foreign[0], study=study):
            assert get(path).status == 404
        root = f"/dicom-web/t/{token}/studies/{opaque_uid(study)}/series/{opaque_uid(mine[0].series_id)}"
        assert get(f"{root}/instances/{opaque_uid(foreign[0].pk)}/frames/1").status == 404

    def test_real_uids_open_nothing(self, mine: list[Instance]) -> None:
        """R11: knowing a StudyInstanceUID never suffices."""
        series = mine[0].series
        study_uid, series_uid = series.study.study_instance_uid, series.series_instance_uid
        root = f"/dicom-web/t/{_token(mine[0])}/studies/{study_uid}/series/{series_uid}"

        assert get(f"{root}/metadata").status == 404
        assert get(f"/dicom-web/studies/{study_uid}").status == 401

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
    def test_reading_only(self, mine: list[Instance], method: str) -> None:
        for path in _addresses(_token(mine[0]), mine[0]):
            assert get(path, method=method).status == 405

    def test_no_validators_for_caches(self, mine: list[Instance]) -> None:
        """R19: nothing to send in If-None-Match, and never 304."""
        for path in _addresses(_token(mine[0]), mine[0]):
            reply = get(path, HTTP_IF_NONE_MATCH="*", HTTP_IF_MODIFIED_SINCE="Mon, 23 Nov 2026 12:00:00 GMT")
            assert reply.status == 200
            assert not {"etag", "last-modified"} & reply.headers.keys()
            assert reply.headers["cache-control"] == "private, max-age=300"
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert reply.headers["cross-origin-resource-policy"] == "same-origin"

    def test_refusals_are_not_cached(self, mine: list[Instance]) -> None:
        assert (
            get(f"/dicom-web/t/{_token(mine[0])}/studies/2.25.1/series/2.25.2/metadata").headers[
                "cache-control"
            ]
            == "no-store"
        )
        assert get("/dicom-web/t/x/studies/2.25.1/series/2.25.2/metadata").status == 401

    def test_hidden_instances_vanish(self, mine: list[Instance]) -> None:
        from klisza.archive.dicomweb.index import index

        token, hidden = _token(mine[0]), mine[1]
        frame = _addresses(token, hidden)[0]
        assert get(frame).status == 200

        Instance.objects.filter(pk=hidden.pk).update(hidden_reason="rejected")
        index.entries[hidden.series.study_id].checked_at -= 1.6

        assert get(frame).status == 404
        assert opaque_uid(hidden.pk).encode() not in get(_addresses(token, mine[0])[1]).body
        Study.objects.update(revision=2)
        index.entries[hidden.series.study_id].checked_at -= 1.6
        assert get(_addresses(token, mine[0])[2]).status == 404  # the preview may be of the hidden one


def _token(instance: Instance) -> str:
    return tickets.issue(holder="account:1", study_ids=[instance.series.study_id])


def _addresses(token: str, instance: Instance, study: uuid.UUID | None = None) -> list[str]:
    study_uid, series_uid = opaque_uid(study or instance.series.study_id), opaque_uid(instance.series_id)
    root = f"/dicom-web/t/{token}/studies/{study_uid}/series/{series_uid}"
    return [
        f"{root}/instances/{opaque_uid(instance.pk)}/frames/1",
        f"{root}/metadata",
        f"{root}/thumbnail",
        f"{root}/rendered",
    ]
