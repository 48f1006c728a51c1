"""One authority under several names, two authorities under one, and numbers that only look like a PESEL."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from django.core.management import CommandError, call_command

from klisza.patients import pesel, queries
from klisza.patients.models import Patient, PatientIdentifier
from klisza.patients.services import confirm_alias, upsert_person
from klisza.standards.hl7v2.facts import Identifier, Person

from .people import RIS, said_at, tasks

pytestmark = pytest.mark.django_db

NAMESPACE = Identifier("000123", issuer="SZP01", namespace="SZP01")
BOTH = Identifier("000123", issuer="1.2.3.4.5", namespace="SZP01")
OTHER = Identifier("000123", issuer="9.8.7", namespace="SZP01")


def adt(*identifiers: Identifier, minute: int = 1) -> Patient:
    return upsert_person(
        person=Person(identifiers=identifiers, family_name="Kowalska", given_name="Ewa"),
        stamp=said_at(minute),
        default_issuer="local",
        by=RIS,
    )


def rows() -> set[tuple[str, str]]:
    return set(PatientIdentifier.objects.values_list("issuer", "value"))


@pytest.mark.parametrize("order", list(permutations((NAMESPACE, BOTH))))
def test_namespace_and_universal_id_are_one_person(order: tuple[Identifier, ...]) -> None:
    assert len({adt(identifier).pk for identifier in order}) == 1
    assert rows() == {("1.2.3.4.5", "000123"), ("SZP01", "000123")}


@pytest.mark.parametrize("order", list(permutations((BOTH, OTHER))))
def test_one_namespace_never_joins_two_universal_ids_r60(order: tuple[Identifier, ...]) -> None:
    assert len({adt(identifier).pk for identifier in order}) == 2
    assert rows() == {("1.2.3.4.5", "000123"), ("9.8.7", "000123")}
    assert queries.find_person([NAMESPACE], default_issuer="local") is None


def test_identifier_without_issuer_is_the_senders() -> None:
    person = adt(Identifier("7"))
    assert queries.find_person([Identifier("7", issuer="local")], default_issuer="x") == person
    assert queries.find_person([Identifier("7")], default_issuer="other") is None


def test_confirmed_alias_leads_both_ways() -> None:
    person = adt(Identifier("1", issuer="SZP01"))
    assert confirm_alias(namespace="SZP01", issuer="1.2.3", by=RIS).rows == 1
    assert queries.find_person([Identifier("1", issuer="1.2.3")], default_issuer="local") == person
    later = adt(Identifier("2", issuer="1.2.3"))
    assert queries.find_by_identifier("SZP01", "2") == later


def test_confirmed_alias_joins_nobody() -> None:
    one, two = adt(Identifier("1", issuer="SZP01")), adt(Identifier("1", issuer="1.2.3"))
    assert confirm_alias(namespace="SZP01", issuer="1.2.3", by=RIS).conflicts == 1
    assert "identifiers_of_two" in tasks(one) & tasks(two)
    assert Patient.objects.filter(survivor=None).count() == 2


@pytest.mark.parametrize(
    "number", ["80030712348", "44051401359", "00000000000", "44444444444", "1234", "8003071234x"]
)
def test_check_digit_and_day_decide_about_a_pesel(number: str) -> None:
    assert pesel.is_valid(number) == (number == "44051401359")


def test_pesel_tells_day_and_sex() -> None:
    assert pesel.birth_date("44051401359") == date(1944, 5, 14)
    assert pesel.sex("44051401359") == "M"


def test_pesel_has_one_issuer_however_it_is_written() -> None:
    for written in (
        Identifier("44051401359", issuer=pesel.ISSUER, namespace="PESEL"),
        Identifier("44051401359", issuer="PESEL", namespace="PESEL"),
        Identifier("44051401359", kind="NNPOL"),
    ):
        assert queries.issuers_of(written, default="local") == (pesel.ISSUER,)


def test_false_pesel_joins_nobody() -> None:
    false = Identifier("00000000000", issuer=pesel.ISSUER)
    one, two = adt(Identifier("1"), false), adt(Identifier("2"), false)
    assert one.pk != two.pk
    assert queries.find_person([Identifier("3"), false], default_issuer="local") is None


def test_identifiers_of_two_persons_join_nothing() -> None:
    one, two = adt(Identifier("1")), adt(Identifier("2"))
    third = adt(Identifier("1"), Identifier("2"), Identifier("3"), minute=2)
    assert third.pk == one.pk
    assert "identifiers_of_two" in tasks(one) & tasks(two)
    assert ("local", "3") not in rows()


def test_command_confirms_and_lists_names(capsys: pytest.CaptureFixture[str]) -> None:
    adt(BOTH)
    adt(Identifier("2", issuer="1.2.3.4.5"))
    call_command("issuer", "alias", "SZP01", "1.2.3.4.5")
    call_command("issuer", "list")
    assert capsys.readouterr().out.splitlines() == [
        "1 identifiers now stand under both names",
        "SZP01  1.2.3.4.5  confirmed",
    ]
    with pytest.raises(CommandError):
        call_command("issuer", "alias", "SZP01", "SZP01")
