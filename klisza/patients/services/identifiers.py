"""Rows of identifiers: (issuer, value) once each, under every name of the issuer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from klisza.audit.actor import Actor
from klisza.audit.services import record
from klisza.base import clock
from klisza.base.errors import Refused
from klisza.patients import queries
from klisza.patients.models import IssuerAlias, Patient, PatientIdentifier
from klisza.patients.queries import Form
from klisza.standards.hl7v2.facts import Identifier

from .tasks import open_task


def add_forms(patient: Patient, forms: Iterable[Form]) -> bool:
    """Put down what nobody has yet; True when something new leads to this patient. Raises IntegrityError when
    another process was faster.
    """
    is_new = False
    for form in forms:
        row = PatientIdentifier.objects.filter(issuer=form.issuer, value=form.value).first()
        if row is None:
            PatientIdentifier.objects.create(
                patient=patient,
                issuer=form.issuer,
                value=form.value,
                kind=form.kind,
                stands_for=form.stands_for,
            )
            is_new = True
        elif (form.kind and not row.kind) or (row.stands_for and not form.stands_for):
            row.kind = row.kind or form.kind
            row.stands_for = row.stands_for and form.stands_for  # said alone as well: a name of its own
            row.save(update_fields=["kind", "stands_for"])
    return is_new


def learn(identifiers: Iterable[Identifier]) -> None:
    """Remember which namespace was written beside which universal id.

    A namespace of two authorities means neither: what it stood for is forgotten, whichever came first.
    """
    for identifier in identifiers:
        universal, namespace = identifier.issuer.strip()[:128], identifier.namespace.strip()[:128]
        if not (universal and namespace) or universal == namespace:
            continue
        if IssuerAlias.objects.filter(namespace=namespace, issuer=universal).exists():
            continue
        with transaction.atomic():
            IssuerAlias.objects.get_or_create(
                namespace=namespace, issuer=universal, defaults={"created_at": clock.now()}
            )
            if IssuerAlias.objects.filter(namespace=namespace).count() > 1:
                PatientIdentifier.objects.filter(issuer=namespace).exclude(stands_for="").delete()


@dataclass(frozen=True)
class Joined:
    """What a confirmed alias did: rows that now stand under both names, values of two different persons."""

    rows: int
    conflicts: int


@transaction.atomic
def confirm_alias(*, namespace: str, issuer: str, by: Actor) -> Joined:
    """Staff say that both are one authority: every identifier of one stands under the other as well.

    Nobody is joined by it: a value that belongs to two persons becomes a task at both.
    Raises Refused when a name is missing or both are the same.
    """
    namespace, issuer = namespace.strip()[:128], issuer.strip()[:128]
    if not namespace or not issuer or namespace == issuer:
        raise Refused("An alias needs two different names.")
    alias, _made = IssuerAlias.objects.get_or_create(
        namespace=namespace, issuer=issuer, defaults={"created_at": clock.now()}
    )
    IssuerAlias.objects.filter(pk=alias.pk).update(is_confirmed=True)
    PatientIdentifier.objects.filter(issuer=namespace, stands_for=issuer).update(stands_for="")
    there = _copy(namespace, issuer)
    back = _copy(issuer, namespace)
    record("issuer.aliased", by=by, objects=[alias])
    return Joined(there.rows + back.rows, there.conflicts)


def _copy(source: str, target: str) -> Joined:
    taken = dict(PatientIdentifier.objects.filter(issuer=target).values_list("value", "patient_id"))
    made = conflicts = 0
    for row in PatientIdentifier.objects.filter(issuer=source).select_related("patient"):
        if row.value not in taken:
            PatientIdentifier.objects.create(
                patient=row.patient, issuer=target, value=row.value, kind=row.kind
            )
            Patient.objects.filter(pk=row.patient_id).update(updated_at=clock.now())
            made += 1
            continue
        here = queries.survivor(row.patient)
        there = queries.survivor(Patient.objects.get(pk=taken[row.value]))
        if here.pk != there.pk:
            open_task(here, "identifiers_of_two")
            open_task(there, "identifiers_of_two")
            conflicts += 1
    return Joined(made, conflicts)


def rows_of(forms: Iterable[Form]) -> list[PatientIdentifier]:
    wanted = Q(pk=None)
    for form in forms:
        wanted |= Q(issuer=form.issuer, value=form.value)
    return list(PatientIdentifier.objects.select_related("patient").filter(wanted).order_by("pk"))


def mark_replaced(forms: Iterable[Form], *, at: datetime, replaced: bool) -> bool:
    """A47: which side of a change this identifier stood on; the newest change counts. True when it differs."""
    differs = False
    for row in rows_of(forms):
        if row.changed_at is not None and row.changed_at >= at:
            continue
        differs |= (row.replaced_at is not None) != replaced
        row.changed_at, row.replaced_at = at, at if replaced else None
        row.save(update_fields=["changed_at", "replaced_at"])
    return differs
