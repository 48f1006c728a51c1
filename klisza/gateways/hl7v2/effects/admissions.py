"""ADT: patients, their contacts, and which records are one person (hospital-integration.md 2.4, 2.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from klisza.examinations.services.quarantine import hide_moved
from klisza.gateways.hl7v2.context import Context
from klisza.patients import pesel, queries, services
from klisza.patients.models import Patient
from klisza.patients.queries import Form
from klisza.standards.hl7v2.errors import Refusal
from klisza.standards.hl7v2.facts import Admission, Identifier, Person

MERGES = ("A40", "A34", "A39")
CHANGES = ("A47", "A46", "A49")
DELETIONS = ("A29", "A23")
# Somebody entered or corrected this very person: a record that was deleted before is in use again.
REVIVALS = ("A01", "A04", "A05", "A08", "A28", "A31")


def apply(content: Admission, context: Context) -> None:
    """Idempotent, and the same in every order of arrival. Raises Refusal AE 205 for a merge that cannot be."""
    services.learn([*content.person.identifiers, *content.prior])
    _warn_of_pesel(content.person, context)
    _effect(content.event)(content, context)


def _effect(event: str) -> Callable[[Admission, Context], None]:
    table = {"A24": _link, "A37": _unlink, "A43": _move, "A44": _move_visit, "A45": _move_visit}
    table |= dict.fromkeys(MERGES, _merge) | dict.fromkeys(CHANGES, _change)
    return table.get(event, _describe)


def _describe(content: Admission, context: Context) -> None:
    is_deleted = content.event in DELETIONS
    said = is_deleted if is_deleted or content.event in REVIVALS else None
    person, default = content.person, context.default_issuer
    named = queries.believable(person.identifiers, person.birth_date, default_issuer=default)
    patient = _upsert(person, content, context, identifiers=named, is_deleted=said)
    if is_deleted:
        context.work("patient_deleted", patient=patient)


def _upsert(
    person: Person,
    content: Admission,
    context: Context,
    *,
    identifiers: Sequence[Identifier] | None = None,
    is_deleted: bool | None = None,
) -> Patient:
    patient = services.upsert_person(
        person=person,
        stamp=content.stamp,
        default_issuer=context.default_issuer,
        by=context.by,
        quiet=context.quiet,
        initial=_is_initial(context),
        is_deleted=is_deleted,
        identifiers=identifiers,
    )
    named = person.identifiers if identifiers is None else identifiers
    if len(queries.persons_of(named, context.default_issuer)) > 1:
        context.work("identifiers_of_two", patient=patient)
    services.propose_guardian(
        patient=patient,
        contacts=person.contacts,
        stated_at=content.stamp.at,
        default_issuer=context.default_issuer,
        by=context.by,
    )
    return patient


def _is_initial(context: Context) -> bool:
    """A quiet sender loads; a replay, which is quiet as well, brings nobody new."""
    return context.quiet and (not context.replay or bool(context.peer and context.peer.is_quiet))


def _merge(content: Admission, context: Context) -> None:
    mine, theirs = _sides(content.person.identifiers, content.prior)
    others = _records(theirs, context)
    survivor = _survivor(mine, others, context)
    for other in others:
        if other.pk == survivor.pk:  # one record bears both numbers already
            continue
        try:
            services.merge(
                survivor=survivor,
                other=other,
                by=context.by,
                stated_at=content.stamp.at,
                origin=context.origin,
            )
        except (services.Circle, services.Elsewhere) as conflict:
            raise _conflict(conflict) from None
    _upsert(content.person, content, context, identifiers=mine)


def _survivor(mine: Sequence[Identifier], others: Sequence[Patient], context: Context) -> Patient:
    """Not found by a number that the prior record is known by, such as a PESEL, as long as there is another."""
    prior = {other.pk for other in others}
    forms = _forms(mine, context)
    own = [form for form in forms if not {found.pk for found in queries.records([form])} & prior]
    return services.shell(forms=own or forms, by=context.by, initial=_is_initial(context))


def _change(content: Admission, context: Context) -> None:
    mine, theirs = _sides(content.person.identifiers, content.prior)
    try:
        services.change_identifier(
            new=_forms(mine, context),
            old=_forms(theirs, context),
            stated_at=content.stamp.at,
            origin=context.origin,
            by=context.by,
            initial=_is_initial(context),
        )
    except (services.Circle, services.Elsewhere) as conflict:
        raise _conflict(conflict) from None
    _upsert(content.person, content, context, identifiers=mine)


def _link(content: Admission, context: Context) -> None:
    first, second = _pair(content, context)
    try:
        services.link(
            first=first, second=second, by=context.by, stated_at=content.stamp.at, origin=context.origin
        )
    except (services.Circle, services.Elsewhere) as conflict:
        raise _conflict(conflict, "PID^2^3") from None


def _unlink(content: Admission, context: Context) -> None:
    first, second = _pair(content, context)
    services.unlink(
        first=first, second=second, by=context.by, stated_at=content.stamp.at, origin=context.origin
    )
    if first.pk == second.pk:  # one record bears both numbers: what belongs to which nobody can tell
        context.work("move_needs_staff", patient=first)


def _pair(content: Admission, context: Context) -> tuple[Patient, Patient]:
    """The records of both PIDs, described as far as they say; a number that both bear proves nothing here."""
    if content.second is None:
        raise Refusal("AE", "101", "PID^2^3", "no second PID segment")
    services.learn(content.second.identifiers)
    mine, theirs = content.person.identifiers, content.second.identifiers
    own_of_one = [each for each in mine if each not in theirs] or list(mine)
    own_of_two = [each for each in theirs if each not in mine] or list(theirs)
    for person, named in ((content.person, own_of_one), (content.second, own_of_two)):
        _upsert(person, content, context, identifiers=named)
    return _records(own_of_one, context)[0], _records(own_of_two, context)[0]


def _move(content: Admission, context: Context) -> None:
    """A43: a number, and with it what it means, belongs to another person."""
    mine, theirs = _sides(content.person.identifiers, content.prior)
    target = _records(mine, context)[0]
    forms = _forms(theirs, context)
    if not queries.records(forms):
        _records([*mine, *theirs], context)  # nobody's so far: it is the target's from now on
    is_news = not (context.replay and queries.has_moved(context.origin))
    try:
        left = services.move_identifiers(
            forms=forms, target=target, stated_at=content.stamp.at, origin=context.origin, by=context.by
        )
    except (services.Circle, services.Elsewhere) as conflict:
        raise _conflict(conflict) from None
    _upsert(content.person, content, context, identifiers=mine)
    for source in left if is_news else ():
        hide_moved(patient=source, by=context.by, proven=True)
        context.work("move_needs_staff", patient=source)


def _move_visit(content: Admission, context: Context) -> None:
    """A44, A45: a visit or account, which the portal does not keep: all of the former patient's is in doubt."""
    mine, theirs = _sides(content.person.identifiers, content.prior)
    source, target = _records(theirs, context)[0], _records(mine, context)[0]
    _upsert(content.person, content, context, identifiers=mine)
    is_news = services.note_move(
        source=source, target=target, stated_at=content.stamp.at, origin=context.origin, by=context.by
    )
    if is_news:
        hide_moved(patient=source, by=context.by)
        context.work("move_needs_staff", patient=source)  # also where what is in doubt is still to come


