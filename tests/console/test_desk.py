"""The registration desk: finding, the account in words, why nothing is seen, contact data, slip (S7, S16, S68)."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.accounts.models import Account, ClosingRequest, Factor, ResetRequest
from klisza.accounts.session import FRESH
from klisza.archive.models import Quarantined
from klisza.audit.models import AuditEvent
from klisza.examinations import queries, services
from klisza.examinations.models import Examination, StudyIntake
from klisza.notifications.jobs import run_mail
from klisza.notifications.models import Message
from klisza.patients import pesel
from klisza.patients import services as patients
from klisza.patients.models import Grant, Patient, PatientIdentifier
from tests.accounts.people import outbox
from tests.examinations.given import SCRIPT, a_patient, a_report, a_study, an_examination
from tests.notifications.test_mail import Sink, sink  # noqa: F401 - a fixture
from tests.patients.carers import a_child

from .desk import allowed, audited, page, signed_in

pytestmark = pytest.mark.django_db
PESEL = "58032100023"
ENTRY = {"email": "nowa@example.org", "mobile": "600 100 777", "document": "passport", "reference": "1234"}
CHECKED = {"reason": "dowód osobisty obejrzany", "checked": "on"}


@pytest.fixture
def clerk() -> Client:
    return signed_in("registration")


@pytest.fixture
def anna() -> Patient:
    return a_patient("MRN-1")


def find(client: Client, wanted: str) -> str:
    answer = client.post("/staff/desk/", {"wanted": wanted})
    assert answer.status_code == 200
    return answer.content.decode()


def card(client: Client, patient: Patient) -> str:
    return re.sub(r"\s+", " ", page(client, f"/staff/patients/{patient.pk}/"))


def account_of(patient: Patient, **columns: Any) -> Account:
    Account.objects.filter(pk=patient.account_id).update(**columns)
    return Account.objects.get(pk=patient.account_id)


class TestFinding:
    @pytest.mark.parametrize(
        "wanted",
        [
            "MRN-1",
            PESEL,
            "580321 00023",
            "Kowalczyk 21.03.1958",
            "1958-03-21 kowalczyk",
            "Anna Kowalczyk, 21/3/1958",
        ],
    )
    def test_one_field_finds_by_number_or_by_name_and_birth_date(
        self, clerk: Client, anna: Patient, wanted: str
    ) -> None:
        PatientIdentifier.objects.create(patient=anna, issuer=pesel.ISSUER, value=PESEL, kind=pesel.KIND)
        text = find(clerk, wanted)
        assert f"/staff/patients/{anna.pk}/" in text
        assert "MRN-1" in text
        assert PESEL not in text.replace(f'value="{wanted}"', "")

    def test_a_mistyped_pesel_is_told_from_an_unknown_one(self, clerk: Client) -> None:
        assert "one of its digits is wrong" in find(clerk, PESEL[:-1] + "5")
        assert "one of its digits is wrong" not in find(clerk, PESEL)

    @pytest.mark.parametrize(
        ("wanted", "fault"),
        [
            ("", "Enter a number, or the family name with the date of birth."),
            ("Kowalczyk", "Enter a number, or the family name with the date of birth."),
            ("21.03.1958", "Enter a number, or the family name with the date of birth."),
            ("Kowalczyk 31.02.1958", "There is no such day in the calendar."),
        ],
    )
    def test_half_a_question_is_sent_back(
        self, clerk: Client, anna: Patient, wanted: str, fault: str
    ) -> None:
        text = find(clerk, wanted)
        assert fault in text
        assert str(anna.pk) not in text

    def test_what_was_typed_is_in_no_address_and_no_log(self, clerk: Client, anna: Patient) -> None:
        find(clerk, "Kowalczyk 21.03.1958")
        event = AuditEvent.objects.get(action="staff.searched")
        assert not re.search(r"Kowalczyk|1958", event.reason)
        assert "Nobody" not in clerk.get("/staff/desk/?wanted=MRN-1").content.decode()
        assert audited("staff.searched") == 1

    def test_who_may(self) -> None:
        """R14"""
        assert allowed("/staff/desk/") == ["registration", "admin"]


class TestTheAccountInWords:
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({}, "There is no e-mail address."),
            ({"email": "a@example.org"}, "There is no mobile number."),
            ({"email": "a@example.org", "mobile": "+4917112345678"}, "No codes can be sent to the telephone"),
            ({"birth_date": date(2015, 1, 1)}, "Too young for an own account"),
            ({"restricted_reason": "deleted"}, "The hospital keeps this record back."),
            ({"is_dead": True}, "The patient has died."),
            ({"email": "a@example.org", "mobile": "+48600100777", "is_quiet": True}, "invites its patients"),
        ],
    )
    def test_says_why_there_is_none(self, clerk: Client, fields: dict[str, Any], words: str) -> None:
        assert words in card(clerk, a_patient(account=False, **fields))

    def test_says_what_the_policy_waits_for(self, clerk: Client, settings: SettingsWrapper) -> None:
        settings.ACCOUNT_POLICY = "with-first-visible-examination"
        anna = a_patient(account=False, email="a@example.org", mobile="+48600100777")
        assert "with the first examination that can be looked at" in card(clerk, anna)
        an_examination(anna)
        assert "the account appears within minutes" in card(clerk, anna)

    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"state": "new"}, "The temporary password was sent by e-mail."),
            (
                {"state": "new", "temporary_until": timezone.now() - timedelta(1)},
                "the temporary password has expired",
            ),
            ({"state": "locked", "lock_cause": "passwords"}, "Too many wrong passwords."),
            ({"state": "locked", "lock_cause": "codes"}, "somebody may know the password"),
            ({"state": "locked", "lock_cause": "guardian"}, "Enter the person&#x27;s own e-mail and mobile"),
            ({"state": "closed", "lock_cause": "merge"}, "Put aside when two records were joined"),
            ({"state": "closed"}, "closed as its owner wished"),
        ],
    )
    def test_says_how_it_stands(
        self, clerk: Client, anna: Patient, columns: dict[str, Any], words: str
    ) -> None:
        account_of(anna, locked_at=timezone.now(), **columns)
        assert words in card(clerk, anna)

    def test_says_when_it_closes_and_what_became_of_mail_and_code(self, clerk: Client, anna: Patient) -> None:
        now = timezone.now()
        assert anna.account
        ClosingRequest.objects.create(account=anna.account, asked_at=now, due_at=now + timedelta(7))
        for channel, kind, more in (
            ("mail", "account", {"bounced_at": now}),
            ("sms", "code", {"state": "sent", "finished_at": now}),
        ):
            Message.objects.create(
                channel=channel,
                kind=kind,
                sealed=b"",
                created_at=now,
                due_at=now,
                account_id=anna.account_id,
                **more,
            )
        text = card(clerk, anna)
        assert "it closes by itself on" in text
        assert "First letter with the temporary password: came back" in text
        assert "ask for the right e-mail address" in text
        assert re.search(r"Last code</dt><dd>sent \d", text)
        assert "codes by text message" in text


class TestWhyNothingIsSeen:
    """Each line is the release engine's own answer (N10, R64); `closed` is what the gate says of the same row."""

    def line(self, client: Client, patient: Patient) -> str:
        found = re.search(r'id="seen".*?</section>', card(client, patient))
        assert found
        return found.group()

    def test_no_examination_at_all(self, clerk: Client, anna: Patient) -> None:
        assert "sees nothing: the portal knows no examination" in self.line(clerk, anna)

    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"state": "new"}, "has seen nothing yet: nobody has ever logged in"),
            ({"state": "locked", "lock_cause": "passwords"}, "sees nothing: the account is locked"),
            ({}, "1 examination of 1 stands in the patient&#x27;s list"),
        ],
    )
    def test_one_line_for_the_counter(
        self, clerk: Client, anna: Patient, columns: dict[str, Any], words: str
    ) -> None:
        an_examination(anna)
        account_of(anna, **columns)
        assert words in self.line(clerk, anna)

    def test_one_line_when_all_is_kept_back(
        self, clerk: Client, anna: Patient, settings: SettingsWrapper
    ) -> None:
        row = an_examination(anna)
        services.hold(examination=row, subject="both", reason="first the talk", by=SCRIPT)
        assert "sees the list of examinations, but no images and no report yet" in self.line(clerk, anna)
        settings.SHOW_FROM = date(2026, 11, 21)
        assert "none of the examinations below is shown" in self.line(clerk, anna)
        assert "sees nothing: there is no account" in self.line(clerk, a_patient(account=False))

    def test_all_is_there(self, clerk: Client, anna: Patient) -> None:
        an_examination(anna, accession_number="ACC1")
        a_report(anna)
        assert "The patient sees images and report." in self.line(clerk, anna)

    def test_the_report_is_missing(self, clerk: Client, anna: Patient) -> None:
        an_examination(anna)
        assert "Images: seen by the patient. Report: none." in self.line(clerk, anna)

    def test_before_the_cut_off(self, clerk: Client, anna: Patient, settings: SettingsWrapper) -> None:
        an_examination(anna)
        settings.SHOW_FROM = date(2026, 11, 21)
        assert "the portal shows examinations from 21.11.2026 on" in self.line(clerk, anna)

    def test_held_by_the_clinic(self, clerk: Client, anna: Patient) -> None:
        row = an_examination(anna)
        services.hold(examination=row, subject="images", reason="first the talk", by=SCRIPT)
        text = self.line(clerk, anna)
        assert "Images: here; not shown yet: held back by the clinic." in text
        assert "first the talk" not in text

    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"report_from": timezone.now() + timedelta(3), "report_why": "days"}, "shown from"),
            ({"report_from": None, "report_why": "clinician"}, "the clinic releases it, by the rules"),
            ({"report_from": None, "report_why": "patient_wish"}, "wants to be told after the visit"),
            (
                {"shown_kind": False, "visible": False},
                "a rule says that examinations of this kind are not shown",
            ),
            ({"state": "cancelled", "visible": False}, "it was cancelled"),
            ({"hidden_reason": "moved", "visible": False}, "nobody has looked yet"),
            ({"images": "withdrawn", "visible": False}, "neither images nor a report nor an order is there"),
        ],
    )
    def test_one_reason_of_the_engine(
        self, clerk: Client, anna: Patient, columns: dict[str, Any], words: str
    ) -> None:
        row = an_examination(anna)
        Examination.objects.filter(pk=row.pk).update(**columns)
        assert words in self.line(clerk, anna)

    def test_agrees_with_the_gate(self, anna: Patient, settings: SettingsWrapper) -> None:
        settings.SHOW_FROM = date(2026, 11, 20)
        settings.SHOW_PLANNED = False
        now = timezone.now()
        for columns in (
            {}, {"shown_kind": False}, {"hidden_reason": "moved"}, {"visible": False},
            {"performed_at": now - timedelta(900)}, {"state": "planned", "images": "none"},
        ):  # fmt: skip
            values = {
                "images": "available",
                "images_from": now,
                "visible": True,
                "performed_at": now,
            } | columns
            Examination.objects.create(
                patient=anna, kind="MR", issuer="local", created_at=now, updated_at=now, **values
            )
        judged = queries.with_closed_doors(Examination.objects.all())
        assert {row.pk for row, door in judged if not door} == {row.pk for row in queries.open_now()}
        assert sorted(door for _, door in judged) == ["", "cut_off", "hidden", "kind", "nothing", "planned"]

    def test_images_that_wait_to_be_matched(self, clerk: Client, anna: Patient) -> None:
        study = a_study(anna)
        StudyIntake.objects.create(
            study=study, revision=1, outcome="unmatched", reason="name_differs", at=timezone.now()
        )
        Quarantined.objects.create(
            kind="same_study_other_patient", reason="", sha256="0" * 64, source="CT1", study=study,
            received_at=timezone.now(),
        )  # fmt: skip
        text = self.line(clerk, anna)
        assert "1 set of images may be this patient&#x27;s and waits to be matched." in text
        assert "1 image of this patient was put aside" in text

    def test_the_desk_reads_no_titles(self, clerk: Client, anna: Patient) -> None:
        row = an_examination(anna)
        Examination.objects.filter(pk=row.pk).update(title="Biopsja piersi")
        assert "Biopsja" not in self.line(clerk, anna)
        assert "Biopsja" in self.line(signed_in("clinic"), anna)


