"""HL7 CDA R2 of strangers: its words are shown, nothing of its markup is (R08, R30)."""

from __future__ import annotations

import base64
import re
import time
from pathlib import Path
from typing import Any

import pytest

from klisza.standards.cda.page import page
from klisza.standards.cda.read import read
from klisza.standards.cda.tree import Unusable

SAMPLE = Path(__file__).parent.parent / "data" / "documents" / "opis-cda.xml"
FRAME = '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>T</title>{}</ClinicalDocument>'
BODY = "<component><structuredBody><component><section>{}</section></component></structuredBody></component>"
# Everything that may stand between "<" and ">" in what we make.
HARMLESS = re.compile(
    r"</?(h[3-6]|p|ul|ol|li|table|caption|thead|tbody|tfoot|tr|th|td|strong|em|u|del|ins|sup|sub|small|dl|dt|dd|div)"
    r"( (colspan|rowspan)=\"\d+\"| class=\"(meta-list|table-wrap)\")*>|<br>"
)


def shown(xml: str | bytes) -> str:
    return page(read(xml if isinstance(xml, bytes) else xml.encode()))


def section(text: str) -> str:
    return FRAME.format(BODY.format(f"<text>{text}</text>"))


class TestAPolishReport:
    @pytest.fixture
    def html(self) -> str:
        return shown(SAMPLE.read_bytes())

    def test_its_header_names_who_wrote_it(self, html: str) -> None:
        assert "<dt>Data dokumentu</dt><dd>24.11.2026 14:59</dd>" in html
        assert "<dt>Autor</dt><dd>dr n. med. Jan Nowak</dd>" in html
        assert "<dt>Podpis</dt><dd>dr n. med. Jan Nowak, 24.11.2026 14:59</dd>" in html
        assert "<dd>Szpital Testowy</dd>" in html

    def test_its_sections_are_headings(self, html: str) -> None:
        headings = re.findall(r"<h(\d)>([^<]*)</h\1>", html)
        assert headings == [("3", "Dane kliniczne"), ("3", "Opis"), ("4", "Porównanie"), ("3", "Wniosek")]

    @pytest.mark.parametrize(
        "piece",
        [
            "<em>zapalenia</em>",
            "<strong>Płuca:</strong>",
            "ogniskowych.<br>Opłucna",
            "<li>węzły chłonne do 8 mm &amp; prawidłowe,</li>",
            "mm<sup>2</sup>, SpO<sub>2</sub>",
            '<div class="table-wrap"><table><caption>Pomiary</caption>',
            '<td colspan="2">Pozostałe w normie</td>',
            "[W tym miejscu oryginalny dokument zawiera obraz]",
            "Zob. też obrazy kluczowe.",
            "<p>Bez badań wcześniejszych.</p>",
            "<u><strong>Obraz prawidłowy.</strong></u>",
        ],
    )
    def test_its_narrative_keeps_its_shape(self, html: str, piece: str) -> None:
        assert piece in html

    def test_nothing_else_of_it_survives(self, html: str) -> None:
        assert not [tag for tag in re.findall(r"<[^>]*>", html) if not HARMLESS.fullmatch(tag)]
        assert not re.search(r"onclick|href|xsl|ris\.example", html)

    def test_patient_data_of_its_header_stay_out(self, html: str) -> None:
        assert "Żółć-Gęślą" not in html


def test_other_languages_and_charsets_are_read() -> None:
    english = section("Normal").replace(
        "<title>T</title>", '<languageCode code="en-US"/><effectiveTime value="20260102"/>'
    )
    assert "Date of the document" in shown(english)
    latin = section("Żółć").replace("<Cl", '<?xml version="1.0" encoding="ISO-8859-2"?><Cl', 1)
    assert "<p>Żółć</p>" in shown(latin.encode("iso-8859-2"))
    assert "<p>Żółć</p>" in shown(section("Żółć").encode("utf-16"))