def _sides(
    person: Sequence[Identifier], prior: Sequence[Identifier]
) -> tuple[list[Identifier], list[Identifier]]:
    """Which identifiers mean the one, which the other. What stands on both sides, such as the PESEL, tells
    nothing; some senders repeat the prior number among the new ones.
    """
    theirs = [each for each in prior if not _is_among(each, person)] or list(prior)
    mine = [each for each in person if not _is_among(each, theirs)]
    if not mine or not theirs:
        raise Refusal("AE", "205", "MRG^1^1", "the same identifier on both sides")
    return mine, theirs


def _is_among(one: Identifier, others: Sequence[Identifier]) -> bool:
    """One authority may be written differently on both sides: then the names of the issuers overlap."""
    return any(one.value == other.value and _names(one) & _names(other) for other in others)


def _names(identifier: Identifier) -> set[str]:
    return {identifier.issuer, identifier.namespace} - {""} or {""}


def _records(identifiers: Sequence[Identifier], context: Context) -> list[Patient]:
    """Every record these identifiers stand on; a new one without a name when there is none yet."""
    forms = _forms(identifiers, context)
    first = services.shell(forms=forms, by=context.by, initial=_is_initial(context))
    return [first, *(record for record in queries.records(forms) if record.pk != first.pk)]


def _forms(identifiers: Sequence[Identifier], context: Context) -> list[Form]:
    return queries.forms(identifiers, context.default_issuer)


def _conflict(conflict: Exception, location: str = "MRG^1^1") -> Refusal:
    text = (
        "this would be a circle of merges"
        if isinstance(conflict, services.Circle)
        else "this record is merged into another one already"
    )
    return Refusal("AE", "205", location, text)


def _warn_of_pesel(person: Person, context: Context) -> None:
    for identifier in person.identifiers:
        forms = queries.forms_of(identifier, default=context.default_issuer)
        if any(not form.is_proof for form in forms):
            context.warn("PID-3: not a PESEL by its check digit, kept as a local number")
        elif forms and forms[0].issuer == pesel.ISSUER and _differs(identifier.value, person):
            context.warn("PID-3: the PESEL and PID-7 or PID-8 contradict each other")


def _differs(number: str, person: Person) -> bool:
    other_day = person.birth_date is not None and pesel.birth_date(number) != person.birth_date
    return other_day or (person.sex in ("F", "M") and pesel.sex(number) != person.sex)