class TestContact:
    def test_entered_it_brings_the_account(self, clerk: Client) -> None:
        """M0.3, S7: at-once policy; the mail goes out by itself."""
        anna = a_patient(account=False)
        answer = clerk.post(f"/staff/patients/{anna.pk}/contact/", ENTRY)
        assert answer.status_code == 302
        anna.refresh_from_db()
        assert anna.account
        assert (anna.account.email, anna.account.mobile) == ("nowa@example.org", "+48600100777")
        assert outbox("mail")[-1]["to"] == "nowa@example.org"
        assert AuditEvent.objects.get(action="patient.contact_entered").reason == "passport, 1234"

    def test_the_accounts_mail_arrives(self, clerk: Client, sink: Sink) -> None:  # noqa: F811
        """S9: by SMTP, with user name and temporary password; the page then says that it was sent."""
        anna = a_patient(account=False)
        clerk.post(f"/staff/patients/{anna.pk}/contact/", ENTRY)
        assert run_mail() == 1
        anna.refresh_from_db()
        assert anna.account
        mail = sink.parsed()[0]
        body = mail.get_body(("plain",))
        assert str(mail["To"]) == "nowa@example.org"
        assert body is not None
        assert anna.account.user_name in body.get_content()
        assert "First letter with the temporary password: sent" in card(clerk, anna)

    def test_moves_an_account_nobody_has_used(self, clerk: Client) -> None:
        anna = a_patient(account=False)
        clerk.post(f"/staff/patients/{anna.pk}/contact/", ENTRY)
        now = timezone.now()
        anna.refresh_from_db()
        Message.objects.update(bounced_at=now)
        clerk.post(
            f"/staff/patients/{anna.pk}/contact/", {**ENTRY, "email": "lepsza@example.org", "mobile": ""}
        )
        assert anna.account
        anna.account.refresh_from_db()
        assert (anna.account.email, anna.account.mobile) == ("lepsza@example.org", "+48600100777")
        assert outbox("mail")[-1]["to"] == "lepsza@example.org"
        assert not Message.objects.filter(bounced_at=now, bounce_done_at=None).exists()

    @pytest.mark.parametrize(
        "change",
        [
            {"document": ""},
            {"reference": ""},
            {"email": "", "mobile": ""},
            {"mobile": "+4917112345678"},
            {"email": "x"},
        ],
    )
    def test_nothing_happens_without(self, clerk: Client, change: dict[str, str]) -> None:
        anna = a_patient(account=False)
        assert clerk.post(f"/staff/patients/{anna.pk}/contact/", {**ENTRY, **change}).status_code == 400
        anna.refresh_from_db()
        assert (anna.email, anna.account_id) == ("", None)

    def test_of_a_child_is_not_entered(self, clerk: Client) -> None:
        child = a_child()
        assert "too young" in page(clerk, f"/staff/patients/{child.pk}/contact/")
        assert clerk.post(f"/staff/patients/{child.pk}/contact/", ENTRY).status_code == 404

    def test_needs_a_second_factor_of_now(self, clerk: Client, anna: Patient) -> None:
        """T-102"""
        session = clerk.session
        session[FRESH] = 0
        session.save()
        for path in ("contact/", "factors/"):
            answer = clerk.get(f"/staff/patients/{anna.pk}/{path}")
            assert (answer.status_code, urlsplit(answer["Location"]).path) == (302, "/account/confirm/")

    def test_who_may(self, anna: Patient) -> None:
        """R14"""
        assert allowed(f"/staff/patients/{anna.pk}/contact/") == ["registration", "admin"]


