"""R63: while a report is held it is in none of the places where it could be, and at T+0 it is told once."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from klisza.archive import tickets
from klisza.archive.dicomweb import browser
from klisza.archive.models import Instance, Series, Study
from klisza.audit.actor import Actor
from klisza.base import clock
from klisza.base.errors import NotFound
from klisza.base.ids import opaque_uid
from klisza.documents import jobs as documents_jobs
from klisza.examinations import jobs, queries, services
from klisza.examinations.models import Examination, ReportVersion
from klisza.patients.models import Patient
from tests.accounts.people import outbox, sign_in
from tests.examinations.given import SCRIPT, a_patient, a_report, a_series, a_study, the_examination, viewer
from tests.exports.given import copied

pytestmark = pytest.mark.django_db
SR, ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.104.1"
WORD = "Zmiana ogniskowa"
CLINICIAN = Actor(kind="staff", id="clinician", role="clinic")
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at(settings: Any) -> Iterator[time_machine.Coordinates]:
    settings.NOTICE_WINDOW_MINUTES, settings.QUIET_HOURS = 0, None
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def patient() -> Patient:
    return a_patient()


@pytest.fixture
def study(patient: Patient) -> Study:
    """Images, and the report once more as objects of the study."""
    study = a_study(patient, accession_number="ACC1")
    for modality, sop_class in (("SR", SR), ("DOC", ENCAPSULATED_PDF)):
        series = a_series(study, modality, 1)
        series.series_description = WORD
        series.save()
        Instance.objects.filter(series=series).update(sop_class_uid=sop_class, number_of_frames=0)
    return study


@pytest.fixture
def version(patient: Patient, study: Study) -> ReportVersion:
    """Final, held for seven days; everything of the worker has run."""
    services.save_release_rules(rules=[{"report": "days", "report_days": 7}], by=SCRIPT)
    services.link_study(study=study, by=SCRIPT)
    version = a_report(patient, issued_at=NOW, title=WORD)
    documents_jobs.run_rendering()
    return version


@pytest.fixture
def client(client: Client, patient: Patient) -> Client:
    sign_in(client, patient.account)
    return client


def addresses(examination: Examination, version: ReportVersion) -> list[str]:
    report = f"/examinations/{examination.pk}/reports/{version.pk}/"
    return [report, f"{report}file/", f"{report}file/?print", f"{report}pages/1/"]


def exported(client: Client, examination: Examination) -> list[str]:
    whole = b"".join(copied(client, f"/examinations/{examination.pk}/download/"))
    return zipfile.ZipFile(io.BytesIO(whole)).namelist()


def series_of(study: Study, modality: str) -> Series:
    return Series.objects.get(study=study, modality=modality)


def metadata_of(client: Client, examination: Examination, study: Study, modality: str) -> None:
    """By the ticket that the viewer gives for the images."""
    html = client.get(f"/viewer/{examination.pk}/").content.decode()
    config = re.search(r'<script id="viewer-config" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert config
    ticket = json.loads(config.group(1))["base"].rpartition("/")[2]
    cookie = f"{client.session.session_key}"
    from django.conf import settings

    environ = {"HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}={cookie}"}
    series = opaque_uid(series_of(study, modality).pk)
    browser.answer([ticket, "studies", opaque_uid(study.pk), "series", series, "metadata"], environ)


class TestHeldForSevenDays:
    def test_by_its_addresses(self, client: Client, patient: Patient, version: ReportVersion) -> None:
        examination = the_examination(patient)
        found = [client.get(one).status_code for one in addresses(examination, version)]
        assert found == [404] * 4

    def test_on_the_pages(self, client: Client, patient: Patient, version: ReportVersion) -> None:
        """List, page, viewer and documents say "in preparation"; no icon, no address, no title."""
        pk = the_examination(patient).pk
        for address in ("/examinations/", f"/examinations/{pk}/", f"/viewer/{pk}/", "/documents/"):
            html = client.get(address).content.decode()
            assert str(version.pk) not in html
            assert WORD not in html
            assert "Opis dostępny" not in html
        html = client.get("/examinations/").content.decode()
        assert "W przygotowaniu" in html
        assert "Obrazy dostępne" in html

    def test_in_the_export(self, client: Client, patient: Patient, version: ReportVersion) -> None:
        names = exported(client, the_examination(patient))
        assert not any(name.startswith("REPORT") for name in names)
        assert len([name for name in names if name.startswith("DICOM/")]) == 2

    @pytest.mark.parametrize("modality", ["SR", "DOC"])
    def test_through_the_ticket_of_the_images(
        self, client: Client, patient: Patient, version: ReportVersion, study: Study, modality: str
    ) -> None:
        with pytest.raises(NotFound):
            metadata_of(client, the_examination(patient), study, modality)

    def test_in_mails(self, patient: Patient, version: ReportVersion) -> None:
        assert jobs.run_notices() == 1  # the images
        text = json.dumps([mail for mail in outbox("mail") if mail["kind"] == "notice"])
        assert WORD not in text
        assert "ACC1" not in text

    def test_in_the_access_log(self, client: Client, patient: Patient, version: ReportVersion) -> None:
        """Neither that it came nor that somebody holds it, nor why."""
        services.hold(examination=the_examination(patient), subject="report", reason=WORD, by=CLINICIAN)
        html = client.get("/account/access-log/").content.decode()
        assert "Zalogowanie" in html
        for leak in (WORD, "Otrzymanie", "report.received", "examination.held"):
            assert leak not in html

    def test_in_search_and_documents(self, patient: Patient, version: ReportVersion) -> None:
        assert queries.reports_of(viewer(patient)) == []
        assert queries.shown_reports(the_examination(patient)) == []
        with pytest.raises(NotFound):
            queries.shown_report(the_examination(patient), version.pk)


class TestAfterTheHold:
    def test_everything_opens_by_itself(
        self, client: Client, patient: Patient, version: ReportVersion, at: time_machine.Coordinates
    ) -> None:
        """The gate compares the moment; no job has to run first."""
        at.shift(timedelta(days=7, seconds=-1))
        assert queries.reports_of(viewer(patient)) == []
        at.shift(timedelta(seconds=1))
        sign_in(client, patient.account)
        assert client.get(addresses(the_examination(patient), version)[0]).status_code == 200
        assert "Opis dostępny" in client.get("/examinations/").content.decode()

    def test_exactly_one_mail_at_that_moment(
        self, patient: Patient, version: ReportVersion, at: time_machine.Coordinates
    ) -> None:
        jobs.run_notices()
        before = len(outbox("mail"))
        at.shift(timedelta(days=7))
        for _ in range(3):
            jobs.run_due()
            jobs.run_notices()
        assert len(outbox("mail")) - before == 1

    def test_the_copy_holds_all(
        self, client: Client, patient: Patient, version: ReportVersion, at: time_machine.Coordinates
    ) -> None:
        at.shift(timedelta(days=7))
        sign_in(client, patient.account)
        names = exported(client, the_examination(patient))
        assert "REPORT/REP00001.PDF" in names
        assert len([name for name in names if name.startswith("DICOM/")]) == 4


class TestPreliminary:
    def test_its_object_does_not_go_along(self, client: Client, patient: Patient, study: Study) -> None:
        """A PACS makes SR objects of preliminary reports as well."""
        services.link_study(study=study, by=SCRIPT)
        a_report(patient, status="P")
        assert len([name for name in exported(client, the_examination(patient)) if "DICOM/" in name]) == 2


class TestHeldImages:
    @pytest.fixture
    def examination(self, patient: Patient, study: Study) -> Examination:
        services.link_study(study=study, by=SCRIPT)
        return the_examination(patient)

    def held(self, examination: Examination) -> Examination:
        return services.hold(examination=examination, subject="images", reason="talk first", by=SCRIPT)

    def test_viewer_export_and_previews_are_closed(self, client: Client, examination: Examination) -> None:
        self.held(examination)
        pk = examination.pk
        assert client.get(f"/viewer/{pk}/").status_code == 404
        assert client.post(f"/viewer/{pk}/ticket/").status_code == 404
        assert client.get(f"/examinations/{pk}/download/").status_code == 404
        html = client.get(f"/examinations/{pk}/").content.decode()
        assert "/dicom-web/" not in html
        assert "download" not in html
        assert "Obrazy dostępne" not in client.get("/examinations/").content.decode()

    def test_the_ticket_dies_with_the_hold(
        self, patient: Patient, examination: Examination, study: Study
    ) -> None:
        token = tickets.issue(holder=str(patient.account_id), study_ids=[study.pk])
        self.held(examination)
        tickets._revocations = tickets._Revocations()
        with pytest.raises(tickets.TicketRefused):
            tickets.check(token)

    def test_a_copy_under_way_ends(self, client: Client, examination: Examination) -> None:
        answer = copied(client, f"/examinations/{examination.pk}/download/")
        self.held(examination)
        with pytest.raises(NotFound):
            b"".join(answer)

    def test_a_hidden_study_is_in_no_place(
        self, client: Client, examination: Examination, study: Study
    ) -> None:
        """1.5: the archive hides a study whose patient is in doubt; nobody has to ask twice."""
        Study.objects.filter(pk=study.pk).update(hidden_reason="wrong_patient")
        assert client.get(f"/viewer/{examination.pk}/").status_code == 404
        assert client.get(f"/examinations/{examination.pk}/download/").status_code == 404
        assert "/dicom-web/" not in client.get(f"/examinations/{examination.pk}/").content.decode()


class TestRestricted:
    @pytest.mark.parametrize("reason", ["confidential", "deleted"])
    def test_everything_is_closed(
        self, client: Client, patient: Patient, version: ReportVersion, reason: str
    ) -> None:
        services.release(examination=the_examination(patient), subject="report", by=SCRIPT)
        Patient.objects.update(restricted_reason=reason)
        pk = the_examination(patient).pk
        for address in (
            f"/examinations/{pk}/",
            f"/viewer/{pk}/",
            *addresses(the_examination(patient), version),
        ):
            assert client.get(address).status_code == 404, address
        assert str(pk) not in client.get("/examinations/").content.decode()
        assert jobs.run_notices() == 0

    def test_also_what_was_merged_into_it(self, patient: Patient, version: ReportVersion) -> None:
        other = a_patient(account=False, restricted_reason="confidential")
        Patient.objects.filter(pk=patient.pk).update(survivor=other)
        assert not queries.open_now().exists()
        assert clock.now() == NOW
