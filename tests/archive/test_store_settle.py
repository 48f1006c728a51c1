from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from klisza.archive import services
from klisza.archive.models import Study
from klisza.archive.services import Source
from klisza.base import clock
from tests.gateways.objects import EXPLICIT, dataset, encode

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet_times(tmp_path: Path, settings: object) -> None:
    for name, value in {
        "SETTLE_SECONDS": 120,
        "SETTLE_SECONDS_LONG": 900,
        "STORAGE_URL": f"file://{tmp_path}",
    }.items():
        setattr(settings, name, value)


def _store(**changes: object) -> str:
    made = dataset(**changes)
    services.store_instance(dataset=encode(made), transfer_syntax_uid=EXPLICIT, source=Source("test"))
    return str(made.StudyInstanceUID)


def _settle_after(seconds: int) -> Study:
    with time_machine.travel(clock.now() + timedelta(seconds=seconds)):
        services.settle_due()
    return Study.objects.get()


def test_a_study_settles_when_quiet() -> None:
    _store()

    assert _settle_after(119).state == Study.State.RECEIVING
    assert _settle_after(121).state == Study.State.SETTLED


def test_a_settled_study_has_a_revision() -> None:
    _store()

    assert _settle_after(121).revision == 1
    assert _settle_after(500).revision == 1


@pytest.mark.parametrize("modality", ["US", "XA"])
def test_slow_modalities_get_more_time(modality: str) -> None:
    _store(Modality=modality)

    assert _settle_after(899).state == Study.State.RECEIVING
    assert _settle_after(901).state == Study.State.SETTLED


def test_a_quick_series_does_not_hurry_a_slow_one() -> None:
    study = _store(Modality="US")
    _store(StudyInstanceUID=study, Modality="SR")

    assert _settle_after(300).state == Study.State.RECEIVING


def test_a_late_instance_opens_it_again() -> None:
    study = _store()
    _settle_after(121)
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        _store(StudyInstanceUID=study)

    assert Study.objects.get().state == Study.State.RECEIVING
    assert _settle_after(3600 + 121).revision == 2


def test_a_duplicate_does_not_open_it() -> None:
    made = dataset()
    for _ in range(2):
        services.store_instance(dataset=encode(made), transfer_syntax_uid=EXPLICIT, source=Source("test"))
        study = _settle_after(121)

    assert (study.state, study.revision) == (Study.State.SETTLED, 1)


def test_further_modalities_have_a_time_of_their_own(settings: object) -> None:
    settings.SETTLE_MODALITIES = {"ES": 1800}  # type: ignore[attr-defined]
    _store(Modality="ES")

    assert _settle_after(1799).state == Study.State.RECEIVING
    assert _settle_after(1801).state == Study.State.SETTLED
