"""The staff pages, in process: staff urlconf, a signed-in clerk."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.accounts.models import Account, StaffRole
from klisza.accounts.session import EPOCH, FRESH, SINCE
from klisza.archive.models import Quarantined, RefusedAssociation, Study
from klisza.audit.actor import SYSTEM
from klisza.audit.models import AuditEvent
from klisza.console.readers import READERS
from klisza.examinations.models import StudyIntake
from klisza.notifications.models import Message
from klisza.patients import services as patients
from klisza.patients.models import Patient
from tests.portal import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.urls("klisza.config.urls_staff")]


@pytest.fixture(autouse=True)
def staff_listener(settings: SettingsWrapper) -> None:
    settings.LISTENER = "staff"


def signed_in(*roles: str) -> Client:
    account = Account.objects.create(
        user_name=f"staff-{len(roles)}-{Account.objects.count()}",
        kind="staff",
        state="active",
        created_at=timezone.now(),
    )
    StaffRole.objects.bulk_create(StaffRole(account=account, role=role) for role in roles)
    client = Client()
    client.force_login(account, backend="klisza.accounts.backend.ById")
    session = client.session
    now = int(timezone.now().timestamp())
    session.update({EPOCH: account.session_epoch, SINCE: now, FRESH: now, "language": "en"})
    session.save()
    return client


@pytest.fixture
def clerk() -> Client:
    return signed_in("registration")


@pytest.fixture
def anna() -> Patient:
    return patients.upsert_patient(
        identifiers=[("local", "MRN-1")], family_name="Żółta", given_name="Anna", birth_date=date(1950, 2, 1),
        email="anna@example.org", mobile="+48600100200", by=SYSTEM,
    )  # fmt: skip


def find(client: Client, **fields: str) -> str:
    return client.post("/staff/", fields).content.decode()


class TestFinding:
    @pytest.mark.parametrize("wanted", ["MRN-1", "mrn-1", "Żółta 1950-02-01", "zolta 1.2.1950"])
    def test_by_identifier_or_by_name_and_birth_date(self, clerk: Client, anna: Patient, wanted: str) -> None:
        assert f"/staff/patients/{anna.pk}/" in find(clerk, wanted=wanted)

    def test_a_name_alone_finds_nobody(self, clerk: Client, anna: Patient) -> None:
        page = find(clerk, wanted="Żółta")
        assert "Enter a number, or the family name with the date of birth." in page
        assert str(anna.pk) not in page

    def test_search_is_recorded_without_its_words(self, clerk: Client, anna: Patient) -> None:
        find(clerk, wanted="Żółta 1950-02-01")
        event = AuditEvent.objects.get(action="staff.searched")
        assert event.agent_kind == "staff"
        assert "Żółta" not in event.reason
        assert event.reason.endswith(", 1 found")

    def test_opening_a_patient_is_recorded(self, clerk: Client, anna: Patient) -> None:
        clerk.get(f"/staff/patients/{anna.pk}/")
        assert (
            AuditEvent.objects.filter(action="patient.viewed", patient_id=anna.pk, agent_kind="staff").count()
            == 1
        )


class TestPatientPage:
    def test_contacts_are_masked(self, clerk: Client, anna: Patient) -> None:
        page = clerk.get(f"/staff/patients/{anna.pk}/").content.decode()
        assert "a***@example.org" in page
        assert "anna@example.org" not in page
        assert "600100200" not in page

    def test_new_account_gets_another_password(self, clerk: Client, anna: Patient) -> None:
        before = Message.objects.count()
        response = clerk.post(f"/staff/patients/{anna.pk}/password/")
        assert response.status_code == 302
        assert Message.objects.count() == before + 1

    def test_unknown_patient_is_not_found(self, clerk: Client) -> None:
        assert clerk.get("/staff/patients/00000000-0000-7000-8000-000000000000/").status_code == 404


class TestUnlocking:
    """S16, S17, M8.3"""

    @pytest.fixture
    def locked(self, anna: Patient) -> Account:
        account = anna.account
        assert account is not None
        Account.objects.filter(pk=account.pk).update(
            state="locked",
            locked_at=timezone.now(),
            lock_cause="passwords",
            password_changed_at=timezone.now(),
        )
        return account

    def test_reason_and_check_unlock(self, clerk: Client, anna: Patient, locked: Account) -> None:
        response = clerk.post(
            f"/staff/patients/{anna.pk}/unlock/", {"reason": "called back, address", "checked": "on"}
        )
        locked.refresh_from_db()
        assert response.status_code == 302
        assert locked.state == "active"
        event = AuditEvent.objects.get(action="account.unlocked")
        assert (event.agent_kind, event.reason) == ("staff", "called back, address")

    @pytest.mark.parametrize(
        "fields", [{"reason": "called back"}, {"checked": "on"}, {"reason": "ok", "checked": "on"}]
    )
    def test_half_a_check_does_not(
        self, clerk: Client, anna: Patient, locked: Account, fields: dict[str, str]
    ) -> None:
        response = clerk.post(f"/staff/patients/{anna.pk}/unlock/", fields)
        locked.refresh_from_db()
        assert (response.status_code, locked.state) == (400, "locked")

    def test_never_by_get(self, clerk: Client, anna: Patient, locked: Account) -> None:
        assert clerk.get(f"/staff/patients/{anna.pk}/unlock/").status_code == 405


LISTS = {
    "studies": ("radiology", "integration", "registration"),
    "objects": ("radiology", "integration", "registration"),
    "associations": ("radiology", "integration"),
    "tasks": ("registration", "clinic"),
    "messages": ("registration", "clinic", "integration"),
}


class TestRoles:
    @pytest.mark.parametrize("page", LISTS)
    @pytest.mark.parametrize(
        "role", ["registration", "clinic", "radiology", "privacy", "integration", "admin"]
    )
    def test_page_is_for_its_roles_only(self, page: str, role: str) -> None:
        """R14"""
        status = signed_in(role).get(f"/staff/{page}/").status_code
        assert status == (200 if role in (*LISTS[page], "admin") else 403)

    @pytest.mark.parametrize("role", ["privacy", "integration", "radiology"])
    def test_search_is_for_the_desk(self, role: str, anna: Patient) -> None:
        client = signed_in(role)
        assert str(anna.pk) not in find(client, wanted="MRN-1")
        assert client.get(f"/staff/patients/{anna.pk}/").status_code == 403

    @pytest.mark.parametrize(
        "path", ["", "patients/00000000-0000-7000-8000-000000000000/", *(f"{page}/" for page in LISTS)]
    )
    def test_nobody_gets_to_the_login(self, path: str) -> None:
        response = Client().get(f"/staff/{path}")
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/login/")

    def test_patients_do_not_exist_here(self, anna: Patient) -> None:
        client = Client()
        assert anna.account is not None
        client.force_login(anna.account, backend="klisza.accounts.backend.ById")
        assert client.get("/staff/").status_code == 302


class TestLists:
    def test_unmatched_study_with_its_reason(self, clerk: Client) -> None:
        now = timezone.now()
        study = Study.objects.create(
            study_instance_uid="1.2.3",
            issuer="local",
            patient_id="X1",
            received_at=now,
            last_received_at=now,
            settles_at=now,
        )
        StudyIntake.objects.create(
            study=study, revision=1, outcome="unmatched", reason="unknown_patient", at=now
        )
        page = clerk.get("/staff/studies/").content.decode()
        assert "No patient with this identifier is known" in page
        assert "X1" in page

    def test_object_put_aside_with_its_reason(self, clerk: Client) -> None:
        Quarantined.objects.create(
            kind="unreadable",
            reason="truncated <data>",
            sha256="0" * 64,
            source="CT1",
            received_at=timezone.now(),
            seen=3,
        )
        page = clerk.get("/staff/objects/").content.decode()
        assert "truncated &lt;data&gt;" in page
        assert "3 times" in page

    def test_refused_association(self) -> None:
        RefusedAssociation.objects.create(
            at=timezone.now(), calling_ae_title="EVIL", address="10.0.0.9", reason="unknown"
        )
        assert "EVIL" in signed_in("integration").get("/staff/associations/").content.decode()

    def test_desk_task_in_words(self, clerk: Client) -> None:
        patients.upsert_patient(
            identifiers=[("local", "MRN-2")],
            family_name="Bez",
            given_name="Adresu",
            birth_date=date(1960, 1, 1),
            by=SYSTEM,
        )
        page = clerk.get("/staff/tasks/").content.decode()
        assert "E-mail address is missing" in page

    def test_failed_message_without_its_address(self, clerk: Client) -> None:
        now = timezone.now()
        Message.objects.create(
            channel="mail",
            kind="notice",
            sealed=b"",
            state="failed",
            created_at=now,
            due_at=now,
            finished_at=now,
            fault="smtp 550",
        )
        page = clerk.get("/staff/messages/").content.decode()
        assert "smtp 550" in page
        assert "Note about a new result" in page


def test_the_roles_are_those_of_the_manual() -> None:
    """docs/operations/staff.md"""
    text = (ROOT / "docs" / "operations" / "staff.md").read_text()
    head, *rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    written = {}
    for row in rows:
        name = row[0].split("`")[1]
        roles = {head[place].strip() for place, cell in enumerate(row) if cell.strip() == "x"}
        written[name] = roles
    assert written == {name: set(roles) for name, roles in READERS.items()}