class TestButtons:
    def test_an_account_is_made_at_once_where_only_the_policy_waits(
        self, clerk: Client, settings: SettingsWrapper
    ) -> None:
        settings.ACCOUNT_POLICY = "invited"
        anna = a_patient(account=False, email="a@example.org", mobile="+48600100777")
        path = f"/staff/patients/{anna.pk}/account/"
        assert path in card(clerk, anna)
        assert path not in card(clerk, a_patient(account=False))
        assert path not in card(signed_in("clinic"), anna)
        assert signed_in("clinic").post(path).status_code == 403
        clerk.post(path)
        anna.refresh_from_db()
        assert anna.account_id

    def test_an_expired_password_is_issued_anew(self, clerk: Client, anna: Patient) -> None:
        """M8.5"""
        account_of(anna, state="new", temporary_until=timezone.now() - timedelta(1))
        clerk.post(f"/staff/patients/{anna.pk}/password/")
        assert account_of(anna).temporary_until > timezone.now()  # type: ignore[operator]
        assert audited("account.reissued") == 1

    def test_a_link_is_sent_as_if_the_patient_had_asked(self, clerk: Client, anna: Patient) -> None:
        assert clerk.post(f"/staff/patients/{anna.pk}/link/").status_code == 302
        assert ResetRequest.objects.count() == 1
        account_of(anna, state="locked")
        assert clerk.post(f"/staff/patients/{anna.pk}/link/").status_code == 404

    def test_a_guardians_lock_is_explained_not_opened(self, clerk: Client, anna: Patient) -> None:
        """R66: on the 18th birthday the account waits for the person's own addresses."""
        account_of(anna, state="locked", lock_cause="guardian", locked_at=timezone.now())
        answer = clerk.post(f"/staff/patients/{anna.pk}/unlock/", CHECKED)
        assert answer.status_code == 400
        text = answer.content.decode()
        assert "Enter the person&#x27;s own e-mail and mobile number first." in text
        assert account_of(anna).state == "locked"
        assert "/unlock/" not in card(clerk, anna)
        assert f"/staff/patients/{anna.pk}/slip/" not in card(clerk, anna)

    def test_lost_factors_are_removed_after_a_check(self, clerk: Client, anna: Patient) -> None:
        path = f"/staff/patients/{anna.pk}/factors/"
        assert clerk.get(path).status_code == 404
        Factor.objects.create(
            account=anna.account,
            kind="totp",
            sealed=b"",
            created_at=timezone.now(),
            confirmed_at=timezone.now(),
        )
        assert "1 authenticator app" in card(clerk, anna)
        assert path in card(clerk, anna)
        assert clerk.post(path, {**CHECKED, "checked": ""}).status_code == 400
        assert Factor.objects.exists()
        assert clerk.post(path, CHECKED).status_code == 302
        assert not Factor.objects.exists()
        event = AuditEvent.objects.get(action="factor.reset")
        assert (event.patient_id, event.reason) == (anna.pk, CHECKED["reason"])
        assert allowed(path.replace("factors", "slip")) == ["registration", "admin"]

    def test_of_two_accounts_the_one_put_aside_has_no_slip(self, clerk: Client, anna: Patient) -> None:
        other = a_patient()
        patients.merge(survivor=anna, other=other, by=SCRIPT)
        assert card(clerk, anna).count(f"/staff/patients/{anna.pk}/slip/") == 1


