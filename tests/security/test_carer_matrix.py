"""R10 for carers: everything one carer reached, asked for again by every carer who may not (N11, R12, R66).

Each of them is signed in and really may see something; what is asked for is somebody else's, over, or out of scope.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import pytest
import time_machine
from django.test import Client

from klisza.accounts.models import Account
from klisza.archive import tickets
from klisza.audit.actor import SYSTEM
from klisza.audit.models import AuditEvent
from klisza.documents import services as documents
from klisza.examinations.models import Examination, GrantedExamination
from klisza.patients import services as patients
from klisza.patients.models import Grant, Patient
from tests.accounts.people import sign_in
from tests.examinations.given import (
    SCRIPT,
    a_patient,
    a_report,
    a_study,
    moment,
    pdf,
    services,
    the_examination,
)
from tests.exports.given import ask_all_the_time, copied
from tests.patients.carers import BORN, TURNS_18, a_carer, given
from tests.stories import markup

pytestmark = pytest.mark.django_db
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
VERBS = ("get", "head", "post", "put", "delete")
WORDS_OF_THE_CHILD = (b"Zosia", b"Tajemne badanie", b"sekretna")


@dataclass
class Family:
    """A child with images, a report and a letter; another person with the same; and everybody's accounts."""

    child: Patient
    other: Patient
    examination: Examination
    second: Examination
    mother: Account
    grant: Grant
    client: Client
    reached: dict[str, bytes] = field(default_factory=dict)


def a_person(**fields: Any) -> Patient:
    return a_patient(account=False, **{"birth_date": BORN, **fields})


def with_results(patient: Patient, *, accession: str, title: str) -> Examination:
    study = a_study(patient, accession_number=accession)
    services.link_study(study=study, by=SCRIPT)
    a_report(patient, accession_number=accession, key=f"R{accession}")
    found = the_examination(patient)
    Examination.objects.filter(pk=found.pk).update(title=title)
    found.refresh_from_db()
    return found


@pytest.fixture
def family(client: Client) -> Family:
    child, other = a_person(given_name="Zosia"), a_person(given_name="Antek")
    examination = with_results(child, accession="A1", title="Tajemne badanie")
    second = with_results(child, accession="A2", title="Drugie badanie")
    with_results(other, accession="B1", title="Cudze badanie")
    documents.add_document(
        patient=child, kind="hospital", title="sekretna karta", pdf=pdf(), issued_at=moment(20), by=SCRIPT
    )
    mother = a_carer()
    grant = given(child, mother)
    sign_in(client, mother)
    made = Family(child, other, examination, second, mother, grant, client)
    made.reached = crawl(client, "/examinations/", "/documents/")
    return made


def crawl(client: Client, *starts: str) -> dict[str, bytes]:
    """Addresses with an id in them that answered 200; the viewer and the export among them."""
    found: dict[str, bytes] = {}
    waiting, seen = list(starts), set[str]()
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path)
        body = answer.getvalue() if answer.status_code == 200 else b""
        if answer.status_code == 200 and ID.search(path) and not path.startswith("/account/"):
            found[path] = body
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            for address in markup.read(body.decode()).addresses:
                target = urljoin(path, address)
                if target.startswith("/") and not target.startswith(("/static/", "/dicom-web/", "/demo/")):
                    waiting.append(target.partition("#")[0])
    return found


def other_client(account: Account) -> Client:
    browser = Client()
    sign_in(browser, account)
    return browser


def leaks(client: Client, addresses: dict[str, bytes]) -> list[str]:
    """What was not refused, by any verb."""
    bad = []
    for path, original in addresses.items():
        for verb in VERBS:
            answer = getattr(client, verb)(path)
            body = answer.getvalue()
            refused = answer.status_code in (403, 404, 405)
            if not refused or (body and body == original) or any(word in body for word in WORDS_OF_THE_CHILD):
                bad.append(f"{verb} {answer.status_code} {ID.sub('ID', path)}")
    return bad


def test_the_crawl_saw_every_kind(family: Family) -> None:
    paths = "\n".join(family.reached)
    for kind in ("/examinations/", "/reports/", "/file/", "/download/", "/viewer/", "/documents/"):
        assert kind in paths, kind


def ended(family: Family) -> Client:
    patients.end_grant(grant=family.grant, reason="patient", by=SYSTEM)
    return family.client


def ended_by_date(family: Family) -> Client:
    Grant.objects.filter(pk=family.grant.pk).update(ends_at=moment(1))
    return family.client


