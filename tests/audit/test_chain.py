from __future__ import annotations

import io
import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.audit import jobs, queries, services, storage
from klisza.audit.actor import SYSTEM, Actor
from klisza.audit.models import AuditEvent, AuditLink
from klisza.base.errors import Unavailable

pytestmark = pytest.mark.django_db
TABLES = ("audit_auditevent", "audit_auditlink", "audit_audithead")


@pytest.fixture(autouse=True)
def data_folder(settings: SettingsWrapper, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def write(count: int) -> list[int]:
    return [services.record("list.viewed", by=SYSTEM, reason=f"ż {number}").id for number in range(count)]


@pytest.fixture
def chained() -> list[int]:
    """Twenty events, chained, with a signed head after the last."""
    ids = write(20)
    jobs.run_link()
    jobs.run_head()
    return ids


@pytest.fixture
def without_triggers() -> None:
    """What an administrator with the database password could do; rolled back with the test."""
    with connection.cursor() as cursor:
        for table in TABLES:
            for verb in ("update", "delete"):
                on = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER {table}_no_{verb}{on}")


class TestAppendOnly:
    @pytest.mark.parametrize("table", TABLES)
    @pytest.mark.parametrize("statement", ["UPDATE {} SET {}={}", "DELETE FROM {}"])
    def test_database_refuses_change(self, chained: list[int], table: str, statement: str) -> None:
        """R68"""
        column = "hash" if table != "audit_auditevent" else "reason"
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(table, column, "'x'"))

    def test_unwritable_log_makes_unavailable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """R69"""

        def refuse(**columns: object) -> None:
            raise DatabaseError("read-only")

        monkeypatch.setattr(AuditEvent.objects, "create", refuse)
        with pytest.raises(Unavailable):
            services.record("images.viewed", by=SYSTEM)


class TestChain:
    def test_untouched_log_verifies(self, chained: list[int]) -> None:
        write(3)
        verdict = queries.verify()
        assert (verdict.fault, verdict.events, verdict.unlinked) == ("", 20, 3)
        assert verdict.heads == 2  # in the database and in the file

    def test_empty_log_verifies(self) -> None:
        assert queries.verify().fault == ""

    def test_second_run_links_nothing(self, chained: list[int]) -> None:
        assert jobs.run_link() == 0

    def test_events_continue_the_chain(self, chained: list[int]) -> None:
        write(5)
        assert jobs.run_link() == 5
        assert queries.verify().events == 25

    def test_values_survive_the_database(self) -> None:
        services.record(
            "staff.searched", by=Actor("staff", "a" * 36, "clinic", "::1", "Firefox"), reason='„"\n\\'
        )
        jobs.run_link()
        assert queries.verify().fault == ""


class TestHeads:
    def test_at_most_five_minutes_apart(self, chained: list[int]) -> None:
        write(1)
        jobs.run_link()
        assert jobs.run_head() == 0
        with time_machine.travel(AuditEvent.objects.latest("id").at + timedelta(minutes=5)):
            assert jobs.run_head() == 1
        assert [head.event_id for head in storage.heads()] == [chained[-1], chained[-1] + 1]

    def test_file_is_private(self, chained: list[int]) -> None:
        assert storage.file().stat().st_mode & 0o777 == 0o600

    def test_half_a_line_is_no_head(self, chained: list[int]) -> None:
        with storage.file().open("a") as out:
            out.write('{"at": "2026-')
        assert queries.verify().fault == ""


@pytest.mark.usefixtures("without_triggers")
class TestTampering:
    def test_changed_event_is_named(self, chained: list[int]) -> None:
        AuditEvent.objects.filter(id=chained[7]).update(reason="ż 8")
        assert f"event {chained[7]}:" in queries.verify().fault

    def test_changed_link_is_named(self, chained: list[int]) -> None:
        AuditLink.objects.filter(event_id=chained[7]).update(hash="0" * 64)
        assert f"event {chained[7]}:" in queries.verify().fault

    def test_removed_row_is_noticed(self, chained: list[int]) -> None:
        AuditLink.objects.filter(event_id=chained[7]).delete()
        AuditEvent.objects.filter(id=chained[7]).delete()
        assert f"between {chained[6]} and {chained[8]}" in queries.verify().fault

    def test_cut_tail_is_noticed(self, chained: list[int]) -> None:
        AuditLink.objects.filter(event_id__in=chained[10:]).delete()
        AuditEvent.objects.filter(id__in=chained[10:]).delete()
        assert f"event {chained[-1]}: a signed head names it" in queries.verify().fault

    def test_cut_tail_is_noticed_by_the_file_alone(self, chained: list[int]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM audit_audithead")
            cursor.execute("DELETE FROM audit_auditlink")
            cursor.execute("DELETE FROM audit_auditevent")
        assert f"event {chained[-1]}" in queries.verify().fault

    def test_chain_written_anew_is_noticed(self, chained: list[int]) -> None:
        AuditLink.objects.all().delete()
        AuditEvent.objects.filter(id=chained[3]).update(outcome="refused")
        jobs.run_link()
        assert f"event {chained[-1]}: the chain was written anew" in queries.verify().fault

    def test_row_slipped_in_is_noticed(self, chained: list[int]) -> None:
        stray = AuditEvent.objects.get(id=chained[4])
        stray.id = -1
        stray.save(force_insert=True)
        assert "event -1: it is not part of the chain" in queries.verify().fault

    def test_forged_head_is_noticed(self, chained: list[int]) -> None:
        [line] = storage.file().read_text().splitlines()
        storage.file().write_text(json.dumps(json.loads(line) | {"event": chained[5]}) + "\n")
        assert "wrong signature" in queries.verify().fault


class TestCommand:
    def test_prints_what_was_checked(self, chained: list[int]) -> None:
        out = io.StringIO()
        call_command("audit", "verify", stdout=out)
        assert out.getvalue() == "ok: 20 events, 2 signed heads, 0 not chained yet\n"

    @pytest.mark.usefixtures("without_triggers")
    def test_fault_is_an_error(self, chained: list[int]) -> None:
        AuditEvent.objects.filter(id=chained[0]).update(reason="x")
        with pytest.raises(CommandError, match=f"event {chained[0]}:"):
            call_command("audit", "verify")


@pytest.mark.long
def test_hundred_thousand_rows_verify_fast() -> None:
    first = services.record("images.viewed", by=SYSTEM)
    things = [{"kind": "Study", "id": "0" * 36}]
    AuditEvent.objects.bulk_create(
        AuditEvent(at=first.at, action=first.action, agent_kind="account", objects_json=things)
        for _ in range(100_000)
    )
    while jobs.run_link():
        pass
    began = time.perf_counter()
    assert queries.verify().events == 100_001
    assert time.perf_counter() - began < 5