class TestTheSlip:
    def test_holds_address_user_name_and_picture_only(
        self, clerk: Client, anna: Patient, settings: SettingsWrapper
    ) -> None:
        settings.PUBLIC_URL = "https://portal.szpital.example"
        PatientIdentifier.objects.create(patient=anna, issuer=pesel.ISSUER, value=PESEL, kind=pesel.KIND)
        account = account_of(anna, language="pl")
        text = page(clerk, f"/staff/patients/{anna.pk}/slip/")
        slip = text[text.index('<section class="slip') :]
        assert all(word in slip for word in (account.user_name, settings.PUBLIC_URL, "<svg", 'lang="pl"'))
        assert not re.search(
            r"style=|Kowalczyk|MRN-1|p\d+@|\+48600|" + PESEL, slip[: slip.index("</section>")]
        )
        assert audited("account.slip_shown") == 1
        assert resolve("/instruction/", urlconf="klisza.config.urls")

    def test_of_an_account_that_does_not_open_there_is_none(self, clerk: Client, anna: Patient) -> None:
        account_of(anna, state="closed")
        assert clerk.get(f"/staff/patients/{anna.pk}/slip/").status_code == 404
        other = a_patient(account=False)
        assert clerk.get(f"/staff/patients/{other.pk}/slip/").status_code == 404


