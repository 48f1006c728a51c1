"""What interface engines get wrong, and what must never come of it: somebody else's report on the screen (R60)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from klisza.examinations import queries
from klisza.examinations.models import Breach, Examination, Report
from klisza.examinations.services import link_study, matching
from klisza.examinations.services.quarantine import show_again
from klisza.examinations.services.state import refresh
from klisza.gateways.hl7v2 import router
from klisza.patients.models import Patient, PatientIdentifier
from tests.examinations.given import SCRIPT, a_study, viewer
from tests.hospital import messages
from tests.hospital.messages import Subject

from .test_result_effects import DAY, HER, known, receive, said, texts, with_obx, work

pytestmark = pytest.mark.django_db
PESEL = "2.16.840.1.113883.3.4424.1.1.616"


def with_numbers(raw: bytes, *more: str, birth: str | None = None) -> bytes:
    """more: further repetitions of PID-3. birth: PID-7 instead of the one in it."""
    lines = raw.decode().split("\r")
    for place, line in enumerate(lines):
        if line.startswith("PID|"):
            fields = line.split("|")
            fields[3] = "~".join([fields[3], *more])
            fields[7] = fields[7] if birth is None else birth
            lines[place] = "|".join(fields)
    return "\r".join(lines).encode()


def pesel(number: str) -> str:
    return f"{number}^^^PESEL&{PESEL}&ISO^NNPOL"


def proper(first: str, sex: int = 0) -> str:
    """A PESEL of 21 March 1958 with its check digit."""
    digits = f"580321{first}{sex}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, (1, 3, 7, 9) * 3, strict=False))
    return digits + str(-total % 10)


def with_pesel(patient: Patient, number: str) -> Patient:
    PatientIdentifier.objects.create(patient=patient, issuer=PESEL, value=number, kind="NNPOL")
    return patient


def words() -> list[list[tuple[str, str]]]:
    """As `texts`, without headings."""
    return [[(status, text.split("\n")[-1]) for status, text in one] for one in texts()]


class TestTwoPeopleInOnePid:
    """The number of one and the PESEL of another: twins share birth date and family name."""

    def twins(self) -> tuple[Patient, Patient]:
        anna = with_pesel(known(), proper("123"))
        return anna, with_pesel(known("H5-2", given_name="Ewa"), proper("456"))

    @pytest.mark.parametrize("birth", [None, ""])
    def test_report_is_held_and_shown_to_neither(self, birth: str | None) -> None:
        self.twins()
        row = receive(with_numbers(said(0), pesel(proper("456")), birth=birth))
        assert (row.state, row.answer, work()) == ("held", "AA", {"patient_differs"})
        assert not Report.objects.exists()

    def test_report_with_the_own_pesel_goes_on(self) -> None:
        anna, _ = self.twins()
        assert receive(with_numbers(said(0), pesel(proper("123")))).state == "applied"
        assert Examination.objects.get().patient == anna

    def test_pesel_that_nobody_has_contradicts_the_own_one(self) -> None:
        self.twins()
        assert receive(with_numbers(said(0), pesel(proper("789")))).state == "held"
        assert work() == {"patient_differs"}

    def test_first_pesel_of_somebody_without_one_is_no_contradiction(self) -> None:
        known()
        assert receive(with_numbers(said(0), pesel(proper("789")))).state == "applied"

    def test_two_numbers_of_one_person_are_no_contradiction(self) -> None:
        anna, ewa = self.twins()
        Patient.objects.filter(pk=ewa.pk).update(survivor=anna)
        assert receive(with_numbers(said(0), pesel(proper("456")))).state == "applied"


class TestWithoutBirthDate:
    """The name is the only witness left."""

    def test_another_name_altogether_is_held(self) -> None:
        known(given_name="Jan", family_name="Nowak")
        assert receive(with_numbers(said(0), birth="")).state == "held"
        assert work() == {"patient_differs"}

    def test_married_name_is_no_reason(self) -> None:
        known(family_name="Nowak")
        assert receive(with_numbers(said(0), birth="")).state == "applied"


class TestPartOfAReport:
    """OBX-11 of a single line (HL70085): what is taken back or preliminary is not read with the rest."""

    @pytest.mark.parametrize("status", ["D", "X", "P", "R", "I", "S"])
    def test_lines_that_do_not_count_are_left_out(self, status: str) -> None:
        known()
        receive(
            with_obx(
                f"TX|18782-3||Rak płuca.||||||{status}",
                "TX|18782-3||Płuca bez zmian.||||||F",
            )
        )
        assert words() == [[("F", "Płuca bez zmian.")]]

    def test_preliminary_text_is_kept_for_staff(self) -> None:
        known()
        receive(with_obx("TX|18782-3||Wstępnie.||||||P", status="P"))
        assert Report.objects.get().versions.get().sections[0]["paragraphs"] == ["Wstępnie."]
        assert texts() == []


class TestTakenBackWithoutReportNumber:
    """OBX-4 names the report; who deletes it sends no OBX, or one without OBX-4."""

    @pytest.mark.parametrize("number", ["2", "R1"])
    @pytest.mark.parametrize("order", list(permutations("FX")))
    def test_takes_back_what_bears_a_number(self, number: str, order: tuple[str, ...]) -> None:
        known()
        sent = {
            "F": with_obx(f"TX|18782-3|{number}|Rak płuca.||||||F"),
            "X": with_obx("TX|18782-3||||||||W", status="X", minutes=9),
        }
        for one in order:
            receive(sent[one])
        assert texts() == []
        assert Examination.objects.get().report == "withdrawn"

    def test_later_report_counts_again(self) -> None:
        known()
        receive(with_obx("TX|18782-3|R1|Rak płuca.||||||F"))
        receive(with_obx("TX|18782-3||||||||D", status="X", minutes=9))
        receive(with_obx("TX|18782-3|R1|Płuca bez zmian.||||||C", status="C", minutes=19))
        assert words() == [[("C", "Płuca bez zmian.")]]


class TestSupplementUnderItsOwnNumber:
    """OBR-29 names the report it adds to; there is no accession number in it."""

    parent = said(0)

    def child(
        self, minutes: int = 30, *, filler: str = "FL-99", parent: str = "PL-1^HIS^FL-1^RIS", **fields: Any
    ) -> bytes:
        raw = said(minutes, number="99", accession="", text="Porównano z 2024 r.", **fields).decode()
        lines = raw.split("\r")
        place = next(at for at, line in enumerate(lines) if line.startswith("OBR|"))
        cells = lines[place].split("|")
        cells += [""] * (30 - len(cells))
        placer, application, number, of = (parent.split("^") + [""] * 4)[:4]
        cells[29] = f"{placer}&{application}^{number}&{of}"
        lines[place] = "|".join(cells)
        return "\r".join(lines).encode()

    @pytest.mark.parametrize("parent", ["PL-1^HIS^FL-1^RIS", "^^FL-1^RIS"])
    @pytest.mark.parametrize("order", list(permutations("PCX")))
    def test_stands_in_the_examination_of_its_parent(self, order: tuple[str, ...], parent: str) -> None:
        known()
        sent = {
            "P": self.parent,
            "C": self.child(parent=parent),
            "X": said(1, "F", "Płuca i serce bez zmian."),
        }
        for one in order:
            assert receive(sent[one]).state == "applied"
        assert Examination.objects.count() == 1
        (shown,) = words()
        assert shown[0] == ("F", "Płuca i serce bez zmian.")
        assert ("F", "Porównano z 2024 r.") in shown

    @pytest.mark.parametrize("order", list(permutations("PCX")))
    def test_goes_with_a_parent_that_is_taken_back(self, order: tuple[str, ...]) -> None:
        known()
        sent = {"P": self.parent, "C": self.child(), "X": said(60, "X", "", observation="W")}
        for one in order:
            receive(sent[one])
        assert (texts(), Examination.objects.get().report) == ([], "withdrawn")

    @pytest.mark.parametrize("order", list(permutations("CX")))
    def test_taken_back_alone_before_it_came(self, order: tuple[str, ...]) -> None:
        known()
        sent = {"C": self.child(), "X": self.child(60, status="X", observation="D")}
        receive(self.parent)
        for one in order:
            receive(sent[one])
        assert words() == [[("F", "Płuca bez zmian.")]]


class TestVisitMovedToAnother:
    """A45 says that something of hers is another patient's, never what: in whatever order it comes (1.5, L8)."""

    def moved(self, minutes: int) -> bytes:
        other = Subject("H5-9", given="Ewa", family="Zielińska", birth="19710101")
        return messages.admission("A45", other, DAY + timedelta(minutes=60 + minutes), prior=HER.mrn)

    def seen(self) -> list[tuple[str, bool]]:
        return sorted((one.hidden_reason, one.visible) for one in Examination.objects.all())

    @pytest.mark.parametrize("order", list(permutations("AMR")))
    def test_what_was_done_before_is_in_doubt_whenever_it_comes(self, order: tuple[str, ...]) -> None:
        admission = messages.admission("A28", HER, DAY)
        for one in order:
            receive({"A": admission, "M": self.moved(30), "R": said(0)}[one])
        assert self.seen() == [("moved", False)]
        assert texts() == [] or not Examination.objects.get().visible
        assert Breach.objects.count() == (order.index("R") < order.index("M") and "A" in order[:2])

    def test_what_is_done_after_it_is_hers(self) -> None:
        known()
        receive(self.moved(0))
        receive(said(60, performed=DAY + timedelta(minutes=90)))
        assert self.seen() == [("", True)]

    def test_images_that_come_late_are_in_doubt_too(self) -> None:
        patient = known()
        receive(self.moved(30))
        study = a_study(patient, study_date=DAY.date(), study_time=DAY.time())
        link_study(study=study, by=SCRIPT)
        assert self.seen() == [("moved", False)]

    def test_what_staff_have_looked_at_stays_open(self) -> None:
        known()
        receive(said(0))
        receive(self.moved(30))
        show_again(examination=Examination.objects.get(), by=SCRIPT)
        receive(said(40, "C", "Płuca: zmiana 4 mm."))
        receive(self.moved(30))
        assert self.seen() == [("", True)]

    def test_hidden_one_that_turns_out_to_be_another_stays_hidden(self) -> None:
        """Two that become one: the one in view does not open the one in doubt."""
        known()
        receive(said(0, number="1", accession=""))
        receive(self.moved(30))
        receive(said(60, number="2", accession="A2", performed=DAY + timedelta(minutes=100)))
        assert self.seen() == [("", True), ("moved", False)]
        hidden = Examination.objects.get(visible=False)
        opened = Examination.objects.get(visible=True)
        matching.absorb(hidden, into=opened, by=SCRIPT)
        assert refresh(opened).visible is False


