"""Tables of staff: plain names of procedures and clinics, by hand and by CSV."""

from __future__ import annotations

import pytest

from klisza.audit.models import AuditEvent
from klisza.base.errors import NotFound, Refused
from klisza.examinations import jobs, services
from klisza.examinations.models import Examination, ProcedureName, Ward
from klisza.examinations.services import ImportOutcome

from .given import SCRIPT, a_patient
from .ordered import an_order, ordered

pytestmark = pytest.mark.django_db
TABLE = """code;name_pl;name_en;name_uk;kind;flags
CTKLP;Tomografia klatki piersiowej;CT of the chest;КТ грудної клітки;CT;
BIOP;Biopsja gruboigłowa piersi;;;BX;oncology breast
"""


def load(table: str | bytes, *, dry_run: bool = False) -> ImportOutcome:
    return services.import_procedure_names(table, SCRIPT, dry_run=dry_run)


class TestImportingNames:
    def test_new_changed_and_unchanged(self) -> None:
        assert load(TABLE) == ImportOutcome(created=2)
        changed = TABLE.replace("klatki piersiowej", "płuc")
        assert load(changed) == ImportOutcome(changed=1, unchanged=1)
        assert ProcedureName.objects.get(code="CTKLP").name_pl == "Tomografia płuc"
        assert AuditEvent.objects.filter(action="rule.changed").count() == 2

    def test_a_preview_changes_nothing(self) -> None:
        assert load(TABLE, dry_run=True).created == 2
        assert not ProcedureName.objects.exists()

    @pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "cp1250"])
    @pytest.mark.parametrize("separator", [";", ",", "\t"])
    def test_as_spreadsheets_write_it(self, charset: str, separator: str) -> None:
        table = "code;name_pl\r\nUSG;USG brzucha – pełne\r\n".replace(";", separator)
        assert load(table.encode(charset)).created == 1
        assert ProcedureName.objects.get().name_pl == "USG brzucha – pełne"

    def test_quotes_hold_separators_and_lines(self) -> None:
        assert load('code,name_pl\n"A","TK, z kontrastem"\n').created == 1
        assert ProcedureName.objects.get().name_pl == "TK, z kontrastem"

    def test_columns_left_out_are_not_touched(self) -> None:
        load(TABLE)
        load("code;name_pl\nBIOP;Biopsja\n")
        row = ProcedureName.objects.get(code="BIOP")
        assert (row.name_pl, row.flags) == ("Biopsja", "oncology breast")

    @pytest.mark.parametrize(
        ("table", "line"),
        [
            ("", 1),
            ("code;name_pl\n", 1),
            ("kod;nazwa\nA;B\n", 1),
            ("code;name_pl;colour\nA;B;red\n", 1),
            ("code;name_pl;code\nA;B;C\n", 1),
            ("code;name_pl\nA;B\n;C\n", 3),
            ("code;name_pl\nA;\n", 2),
            ("code;name_pl\nA;B;C\n", 2),
            ("code;name_pl\nA;B\nA;C\n", 3),
            ("code;name_pl;kind\nA;B;ZZ\n", 2),
            (f"code;name_pl\nA;{'x' * 201}\n", 2),
            ("code;name_pl\nA;B\x00C\n", 2),
            ('code;name_pl\nA;"B\n', 1),
            (b"code;name_pl\nA;\x81\x8d\n", 1),
        ],
    )
    def test_one_mistake_stops_all(self, table: str | bytes, line: int) -> None:
        outcome = load(table)
        assert [number for number, _ in outcome.errors] == [line]
        assert not ProcedureName.objects.exists()

    def test_every_mistake_is_named(self) -> None:
        outcome = load("code;name_pl\nA;\nB;ok\nC;x;y\n")
        assert [number for number, _ in outcome.errors] == [2, 4]


class TestWhatPatientsRead:
    def test_the_name_reaches_what_is_there(self) -> None:
        examination = ordered(an_order(a_patient(), procedure_code="BIOP", modality="US"))
        assert (examination.title, examination.kind) == ("", "US")
        load(TABLE)
        while jobs.run_rules():
            pass
        examination.refresh_from_db()
        assert (examination.title, examination.kind) == ("Biopsja gruboigłowa piersi", "BX")
        assert examination.flags == ["breast", "oncology"]

    def test_deleted_it_is_the_kinds_own(self) -> None:
        load(TABLE)
        examination = ordered(an_order(a_patient(), procedure_code="BIOP", modality="US"))
        services.delete_procedure_name(code="BIOP", by=SCRIPT)
        while jobs.run_rules():
            pass
        examination.refresh_from_db()
        assert (examination.title, examination.kind, examination.flags) == ("", "US", [])

    def test_of_two_procedures_the_flags_of_both(self) -> None:
        load(TABLE)
        patient = a_patient()
        an_order(patient, filler_number="F1", procedure_code="BIOP")
        an_order(patient, filler_number="F2", procedure_code="CTKLP")
        examination = Examination.objects.get()
        assert (examination.procedure_code, examination.flags) == ("BIOP", ["breast", "oncology"])


class TestByHand:
    def test_a_name_is_made_and_changed(self) -> None:
        for name in ("TK", "Tomografia"):
            services.save_procedure_name(values={"code": "CT1", "name_pl": name}, by=SCRIPT)
        assert ProcedureName.objects.get().name_pl == "Tomografia"

    @pytest.mark.parametrize(
        "values", [{"code": "A"}, {"name_pl": "B"}, {"code": "A", "name_pl": "B", "kind": "?"}]
    )
    def test_half_of_it_is_refused(self, values: dict[str, str]) -> None:
        with pytest.raises(Refused):
            services.save_procedure_name(values=values, by=SCRIPT)

    def test_what_is_not_there_cannot_go(self) -> None:
        with pytest.raises(NotFound):
            services.delete_procedure_name(code="?", by=SCRIPT)
        with pytest.raises(NotFound):
            services.delete_ward(code="?", by=SCRIPT)

    def test_a_ward_says_what_comes_next(self) -> None:
        services.save_ward(
            values={
                "code": "PORAD",
                "name": "Poradnia",
                "telephone": "22 1",
                "next_step_pl": "Prosimy o telefon.",
            },
            by=SCRIPT,
        )
        table = "code;name;telephone;next_step_pl\nPORAD;Poradnia chirurgiczna;22 2;\nONKO;Onkologia;;\n"
        assert services.import_wards(table, SCRIPT) == ImportOutcome(created=1, changed=1)
        assert Ward.objects.get(code="PORAD").name == "Poradnia chirurgiczna"
        services.delete_ward(code="ONKO", by=SCRIPT)
        assert Ward.objects.count() == 1
