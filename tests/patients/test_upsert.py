"""Patients and the account that follows from them (S7, S8)."""

from __future__ import annotations

from datetime import date

import pytest
import time_machine

from klisza.accounts.models import Account
from klisza.accounts.services import passwords
from klisza.base.errors import BadMessage
from klisza.patients import queries
from klisza.patients.ages import age
from klisza.patients.models import Patient, PatientIdentifier
from tests.accounts.people import outbox, temporary_password

from .people import EMAIL, MOBILE, patient, reachable, tasks

pytestmark = pytest.mark.django_db


def test_account_arises_with_both_addresses_s7() -> None:
    found = reachable()
    assert found.account is not None
    assert found.account.mobile == "+48600100200"
    assert [mail["to"] for mail in outbox("mail")] == [EMAIL]
    assert tasks(found) == set()


def test_missing_address_added_later_is_enough_s7() -> None:
    first = patient(email=EMAIL)
    assert first.account is None
    assert tasks(first) == {"no_mobile"}
    second = patient(mobile=MOBILE)
    assert second.account is not None
    assert tasks(second) == set()


def test_many_messages_make_one_account_s7() -> None:
    for _message in range(5):
        reachable()
    assert Account.objects.count() == 1
    assert Patient.objects.count() == 1
    assert len(outbox("mail")) == 1


def test_two_patients_may_share_an_address_r12() -> None:
    first, second = reachable("1001"), reachable("1002", given_name="Jan")
    assert first.account != second.account
    assert len({account.user_name for account in Account.objects.all()}) == 2


def test_nobody_under_eighteen_gets_an_account() -> None:
    child = reachable(birth_date=date(2015, 1, 1))
    assert child.account is None
    assert tasks(child) == {"under_age"}


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("22 622 00 00", "number_not_allowed"),
        ("+49 1511 2345678", "number_not_allowed"),
        ("abc", "no_mobile"),
    ],
)
def test_number_without_codes_is_a_task(number: str, kind: str) -> None:
    found = patient(email=EMAIL, mobile=number)
    assert found.account is None
    assert tasks(found) == {kind}


@pytest.mark.parametrize("number", ["600100200", "+48 600-100-200", "0048600100200", "(600) 100 200"])
def test_every_written_form_is_one_number(number: str) -> None:
    assert patient(mobile=number).mobile == "+48600100200"


@pytest.mark.parametrize("email", ["a@b.pl\nBcc:c@d.pl", "a@b.pl,c@d.pl", "nic", "a b@c.pl"])
def test_address_with_tricks_is_none_r34(email: str) -> None:
    found = patient(email=email, mobile=MOBILE)
    assert (found.email, found.account) == ("", None)
    assert tasks(found) == {"no_email"}


def test_new_account_follows_the_desk_r13() -> None:
    first = reachable()
    old = temporary_password()
    second = reachable(email="ewa.nowa@example.org")
    assert second.account is not None
    assert second.account.pk == first.account_id
    assert second.account.email == "ewa.nowa@example.org"
    assert outbox("mail")[-1]["to"] == "ewa.nowa@example.org"
    assert not passwords.matches(old, second.account.password, is_temporary=True)


def test_account_in_use_keeps_its_number_r13() -> None:
    first = reachable()
    Account.objects.filter(pk=first.account_id).update(state=Account.State.ACTIVE)
    second = reachable(mobile="+48 601 111 222")
    assert second.account is not None
    assert second.account.mobile == "+48600100200"
    assert second.mobile == "+48601111222"
    assert tasks(second) == {"contact_change"}
    assert tasks(reachable(mobile=MOBILE)) == set()


def test_same_value_of_other_issuer_is_another_person() -> None:
    first = patient(identifiers=[("szpital", "000123")])
    second = patient(identifiers=[("przychodnia", "000123")])
    assert first.pk != second.pk
    assert queries.find_by_identifier("nikt", "000123") is None


def test_second_identifier_joins_the_first() -> None:
    first = patient(identifiers=[("szpital", "1")])
    second = patient(identifiers=[("szpital", "1"), ("pesel", "80030712345")])
    assert first.pk == second.pk
    assert PatientIdentifier.objects.filter(patient=first).count() == 2
    assert second.access_epoch == first.access_epoch + 1


def test_identifiers_of_two_patients_are_refused() -> None:
    patient(identifiers=[("szpital", "1")])
    patient(identifiers=[("szpital", "2")])
    with pytest.raises(BadMessage):
        patient(identifiers=[("szpital", "1"), ("szpital", "2")])


def test_names_are_trimmed_and_corrections_raise_the_epoch() -> None:
    first = patient(family_name="  Kowalska   Nowak ")
    assert first.family_name == "Kowalska Nowak"
    assert patient(family_name="Kowalska Nowak").access_epoch == first.access_epoch
    assert patient(family_name="Nowak").access_epoch == first.access_epoch + 1


def test_own_password_may_not_be_the_name() -> None:
    account = reachable(family_name="Brzęczyszczykiewicz").account
    assert account is not None
    words = passwords.words_of(account)
    assert {"Brzęczyszczykiewicz", "Brzeczyszczykiewicz", "1980"} <= set(words)


def test_unknown_contact_does_not_remove_the_known() -> None:
    reachable()
    assert patient().email == EMAIL


def test_eighteenth_birthday_counts_to_the_day_l17() -> None:
    assert age(date(2008, 11, 23), date(2026, 11, 22)) == 17
    assert age(date(2008, 11, 23), date(2026, 11, 23)) == 18
    assert age(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age(date(2008, 2, 29), date(2026, 3, 1)) == 18


def test_grown_up_gets_no_account_at_the_old_contact() -> None:
    """R66: said again after the birthday it is still what stood there before it."""
    child = reachable(birth_date=date(2009, 5, 1))
    assert child.account is None
    with time_machine.travel("2027-05-01 12:00:00Z"):
        grown = reachable(birth_date=date(2009, 5, 1))
    assert grown.account is None
    assert tasks(grown) == {"own_contact"}