class TestRightPatientAfterAll:
    """W for the wrong patient, the same number for the right one; no order ever said whose it is."""

    other = Subject("H5-2", given="Ewa", family="Zielińska", birth="19710101")

    def theirs(self) -> bytes:
        raw = messages.report(
            self.other, DAY + timedelta(minutes=90), number="1", accession="A1", performed=DAY,
            paragraphs=["Opis Ewy."],
        )  # fmt: skip
        known(self.other.mrn, family_name="Zielińska", given_name="Ewa", birth_date=date(1971, 1, 1))
        return raw

    def test_gets_the_report_that_was_taken_back_elsewhere(self) -> None:
        patient, theirs = known(), self.theirs()
        receive(said(0))
        waiting = receive(theirs)
        assert waiting.state == "held"
        receive(said(10, "X", "Cudzy opis.", observation="W"))
        assert router.process(waiting).state == "applied"
        assert queries.reports_of(viewer(patient)) == []
        (shown,) = queries.reports_of(viewer(Patient.objects.get(given_name="Ewa")))
        assert shown.shown.version.sections[0]["paragraphs"] == ["Opis Ewy."]
        assert Examination.objects.get(patient=patient).visible is False
        assert (
            receive(said(10, "X", "Cudzy opis.", observation="W")).state == "held"
        )  # it is not his or hers any more

    @pytest.mark.parametrize("observation", ["D", "X"])
    def test_waits_where_it_was_only_deleted(self, observation: str) -> None:
        known()
        theirs = self.theirs()
        receive(said(0))
        receive(said(10, "X", "Opis.", observation=observation))
        assert receive(theirs).state == "held"

    def test_waits_where_an_order_says_whose_it_is(self) -> None:
        known()
        theirs = self.theirs()
        receive(messages.order(HER, DAY, number="1", accession="A1", planned=DAY))
        receive(said(0))
        receive(said(10, "X", "Cudzy opis.", observation="W"))
        assert receive(theirs).state == "held"
