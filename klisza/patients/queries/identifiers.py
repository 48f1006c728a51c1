"""Whose an identifier of a message is: (issuer, value), under every name the issuer has here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from klisza.patients import pesel
from klisza.patients.models import IssuerAlias, Patient, PatientIdentifier
from klisza.standards.hl7v2.facts import Identifier

from .people import aliases, survivor

ISSUER_LENGTH, VALUE_LENGTH = 128, 128
# A number that claims to be a PESEL and is none leads to nobody but the one who said it, and alone.
UNPROVEN = "not-a-pesel"


@dataclass(frozen=True)
class Form:
    """One row an identifier stands in. stands_for: the universal id a namespace was written beside."""

    issuer: str
    value: str
    kind: str = ""
    stands_for: str = ""

    @property
    def is_proof(self) -> bool:
        return not self.issuer.startswith(UNPROVEN)


def issuers_of(identifier: Identifier, *, default: str) -> tuple[str, ...]:
    """Every issuer under which this identifier may stand, the strongest first."""
    return tuple(form.issuer for form in forms_of(identifier, default=default))


def forms_of(identifier: Identifier, *, default: str) -> tuple[Form, ...]:
    """The rows of one CX or EI: under the universal id, under the namespace beside it, under confirmed aliases.

    default: issuer of an identifier that names none. Empty for an identifier without value.
    """
    value = identifier.value.strip()[:VALUE_LENGTH]
    if not value:
        return ()
    if _claims_pesel(identifier):
        issuer = pesel.ISSUER if pesel.is_valid(value) else f"{UNPROVEN}:{default}"[:ISSUER_LENGTH]
        return (Form(issuer, value, pesel.KIND),)
    kind = identifier.kind.strip()[:16]
    universal, namespace = _names(identifier, default)
    known = _aliases([universal, namespace])
    names = dict.fromkeys([universal, *_confirmed(universal, known)])
    forms = {name: Form(name, value, kind) for name in names}
    if namespace and namespace not in forms and not _means_two(namespace, universal, known):
        forms[namespace] = Form(namespace, value, kind, stands_for=universal)
    return tuple(forms.values())


def believable(
    identifiers: Iterable[Identifier], birth_date: date | None, *, default_issuer: str
) -> tuple[Identifier, ...]:
    """A PESEL of somebody born on another day, such as the mother's on her newborn, proves nothing here."""
    return tuple(
        Identifier(each.value, issuer=f"{UNPROVEN}:{default_issuer}"[:ISSUER_LENGTH])
        if birth_date and _is_of_another_day(each, birth_date)
        else each
        for each in identifiers
    )


def _is_of_another_day(identifier: Identifier, birth_date: date) -> bool:
    value = identifier.value.strip()
    return _claims_pesel(identifier) and pesel.is_valid(value) and pesel.birth_date(value) != birth_date


def find_person(identifiers: Iterable[Identifier], *, default_issuer: str) -> Patient | None:
    """The person a message is about: of the first identifier that is known, after all merges.

    None also for a record that only a merge has named so far: nobody knows who that is.
    """
    found = record_for(identifiers, default_issuer)
    return survivor(found) if found else None


def record_for(identifiers: Iterable[Identifier], default_issuer: str) -> Patient | None:
    """The very record the identifier stands on, merged or not: what a message brings belongs to it, so that a
    merge can be undone.
    """
    found = next(iter(records(forms(identifiers, default_issuer))), None)
    return found if found and survivor(found).family_name else None


def forms(identifiers: Iterable[Identifier], default_issuer: str) -> list[Form]:
    """All rows of all identifiers in their order; what proves nothing comes last."""
    found = [form for each in identifiers for form in forms_of(each, default=default_issuer)]
    return sorted(dict.fromkeys(found), key=lambda form: not form.is_proof)


def records(wanted: Iterable[Form]) -> list[Patient]:
    """The records these rows lead to, in their order. What proves nothing counts only where nothing else is."""
    rows = list(wanted)
    proofs = [form for form in rows if form.is_proof]
    found: dict[object, Patient] = {}
    for form in proofs or rows:
        row = _row(form)
        if row is not None:
            found.setdefault(row.patient_id, row.patient)
    return list(found.values())


def persons_of(identifiers: Iterable[Identifier], default_issuer: str) -> list[Patient]:
    """More than one: the identifiers of one PID belong to different persons."""
    persons = {person.pk: person for person in map(survivor, records(forms(identifiers, default_issuer)))}
    return list(persons.values())


def is_contradicted(identifiers: Iterable[Identifier], person: Patient, *, default_issuer: str) -> bool:
    """Some of these lead to somebody else, or there is a PESEL among them and this person has only another one.

    person: the survivor.
    """
    wanted = forms(identifiers, default_issuer)
    if any(survivor(record).pk != person.pk for record in records(wanted)):
        return True
    said = {form.value for form in wanted if form.issuer == pesel.ISSUER}
    own = PatientIdentifier.objects.filter(patient__in=aliases(person), issuer=pesel.ISSUER)
    on_file = set(own.values_list("value", flat=True))
    return bool(said and on_file and not said & on_file)


def aliases_of_issuers() -> list[IssuerAlias]:
    return list(IssuerAlias.objects.order_by("namespace", "issuer"))


def _row(form: Form) -> PatientIdentifier | None:
    """A namespace that was said beside another universal id leads elsewhere: two authorities use the word."""
    row = (
        PatientIdentifier.objects.select_related("patient")
        .filter(issuer=form.issuer, value=form.value)
        .first()
    )
    if row and form.stands_for and row.stands_for not in ("", form.stands_for):
        return None
    return row


def _claims_pesel(identifier: Identifier) -> bool:
    named = {identifier.issuer.strip().upper(), identifier.namespace.strip().upper()}
    return bool(named & {pesel.ISSUER, pesel.NAMESPACE}) or identifier.kind == pesel.KIND


def _names(identifier: Identifier, default: str) -> tuple[str, str]:
    issuer, namespace = (text.strip()[:ISSUER_LENGTH] for text in (identifier.issuer, identifier.namespace))
    universal = issuer or namespace or default
    return universal, "" if namespace == universal else namespace


def _aliases(names: list[str]) -> list[IssuerAlias]:
    wanted = [name for name in names if name]
    return list(
        IssuerAlias.objects.filter(namespace__in=wanted) | IssuerAlias.objects.filter(issuer__in=wanted)
    )


def _confirmed(name: str, known: list[IssuerAlias]) -> list[str]:
    """The other names of this authority, one step away: staff name every pair."""
    pairs = [(alias.namespace, alias.issuer) for alias in known if alias.is_confirmed]
    others = [issuer for namespace, issuer in pairs if namespace == name]
    others += [namespace for namespace, issuer in pairs if issuer == name]
    return sorted(others)


def _means_two(namespace: str, universal: str, known: list[IssuerAlias]) -> bool:
    return any(alias.namespace == namespace and alias.issuer != universal for alias in known)
