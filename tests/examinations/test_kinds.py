from __future__ import annotations

import pytest
from django.utils import translation

from klisza.examinations import kinds


@pytest.mark.parametrize(
    ("modalities", "description", "code"),
    [
        (["MR"], "", "MR"),
        (["CT", "SR", "KO"], "", "CT"),
        (["PT", "CT"], "PET/CT", "PT"),
        (["NM", "CT"], "", "NM"),
        (["XA"], "Koronarografia", "IR"),
        (["DX"], "", "XR"),
        (["US"], "Biopsja gruboigłowa piersi", "BX"),
        ([], "Biopsja gruboigłowa", "BX"),
        ([], "TK klatki piersiowej", "CT"),
        ([], "", "OT"),
        (["RTSTRUCT", "RTPLAN"], "", "RT"),
        (["RTIMAGE", "CT"], "", "CT"),
        (["CT"], "Phantom daily QA", "QA"),
        (["US"], "Exercise stress test", "US"),
        (["ZZ"], "", "OT"),
    ],
)
def test_modalities_decide_the_kind(modalities: list[str], description: str, code: str) -> None:
    assert kinds.for_modalities(modalities, description).code == code


def test_plans_and_phantoms_are_hidden() -> None:
    assert {kind.code for kind in kinds.ALL if not kind.shown} == {"RT", "QA"}


def test_polish_labels_are_the_manuals() -> None:
    """M0.2"""
    with translation.override("pl"):
        labels = [str(kind.label) for kind in kinds.SHOWN]
    assert labels[:7] == ["MR", "TK", "MMG", "RTG", "USG", "biopsje gruboigłowe", "radiologia zabiegowa"]


@pytest.mark.parametrize("language", ["pl", "uk"])
def test_every_kind_is_translated(language: str) -> None:
    texts = [text for kind in kinds.ALL for text in (kind.name, kind.explanation)]
    with translation.override("en"):
        english = [str(text) for text in texts]
    with translation.override(language):
        assert not [text for text, plain in zip(texts, english, strict=True) if str(text) == plain]
