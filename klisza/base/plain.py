"""Text of strangers, made harmless without changing what it says."""

from __future__ import annotations

import unicodedata

# They turn the order of letters around: "nie" must not be readable as something else (R33).
TURNING = dict.fromkeys([0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def lines(text: str) -> str:
    """Line breaks and tabs stay; other control characters and those that turn text around go."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(TURNING)
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))


def one_line(text: str, most: int = 200) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:most]
