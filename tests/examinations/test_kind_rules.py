"""Covered kinds are a table of modality, procedure code, ward and station before the built-in one (S18)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from klisza.base.errors import Refused
from klisza.examinations import jobs, kinds, queries, services
from klisza.examinations.models import Examination, KindRule
from klisza.patients.models import Patient

from .given import SCRIPT, a_patient, an_examination, viewer
from .ordered import an_order, ordered

pytestmark = pytest.mark.django_db


def rules(*given: dict[str, Any]) -> None:
    services.save_kind_rules(rules=given, by=SCRIPT)
    while jobs.run_rules():
        pass


def in_list(patient: Patient) -> list[Examination]:
    return list(queries.visible(viewer(patient), purpose="list"))


def covered() -> dict[str, bool]:
    return {one.kind.code: one.partly for one in queries.covered_kinds()}


class TestOneExamination:
    @pytest.mark.parametrize(
        "rule",
        [
            {"modality": "ct"},
            {"procedure_code": "CTKLP"},
            {"ward_code": "PORAD"},
            {"station": "CT1"},
            {"modality": "CT", "station": "CT1"},
            {},
        ],
    )
    def test_each_condition_hides_it(self, rule: dict[str, str]) -> None:
        patient = a_patient()
        an_order(patient, status="performed", station="CT1")
        assert len(in_list(patient)) == 1
        rules({**rule, "is_shown": False})
        assert in_list(patient) == []

    @pytest.mark.parametrize("rule", [{"modality": "MR"}, {"ward_code": "X"}, {"station": "MR1"}])
    def test_what_does_not_fit_does_not_count(self, rule: dict[str, str]) -> None:
        patient = a_patient()
        an_order(patient, status="performed", station="CT1")
        rules({**rule, "is_shown": False})
        assert len(in_list(patient)) == 1

    def test_the_first_that_fits_decides(self) -> None:
        patient = a_patient()
        an_order(patient, status="performed")
        rules({"procedure_code": "CTKLP", "kind": "IR"}, {"modality": "CT", "is_shown": False})
        (examination,) = in_list(patient)
        assert examination.kind == "IR"

    def test_a_hidden_kind_can_be_shown(self) -> None:
        patient = a_patient()
        examination = an_examination(patient, modalities=("RTIMAGE",))
        assert in_list(patient) == []
        rules({"modality": "RTIMAGE", "kind": "OT"})
        assert [one.pk for one in in_list(patient)] in ([examination.pk], [])
        examination.refresh_from_db()
        assert (examination.kind, examination.shown_kind) == ("OT", True)

    def test_images_name_the_device(self) -> None:
        patient = a_patient()
        examination = an_examination(patient)
        examination.study_links.get().study.series.update(station_name="CT-OLD")
        rules({"station": "CT-OLD", "is_shown": False})
        assert in_list(patient) == []


class TestThePublicTable:
    def test_without_rules_it_is_the_built_in_one(self) -> None:
        assert covered() == {kind.code: False for kind in kinds.SHOWN}

    def test_all_modalities_of_a_kind_taken_away(self) -> None:
        rules(*[{"modality": one, "is_shown": False} for one in kinds.ULTRASOUND.modalities])
        assert "US" not in covered()

    def test_one_ward_of_a_modality(self) -> None:
        rules({"modality": "CT", "ward_code": "X", "is_shown": False})
        assert covered()["CT"] is True

    def test_a_kind_that_a_rule_makes(self) -> None:
        rules({"procedure_code": "PLAN", "kind": "RT"})
        assert covered()["RT"] is True

    def test_nothing_at_all(self) -> None:
        rules({"is_shown": False})
        assert covered() == {}

    def test_the_page_prints_it(self, client: Client) -> None:
        assert "MMG" in client.get("/").content.decode()
        rules({"modality": "MG", "is_shown": False}, {"modality": "CT", "station": "X", "is_shown": False})
        page = client.get("/").content.decode()
        assert "MMG" not in page
        assert "Niektóre z tych badań nie są tu pokazywane." in page


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(Refused):
        services.save_kind_rules(rules=[{"kind": "ZZ"}], by=SCRIPT)
    assert not KindRule.objects.exists()


def test_the_order_says_kind_and_place_in_time() -> None:
    """Before its images come."""
    examination = ordered(an_order(a_patient(), modality="MR", procedure_text=""))
    assert (examination.kind, examination.modality) == ("MR", "MR")
