"""Compiles every django.po into the .mo beside it; needs no gettext programs."""

from __future__ import annotations

import sys
from pathlib import Path

import polib

PACKAGE = Path(__file__).resolve().parents[1] / "klisza"


def main() -> None:
    for source in sorted(PACKAGE.rglob("django.po")):
        polib.pofile(str(source)).save_as_mofile(str(source.with_suffix(".mo")))
    sys.stdout.write("messages compiled\n")


if __name__ == "__main__":
    main()
