"""What the worker does here: link what arrived, take reports out of DICOM objects, send notices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from klisza.archive.models import Study
from klisza.audit.actor import SYSTEM
from klisza.base import clock
from klisza.base.turns import Turns
from klisza.patients.services.bounces import note_bounces

from . import queries
from .models import StudyIntake
from .services import (
    corrected,
    encapsulated,
    hospital_documents,
    linking,
    notices,
    orders,
    provision,
    rules,
)
from .services.state import refresh

BATCH = 50
RECENT = timedelta(days=2)  # longer than any study takes to settle
CORRECTED = timedelta(hours=1)  # what a busy worker may lie behind; the rest is found by the slow look


# One for each job: whose turn comes is nobody else's business.
TURNS = {
    name: Turns(name)
    for name in (
        "linking", "missed_linking", "early_linking", "corrected", "second_chances", "missed_corrections",
        "corrected_people", "missed_people", "encapsulated", "due", "missed_due", "notices",
    )
}  # fmt: skip


def run_linking() -> int:
    """Settled studies, each revision once."""
    since = clock.now() - RECENT
    return _link("linking", lambda most: queries.studies_to_link(most, since=since))


def run_missed_linking() -> int:
    """The same without a limit of time: after a worker was away for long."""
    return _link("missed_linking", queries.studies_to_link)


def run_early_linking() -> int:
    """Studies that are still arriving: their examination and its count of images.

    Nothing to hurry for, hence 0.
    """
    _link("early_linking", queries.studies_to_link_early)
    return 0


def run_second_chances() -> int:
    """Studies whose patient appeared or was corrected since: unmatched ones may match now, linked ones may
    not (R60).
    """
    since = clock.now() - CORRECTED
    done = _link("corrected", lambda most: queries.studies_of_corrected(most, since=since))
    return done + _link("second_chances", queries.studies_to_try_again)


def run_missed_corrections() -> int:
    """The same for linked studies without a limit of time."""
    return _link("missed_corrections", queries.studies_of_corrected)


def run_corrected_people() -> int:
    """Examinations, with images or without, whose person was merged or corrected."""
    since = clock.now() - CORRECTED
    return TURNS["corrected_people"].take(
        lambda most: queries.examinations_of_corrected(most, since=since), refresh, limit=BATCH
    )


def run_missed_people() -> int:
    """The same without a limit of time."""
    return TURNS["missed_people"].take(queries.examinations_of_corrected, refresh, limit=BATCH)


def run_waiting_orders() -> int:
    """Orders whose accession number stood under somebody else: the two may be one by now."""
    return orders.place_waiting(BATCH, by=SYSTEM)


def _link(job: str, waiting: Callable[[int], list[Study]]) -> int:
    return TURNS[job].take(waiting, lambda study: linking.link_study(study=study, by=SYSTEM), limit=BATCH)


def run_encapsulated() -> int:
    def take(intake: StudyIntake) -> bool:
        return bool(encapsulated.take_documents(intake=intake, by=SYSTEM))

    return TURNS["encapsulated"].take(queries.intakes_with_documents, take, limit=BATCH)


def run_corrections() -> int:
    """Images that the archive hid or moved a moment ago."""
    return corrected.follow_corrections(BATCH, by=SYSTEM)


def run_waiting_documents() -> int:
    """Documents of the hospital that came before the order they name."""
    return hospital_documents.link_waiting(BATCH)


def run_due() -> int:
    """What was released a moment ago: the gate is open by itself, its patient is told by this."""
    return TURNS["due"].take(lambda most: queries.fallen_due(most, within=RECENT), refresh, limit=BATCH)


def run_missed_due() -> int:
    """The same without a limit of time."""
    return TURNS["missed_due"].take(queries.fallen_due, refresh, limit=BATCH)


def run_rules() -> int:
    return rules.apply_rules()


def run_notices() -> int:
    return TURNS["notices"].take(
        notices.accounts_to_tell, lambda account: notices.tell(account=account), limit=BATCH
    )


def run_accounts() -> int:
    return provision.provide_accounts(BATCH, by=SYSTEM, since=clock.now() - RECENT)


def run_missed_accounts() -> int:
    """The same without a limit of time: a contact that was added long after the examination."""
    return provision.provide_accounts(BATCH, by=SYSTEM)


def run_bounces() -> int:
    return note_bounces(BATCH)


PERIODIC: tuple[tuple[float, Callable[[], int]], ...] = (
    (0.5, run_corrections),
    (1.0, run_linking),
    (600.0, run_missed_linking),
    (3.0, run_early_linking),
    (5.0, run_second_chances),
    (600.0, run_missed_corrections),
    (2.0, run_corrected_people),
    (600.0, run_missed_people),
    (5.0, run_waiting_orders),
    (2.0, run_encapsulated),
    (10.0, run_waiting_documents),
    (5.0, run_due),
    (600.0, run_missed_due),
    (5.0, run_rules),
    (5.0, run_notices),
    (15.0, run_accounts),
    (1200.0, run_missed_accounts),
    (10.0, run_bounces),
)
