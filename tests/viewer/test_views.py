"""The viewer's page: gate, record, ticket, policy; what its script is told."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import translation

from klisza.archive import tickets
from klisza.archive.models import Series
from klisza.audit.models import AuditEvent
from klisza.examinations.models import Examination
from klisza.patients.models import Patient
from klisza.viewer import texts
from tests.accounts.people import sign_in
from tests.examinations.given import a_patient, a_report, a_series, an_examination

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient() -> Patient:
    return a_patient()


@pytest.fixture
def examination(patient: Patient) -> Examination:
    return an_examination(patient)


@pytest.fixture
def client(client: Client, patient: Patient) -> Client:
    sign_in(client, patient.account)
    return client


def address(examination: Examination) -> str:
    return f"/viewer/{examination.pk}/"


def config(html: str) -> dict[str, Any]:
    block = re.search(r'<script id="viewer-config" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert block
    found: dict[str, Any] = json.loads(block.group(1))
    return found


def looks() -> list[str]:
    return list(AuditEvent.objects.filter(action__startswith="images.").values_list("action", flat=True))


class TestThePage:
    """M3.2, S26-S28"""

    def test_it_holds_series_and_menu_before_any_script(
        self, client: Client, examination: Examination
    ) -> None:
        html = client.get(address(examination)).content.decode()
        for text in ("Więcej opcji", "Export DICOM", "Seria 1", "2 obrazy", "Do wglądu, nie do diagnozy"):
            assert text in html
        assert f"/examinations/{examination.pk}/download/" in html

    def test_the_report_stands_beside_the_images(
        self, client: Client, patient: Patient, examination: Examination
    ) -> None:
        version = a_report(patient, accession_number="", study_instance_uid=_study_uid(examination))
        html = client.get(address(version.report.examination)).content.decode()
        assert f"/reports/{version.pk}/file/" in html
        assert "Pobierz" in html
        assert "Drukuj" in html
        assert AuditEvent.objects.filter(action="report.opened").exists()

    def test_the_ticket_opens_these_studies_only(self, client: Client, examination: Examination) -> None:
        told = config(client.get(address(examination)).content.decode())
        ticket = tickets.check(told["base"].removeprefix("/dicom-web/t/"))
        assert ticket.study_ids == {link.study_id for link in examination.study_links.all()}

    def test_it_tells_no_uid_of_the_hospital(self, client: Client, examination: Examination) -> None:
        """R11"""
        html = client.get(address(examination)).content.decode()
        assert _study_uid(examination) not in html
        for series in Series.objects.all():
            assert series.series_instance_uid not in html

    def test_planning_views_do_not_open_first(self, client: Client, patient: Patient) -> None:
        examination = an_examination(patient, modalities=("CT",), images=1)
        study = examination.study_links.get().study
        a_series(study, "CT", 20)
        assert config(client.get(address(examination)).content.decode())["first"] == 1


class TestThePolicy:
    """T-17, viewer.md 1"""

    def test_nothing_inline_and_nothing_foreign(self, client: Client, examination: Examination) -> None:
        answer = client.get(address(examination))
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self' 'wasm-unsafe-eval'" in policy
        assert "worker-src 'self'" in policy
        assert "img-src 'self' data: blob:" in policy
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "'unsafe-eval'" not in policy
        assert answer.headers["Cache-Control"] == "no-store"

    def test_the_page_obeys_it(self, client: Client, examination: Examination) -> None:
        html = client.get(address(examination)).content.decode()
        assert not re.search(r"\son\w+=|\sstyle=|<style", html)
        scripts = re.findall(r"<script([^>]*)>", html)
        assert all("src=" in tag or "application/json" in tag for tag in scripts)


class TestWhoMayLook:
    """R10, R31, R69"""

    @pytest.mark.parametrize("query", ["url=https://evil.example/x", "datasource=x", "token=1"])
    def test_no_address_is_taken_from_outside(
        self, client: Client, examination: Examination, query: str
    ) -> None:
        answer = client.get(f"{address(examination)}?{query}")
        assert answer.status_code == 400
        assert b"evil.example" not in answer.content
        assert looks() == []

    def test_another_persons_is_the_same_as_none(self, client: Client) -> None:
        foreign = an_examination(a_patient(account=True))
        pages = [client.get(f"/viewer/{one}/") for one in (foreign.pk, uuid.uuid4())]
        assert [page.status_code for page in pages] == [404, 404]
        assert looks() == []

    def test_a_stranger_goes_to_the_login(self, examination: Examination) -> None:
        answer = Client().get(address(examination))
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/login/")

    def test_the_look_is_recorded_before_the_ticket(
        self, client: Client, examination: Examination, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[list[str]] = []
        issue = tickets.issue
        monkeypatch.setattr(tickets, "issue", lambda **kwargs: (seen.append(looks()), issue(**kwargs))[1])
        client.get(address(examination))
        assert seen == [["images.viewed"]]

    def test_what_cannot_be_recorded_is_not_shown(
        self, client: Client, examination: Examination, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*args: Any, **kwargs: Any) -> None:
            raise DatabaseError("attempt to write a readonly database")

        monkeypatch.setattr("klisza.viewer.services.record", broken)
        answer = client.get(address(examination))
        assert answer.status_code == 503
        assert b"dicom-web/t/" not in answer.content


class TestTheTicketIsRenewed:
    def test_it_ends_with_the_session(
        self, client: Client, examination: Examination, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = config(client.get(address(examination)).content.decode())
        client.post("/logout/")
        # What every web process does by itself within a second.
        monkeypatch.setattr(tickets._revocations, "read_at", float("-inf"))
        with pytest.raises(tickets.TicketRefused):
            tickets.check(told["base"].removeprefix("/dicom-web/t/"))

    def test_with_a_record_of_its_own(self, client: Client, examination: Examination) -> None:
        client.get(address(examination))
        answer = client.post(f"{address(examination)}ticket/")
        assert answer.json()["base"].startswith("/dicom-web/t/")
        assert looks() == ["images.viewed", "images.viewed"]

    def test_not_once_the_examination_is_hidden(self, client: Client, examination: Examination) -> None:
        Examination.objects.update(visible=False)
        assert client.post(f"{address(examination)}ticket/").status_code == 404

    def test_a_script_without_session_gets_a_number(self, examination: Examination) -> None:
        answer = Client().post(f"{address(examination)}ticket/", headers={"Accept": "application/json"})
        assert answer.status_code == 401

    def test_only_by_post_and_with_the_token(self, client: Client, examination: Examination) -> None:
        assert client.get(f"{address(examination)}ticket/").status_code == 405
        strict = Client(enforce_csrf_checks=True)
        assert strict.post(f"{address(examination)}ticket/").status_code == 403


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
def test_the_script_has_every_sentence(language: str) -> None:
    with translation.override(language):
        told = texts.for_script()
    assert all(told.values())
    assert "{number}" in told["image"]
    assert "{total}" in told["image"]


def _study_uid(examination: Examination) -> str:
    return str(examination.study_links.get().study.study_instance_uid)