def of_another_person(family: Family) -> Client:
    stranger = a_carer()
    given(family.other, stranger)
    return other_client(stranger)


def of_nobody(family: Family) -> Client:
    return other_client(a_carer())


def acting_for_the_other(family: Family) -> Client:
    """The same account may act for both: what is chosen counts."""
    grant = given(family.other, family.mother)
    family.client.post("/account/acting/for/", {"grant": str(grant.pk)})
    return family.client


def back_at_ones_own(family: Family) -> Client:
    """A carer who is a patient too, and sees the own data again."""
    own = a_patient(account=False, given_name="Maria")
    Patient.objects.filter(pk=own.pk).update(account=family.mother)
    family.client.post("/account/acting/for/", {"grant": ""})
    return family.client


def of_an_unknown_scope(family: Family) -> Client:
    Grant.objects.filter(pk=family.grant.pk).update(scope="some")
    return family.client


def with_nothing_chosen(family: Family) -> Client:
    Grant.objects.filter(pk=family.grant.pk).update(scope="chosen")
    return family.client


def unclaimed(family: Family) -> Client:
    """Somebody puts the id of an offer into the session's choice."""
    grant, _ = patients.offer(patient=family.child, carer_name="X", scope="all", by=SYSTEM)
    stranger = a_carer()
    browser = other_client(stranger)
    assert browser.post("/account/acting/for/", {"grant": str(grant.pk)}).status_code == 404
    assert browser.post("/account/acting/for/", {"grant": str(family.grant.pk)}).status_code == 404
    return browser


@pytest.mark.parametrize(
    "who",
    [
        ended, ended_by_date, of_another_person, of_nobody, acting_for_the_other, back_at_ones_own,
        of_an_unknown_scope, with_nothing_chosen, unclaimed,
    ],
)  # fmt: skip
def test_every_address_is_refused(family: Family, who: Callable[[Family], Client]) -> None:
    browser = who(family)
    assert len(family.reached) >= 10
    assert leaks(browser, family.reached) == []
    for path in ("/examinations/", "/documents/"):
        body = browser.get(path, follow=True).content
        # Whoever may act for the child knows its name: the line above every page says it.
        words = WORDS_OF_THE_CHILD[1:] if who is with_nothing_chosen else WORDS_OF_THE_CHILD
        assert not any(word in body for word in words), path


def test_r66_at_midnight_of_the_birthday(family: Family) -> None:
    with time_machine.travel("2033-05-31 21:59:30Z"):
        sign_in(family.client, family.mother)
        assert family.client.get(f"/examinations/{family.examination.pk}/").status_code == 200
    with time_machine.travel(TURNS_18):
        assert leaks(family.client, family.reached) == []


def test_without_reports_no_report_anywhere(family: Family) -> None:
    """R63's places once more: page, list, PDF, documents, export, viewer."""
    Grant.objects.filter(pk=family.grant.pk).update(scope="no_reports")
    reports = {
        path: body for path, body in family.reached.items() if "/reports/" in path or "/documents/" in path
    }
    assert leaks(family.client, reports) == []
    detail = family.client.get(f"/examinations/{family.examination.pk}/")
    assert detail.status_code == 200
    assert b"/reports/" not in detail.content
    viewer = family.client.get(f"/viewer/{family.examination.pk}/").content
    assert b"/reports/" not in viewer
    assert b"Opis jest dost" not in family.client.get("/examinations/").content
    bundle = b"".join(copied(family.client, f"/examinations/{family.examination.pk}/download/"))
    assert b"REPORT/" not in bundle
    assert b"DICOM/" in bundle


def test_a_grant_for_one_examination_opens_that_one(family: Family) -> None:
    Grant.objects.filter(pk=family.grant.pk).update(scope="chosen")
    GrantedExamination.objects.create(grant=family.grant, examination=family.second)
    rest = {path: body for path, body in family.reached.items() if str(family.second.pk) not in path}
    assert leaks(family.client, rest) == []
    assert family.client.get(f"/examinations/{family.second.pk}/").status_code == 200
    listed = family.client.get("/examinations/").content
    assert str(family.second.pk).encode() in listed
    assert str(family.examination.pk).encode() not in listed


def test_pictures_die_with_the_grant(family: Family) -> None:
    page = family.client.get(f"/viewer/{family.examination.pk}/").content.decode()
    found = re.search(r"/dicom-web/t/([\w-]+)", page)
    assert found
    tickets.check(found.group(1))
    patients.end_grant(grant=family.grant, reason="patient", by=SYSTEM)
    tickets._revocations = tickets._Revocations()
    with pytest.raises(tickets.TicketRefused):
        tickets.check(found.group(1))