class TestCarersOfChosenExaminations:
    FIELDS = {
        "kind": "authorised", "carer_name": "Jan Zięba", "email": "jan@example.org", "mobile": "600 300 400",
        "scope": "chosen", "document": "authorisation", "reference": "1234",
    }  # fmt: skip

    def test_see_these_and_no_other(self, clerk: Client, anna: Patient) -> None:
        """N11: one examination"""
        chosen, other = an_examination(anna), an_examination(anna)
        path = f"/staff/patients/{anna.pk}/carers/"
        assert clerk.post(path, self.FIELDS).status_code == 400
        foreign = an_examination(a_patient())
        assert clerk.post(path, {**self.FIELDS, "chosen": str(foreign.pk)}).status_code == 400
        assert clerk.post(path, {**self.FIELDS, "chosen": str(chosen.pk)}).status_code == 302
        grant = Grant.objects.get()
        assert [row.examination_id for row in grant_rows(grant)] == [chosen.pk] != [other.pk]
        assert "chosen examinations (1)" in page(clerk, path)

    def test_are_not_offered_where_nothing_can_be_chosen(self, clerk: Client, anna: Patient) -> None:
        assert 'value="chosen"' not in page(clerk, f"/staff/patients/{anna.pk}/carers/")


def grant_rows(grant: Grant) -> list[Any]:
    from klisza.examinations.models import GrantedExamination

    return list(GrantedExamination.objects.filter(grant=grant))
