"""Brings the demo's patients, images and reports by the services that the hospital's machines end in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from klisza.accounts.models import Account
from klisza.accounts.services.staff import create_staff
from klisza.archive import services as archive
from klisza.audit.actor import SYSTEM
from klisza.examinations import services as examinations
from klisza.notifications.services import enqueue_mail
from klisza.patients import services as patients
from klisza.patients.models import Patient
from klisza.patients.queries import find_by_identifier
from klisza.questionnaires import ready
from klisza.questionnaires.models import SurveyRequest
from klisza.questionnaires.services import ask, definitions
from klisza.standards.dicom import part10

from . import people
from .prepare import fresh_uid, report_file

MARK = "loaded"


def load_once(*, say: Callable[[str], object]) -> str:
    """Load on the first start of this data folder; returns what the terminal prints then."""
    mark = settings.DATA_DIR / "demo" / MARK
    if not mark.exists():
        say("Loading the demo patients and their images ...")
        load_demo()
        mark.touch()
    return describe()


def load_demo() -> None:
    """Patients, images, reports, one survey and one clerk. A second run finds everything there and changes nothing."""
    for row in people.patients():
        patient = _patient(row)
        for examination in row["examinations"]:
            uid = _images(people.DATA / "images" / examination["folder"]) if examination["folder"] else ""
            if "report" in examination:
                _report(patient, examination, uid)
    _survey()
    _clerk()


def describe() -> str:
    """For the terminal: who may sign in and where their mails and codes appear."""
    rows = [(person.name, person.user_name or "-", person.about) for person in people.everyone()]
    lines = [f"  {name:<22} {user_name:<14} {about}" for name, user_name, about in rows]
    return "\n".join([
        f"Demo: mails with passwords and text messages with codes appear at {settings.PUBLIC_URL}/demo/",
        "Staff of the demo may sign in with a code from its phone; elsewhere they need a passkey or an app.",
        "Passkeys can be tried under the name localhost only, not under 127.0.0.1.",
        "User names:",
        *lines,
    ])  # fmt: skip


def _patient(row: dict[str, Any]) -> Patient:
    return patients.upsert_patient(
        identifiers=[(settings.ISSUER, row["mrn"])],
        family_name=row["family_name"],
        given_name=row["given_name"],
        birth_date=date.fromisoformat(row["birth_date"]),
        sex=row["sex"],
        email=row["email"],
        mobile=row["mobile"],
        language=row["language"],
        by=SYSTEM,
    )


def _images(folder: Path) -> str:
    """Store every file of one study; returns its StudyInstanceUID, which the report names."""
    for path in sorted(folder.glob("*.dcm")):
        data = path.read_bytes()
        found = part10.split(data)
        archive.store_instance(
            part10=None,
            dataset=data[found.offset :],
            transfer_syntax_uid=found.transfer_syntax_uid,
            sop_class_uid=found.sop_class_uid,
            sop_instance_uid=found.sop_instance_uid,
            source=archive.Source(name="demo", issuer=settings.ISSUER),
        )
    return fresh_uid(folder.name)


def _report(patient: Patient, examination: dict[str, Any], study_instance_uid: str) -> None:
    number = examination["accession_number"]
    examinations.file_report(
        patient=patient,
        accession_number=number,
        study_instance_uid=study_instance_uid,
        issuer=settings.ISSUER,
        pdf=(people.DATA / "reports" / report_file(examination)).read_bytes(),
        key=f"demo:{number}",
        issued_at=datetime.fromisoformat(examination["report"]["issued_at"]),
        title=examination["description"],
        source="script",
        by=SYSTEM,
    )


def _survey() -> None:
    """The hospital asks the first patient what was done elsewhere, with documents and images."""
    person = find_by_identifier(settings.ISSUER, people.patients()[0]["mrn"])
    if person is None or SurveyRequest.objects.filter(patient=person).exists():
        return
    resource = ready.resource("prior-therapy", title="", language="pl")
    questionnaire, _is_new = definitions.take_in(resource=resource, by=SYSTEM)
    definitions.describe(
        questionnaire=questionnaire, name=questionnaire.name, takes_files=True, is_standing=False, by=SYSTEM
    )
    definitions.set_state(questionnaire=questionnaire, state="active", by=SYSTEM)
    questionnaire.refresh_from_db()
    if questionnaire.current is not None:
        ask(patients=[person], version=questionnaire.current, by=SYSTEM)


def _clerk() -> None:
    """A member of staff who can unlock accounts; the temporary password comes by mail."""
    if Account.objects.filter(user_name=people.CLERK).exists():
        return
    password = create_staff(
        user_name=people.CLERK,
        roles=["registration"],
        mobile=people.CLERK_MOBILE,
        email=people.CLERK_EMAIL,
        by=SYSTEM,
    )
    context = {"user_name": people.CLERK, "password": password, "address": f"{settings.STAFF_URL}/staff/"}
    enqueue_mail(
        to=people.CLERK_EMAIL,
        language="pl",
        template="demo/mail/clerk",
        context=context,
        kind="account",
        secret=True,
    )