def test_a_picture_lives_no_longer_than_the_grant(family: Family) -> None:
    """R66: a ticket of the last minute before the birthday ends with it, without any job."""
    with time_machine.travel("2033-05-31 21:59:30Z"):
        sign_in(family.client, family.mother)
        page = family.client.get(f"/viewer/{family.examination.pk}/").content.decode()
        found = re.search(r"/dicom-web/t/([\w-]+)", page)
        assert found
        tickets.check(found.group(1))
    with time_machine.travel(TURNS_18), pytest.raises(tickets.TicketRefused):
        tickets.check(found.group(1))


def test_a_download_ends_with_the_grant(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_all_the_time(monkeypatch)
    answer = copied(family.client, f"/examinations/{family.examination.pk}/download/")
    stream = iter(answer)
    next(stream)
    patients.end_grant(grant=family.grant, reason="desk", by=SYSTEM)
    with pytest.raises(Exception):  # noqa: B017, PT011 - the server cuts the connection, whatever it is called
        list(stream)


def test_a_download_goes_on_under_its_own_grant(family: Family) -> None:
    """Switching to another person meanwhile neither ends nor mixes it."""
    answer = copied(family.client, f"/examinations/{family.examination.pk}/download/")
    stream = iter(answer)
    first = next(stream)
    grant = given(family.other, family.mother)
    family.client.post("/account/acting/for/", {"grant": str(grant.pk)})
    assert b"DICOM/" in first + b"".join(stream)


def test_everything_is_recorded_as_carer_for_patient(family: Family) -> None:
    rows = AuditEvent.objects.filter(patient_id=family.child.pk, agent_id=str(family.mother.pk))
    seen = {row.action for row in rows if row.role == "carer"}
    assert {
        "list.viewed",
        "examination.opened",
        "images.viewed",
        "report.downloaded",
        "document.opened",
    } <= seen
    looked = rows.filter(
        action__in=["examination.opened", "images.viewed", "report.opened", "document.opened"]
    )
    assert {row.role for row in looked} == {"carer"}
    assert {row.reason for row in looked} == {f"grant {family.grant.pk}"}


def test_the_person_reads_who_it_was(family: Family) -> None:
    from klisza.patients import presenters, queries

    row = AuditEvent.objects.filter(action="images.viewed").latest("pk")
    names = queries.carer_names([family.child.pk])
    assert presenters.log_row(row, account_id="somebody else", carers=names).who.endswith("Maria Kowalczyk")


def test_the_own_affairs_stay_the_carers(family: Family) -> None:
    """Password, contact, log in: nothing of the child's account data is reached through them."""
    for path in ("/account/password/", "/account/contact/", "/account/information/", "/account/acting/"):
        answer = family.client.get(path)
        assert answer.status_code == 200, path
        assert f"{family.child.email or 'no mail'}".encode() not in answer.content
    assert family.client.get("/account/carers/").status_code == 404  # a carer lets nobody in
    assert family.client.post("/account/carers/new/", {"carer_name": "Y", "scope": "all"}).status_code == 404


def test_every_page_says_for_whom(family: Family) -> None:
    for path in ("/examinations/", "/documents/", "/account/contact/", f"/viewer/{family.examination.pk}/"):
        assert b"Zosia" in family.client.get(path).content, path


def test_mass_assignment_changes_nobody(family: Family) -> None:
    """R18"""
    own = a_patient(account=False)
    Patient.objects.filter(pk=own.pk).update(account=family.mother)
    family.client.post("/account/acting/for/", {"grant": ""})
    fields = {"carer_name": "Y", "scope": "all", "patient": str(family.child.pk), "patient_id": str(family.child.pk),
              "kind": "guardian", "account": str(family.mother.pk), "source": "desk"}  # fmt: skip
    assert family.client.post("/account/carers/new/", fields).status_code == 200
    made = Grant.objects.latest("created_at")
    assert (made.patient_id, made.kind, made.account_id, made.source) == (
        own.pk,
        "authorised",
        None,
        "patient",
    )


def test_ones_own_examinations_only_can_be_chosen(family: Family) -> None:
    own = a_patient(account=False)
    Patient.objects.filter(pk=own.pk).update(account=family.mother)
    family.client.post("/account/acting/for/", {"grant": ""})
    fields = {"carer_name": "Y", "scope": "chosen", "chosen": [str(family.examination.pk)]}
    family.client.post("/account/carers/new/", fields)
    assert not GrantedExamination.objects.exists()
