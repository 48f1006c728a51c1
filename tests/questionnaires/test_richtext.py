"""Markdown of a questionnaire: emphasis and lists survive, nothing that acts or is fetched (R30)."""

from __future__ import annotations

import pytest

from klisza.questionnaires.richtext import rich


def test_emphasis_lists_and_links_survive() -> None:
    made = rich("**Ważne**\n\n- jeden\n- dwa\n\n[strona](https://example.org/x)")
    for part in (
        "<strong>Ważne</strong>",
        "<li>jeden</li>",
        'href="https://example.org/x" rel="noopener noreferrer"',
    ):
        assert part in made


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>", "![x](https://evil.example/p.png)", "[x](javascript:alert(1))",
        '<img src=x onerror="alert(1)">', "[x](https://a.example/\"onmouseover=\"alert(1))", "<https://x\" onclick=\"y>",
    ],
)  # fmt: skip
def test_nothing_acts_or_is_fetched(hostile: str) -> None:
    made = rich(hostile)
    for part in ("<script", "<img", "javascript:", "onerror=", "onclick="):
        assert f"<{part}" not in made
    tags = [one.partition(">")[0] for one in made.split("<")[1:]]
    assert all(
        "on" not in tag.partition("rel=")[0].replace("strong", "").partition("href=")[0] for tag in tags
    )
    assert not any('"onmouseover' in tag or "javascript:" in tag for tag in tags)
