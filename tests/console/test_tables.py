"""Names of examinations, wards, and which kinds are shown."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from klisza.examinations.models import KindRule, ProcedureName, Ward

from .desk import allowed, audited, page, signed_in

pytestmark = pytest.mark.django_db

CSV = "code;name_pl;flags\nCT1;Tomografia głowy;\nMR7;Rezonans kolana;oncology\n"


@pytest.fixture
def radiology() -> Client:
    return signed_in("radiology")


def upload(client: Client, address: str, text: str, charset: str = "utf-8") -> str:
    file = SimpleUploadedFile("names.csv", text.encode(charset))
    return client.post(address, {"file": file}).content.decode()


class TestNamesOfExaminations:
    def test_are_added_changed_found_and_deleted(self, radiology: Client) -> None:
        values = {"code": "CT1", "name_pl": "Tomografia głowy", "kind": "CT", "flags": "oncology"}
        assert radiology.post("/staff/procedures/new/", values).status_code == 302
        row = ProcedureName.objects.get()
        radiology.post(f"/staff/procedures/{row.pk}/", values | {"code": "XX", "name_pl": "TK głowy"})
        row.refresh_from_db()
        assert (row.code, row.name_pl) == ("CT1", "TK głowy")
        assert "TK głowy" in radiology.post("/staff/procedures/", {"text": "głowy"}).content.decode()
        assert "TK głowy" not in radiology.post("/staff/procedures/", {"text": "kolano"}).content.decode()
        radiology.post(f"/staff/procedures/{row.pk}/delete/")
        assert not ProcedureName.objects.exists()
        assert audited("rule.changed") == 3

    def test_a_code_is_used_once(self, radiology: Client) -> None:
        values = {"code": "CT1", "name_pl": "Tomografia"}
        radiology.post("/staff/procedures/new/", values)
        assert radiology.post("/staff/procedures/new/", values).status_code == 400

    @pytest.mark.parametrize("charset", ["utf-8-sig", "cp1250"])
    def test_a_file_is_looked_at_before_it_counts(self, radiology: Client, charset: str) -> None:
        text = upload(radiology, "/staff/procedures/import/", CSV, charset)
        assert "<dt>New</dt><dd>2</dd>" in text
        assert not ProcedureName.objects.exists()
        radiology.post("/staff/procedures/import/", {"text": CSV})
        assert ProcedureName.objects.get(code="MR7").flags == "oncology"

    def test_a_wrong_line_is_named_and_nothing_changes(self, radiology: Client) -> None:
        text = upload(radiology, "/staff/procedures/import/", CSV + "X;\n")
        assert "Line 4:" in text
        radiology.post("/staff/procedures/import/", {"text": CSV + "X;\n"})
        assert not ProcedureName.objects.exists()

    def test_who_may(self) -> None:
        """R14"""
        for path in ("procedures/", "procedures/new/", "kinds/", "kinds/0/"):
            assert allowed(f"/staff/{path}") == ["radiology", "integration", "admin"]
        assert signed_in("clinic").post("/staff/procedures/import/", {"text": CSV}).status_code == 403


class TestWards:
    def test_are_added_changed_and_deleted(self) -> None:
        clinic = signed_in("clinic")
        values = {"code": "ONK", "name": "Onkologia", "telephone": "+48 22 111", "next_step_pl": "Wizyta"}
        clinic.post("/staff/wards/new/", values)
        row = Ward.objects.get()
        clinic.post(f"/staff/wards/{row.pk}/", values | {"next_step_uk": "Візит"})
        row.refresh_from_db()
        assert (row.next_step_pl, row.next_step_uk) == ("Wizyta", "Візит")
        assert "Onkologia" in page(clinic, "/staff/wards/")
        clinic.post(f"/staff/wards/{row.pk}/delete/")
        assert not Ward.objects.exists()

    def test_a_telephone_is_a_number(self) -> None:
        values = {"code": "ONK", "name": "Onkologia", "telephone": "ask Ewa"}
        assert signed_in("clinic").post("/staff/wards/new/", values).status_code == 400

    def test_come_from_a_file(self) -> None:
        clinic = signed_in("clinic")
        clinic.post("/staff/wards/import/", {"text": "code,name\nA,Alfa\nB,Beta\n"})
        assert Ward.objects.count() == 2

    def test_who_may(self) -> None:
        """R14"""
        assert allowed("/staff/wards/") == ["registration", "clinic", "integration", "admin"]


class TestKinds:
    def test_rules_are_added_moved_and_deleted(self, radiology: Client) -> None:
        for code in "AB":
            stamp = radiology.get("/staff/kinds/").context["stamp"]
            radiology.post("/staff/kinds/0/", {"procedure_code": code, "stamp": stamp})
        stamp = radiology.get("/staff/kinds/").context["stamp"]
        radiology.post("/staff/kinds/2/move/", {"stamp": stamp})
        assert list(KindRule.objects.values_list("procedure_code", flat=True)) == ["B", "A"]
        assert "not shown to patients" in page(radiology, "/staff/kinds/")
        stamp = radiology.get("/staff/kinds/").context["stamp"]
        radiology.post(
            "/staff/kinds/1/", {"procedure_code": "C", "is_shown": "on", "kind": "MR", "stamp": stamp}
        )
        stamp = radiology.get("/staff/kinds/").context["stamp"]
        radiology.post("/staff/kinds/2/delete/", {"stamp": stamp})
        row = KindRule.objects.get()
        assert (row.procedure_code, row.kind, row.is_shown) == ("C", "MR", True)
        assert audited("rule.changed") == 5