def test_a_pdf_inside_comes_out() -> None:
    body = base64.b64encode(b"%PDF-1.4 ...").decode()
    found = read(
        FRAME.format(
            f'<component><nonXMLBody><text mediaType="application/pdf" representation="B64">{body}</text></nonXMLBody>'
            "</component>"
        ).encode()
    )
    assert base64.b64decode(found["pdf"]) == b"%PDF-1.4 ..."


def test_plain_text_is_a_body_too() -> None:
    xml = FRAME.format("<component><nonXMLBody><text>Wiersz 1\n\nWiersz 2</text></nonXMLBody></component>")
    assert shown(xml) == "<p>Wiersz 1</p><p>Wiersz 2</p>"


class TestHostileMarkup:
    @pytest.mark.parametrize(
        "text",
        [
            "<script>alert(1)</script>",
            '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>',
            '<paragraph onclick="alert(1)" style="position:fixed">x</paragraph>',
            '<img xmlns="http://www.w3.org/1999/xhtml" src="x" onerror="alert(1)"/>y',
            '<linkHtml href="javascript:alert(1)">klik</linkHtml>',
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            '<content styleCode="Bold&quot;&gt;&lt;script&gt;">x</content>',
            '<table><tr><td colspan="2&quot; onclick=&quot;x">x</td></tr></table>',
            "<![CDATA[<script>alert(1)</script>]]>",
            '<renderMultiMedia referencedObject="&quot;&gt;&lt;script&gt;"/>',
            '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>z',
        ],
    )
    def test_no_markup_gets_through(self, text: str) -> None:
        html = shown(section(text + " koniec"))
        assert not [tag for tag in re.findall(r"<[^>]*>", html) if not HARMLESS.fullmatch(tag)]

    def test_scripts_of_other_namespaces_say_nothing(self) -> None:
        html = shown(section('a<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>b'))
        assert html == "<p>ab</p>"

    def test_letters_that_turn_text_around_go(self) -> None:
        assert shown(section("nie\u202e stwierdzono\u2066")) == "<p>nie stwierdzono</p>"

    def test_a_child_that_was_taken_over_writes_no_markup(self) -> None:
        """What comes out of the sandbox is believed as little as what went in."""
        nodes: list[Any] = [
            {"tag": "script", "children": ["alert(1)"]},
            {"tag": 'p onclick="x"', "children": ["<b>"]},
            {"tag": "td", "children": [], "spans": {"onclick": 1, "colspan": 2}},
        ]
        html = page({"language": "<", "facts": [["<x>", "y"], ["author", "<i>"]], "blocks": nodes})
        assert html == (
            '<dl class="meta-list"><dt>Autor</dt><dd>&lt;i&gt;</dd></dl>alert(1)&lt;b&gt;<td colspan="2"></td>'
        )


BILLION_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    + section("&c;")
)
REFUSED = {
    "external entity": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + section("&a;"),
    "external doctype": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + section("x"),
    "parameter entity": '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;]>' + section("x"),
    "billion laughs": BILLION_LAUGHS,
    "undeclared entity": section("&nbsp;"),
    "deep": section("<content>" * 120 + "x" + "</content>" * 120),
    "many": section("<br/>" * 100_001),
    "half": section("x")[:-20],
    "no cda": "<html><body>x</body></html>",
    "other namespace": '<ClinicalDocument xmlns="urn:other">x</ClinicalDocument>',
    "nothing to read": FRAME.format(""),
    "no xml": "%PDF-1.4",
    "empty": "",
    "unknown encoding": '<?xml version="1.0" encoding="x-made-up"?>' + section("x"),
}


@pytest.mark.parametrize("xml", REFUSED.values(), ids=REFUSED)
def test_what_no_document_needs_is_refused(xml: str) -> None:
    began = time.monotonic()
    with pytest.raises(Unusable):
        read(xml.encode())
    assert time.monotonic() - began < 5


def test_a_huge_one_is_refused() -> None:
    with pytest.raises(Unusable, match="larger"):
        read(section("x" * (33 * 1024 * 1024)).encode())


def test_endless_text_is_cut() -> None:
    assert len(shown(section("<paragraph>" + "x" * 600_000 + "</paragraph>"))) < 510_000
