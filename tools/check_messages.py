"""Are all translations there? None missing in Polish or Ukrainian, none fuzzy, none out of use."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polib

PACKAGE = Path(__file__).resolve().parents[1] / "klisza"
LANGUAGES = ("pl", "uk")


def main() -> None:
    faults = [fault for app in apps() for fault in check(app)]
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    sys.exit(bool(faults))


def apps() -> list[Path]:
    """config's two strings are names of languages, which Django translates."""
    return sorted(path.parent for path in PACKAGE.glob("*/apps.py"))


def check(app: Path) -> Iterator[str]:
    wanted = extracted(app)
    if not wanted and not (app / "locale").exists():
        return
    for language in LANGUAGES:
        catalogue = app / "locale" / language / "LC_MESSAGES" / "django.po"
        place = catalogue.relative_to(PACKAGE.parent)
        if not catalogue.exists():
            yield f"{place}: missing"
            continue
        found = {key(entry): entry for entry in polib.pofile(str(catalogue)) if not entry.obsolete}
        for one in sorted(wanted - found.keys()):
            yield f"{place}: not in the catalogue: {one[1]!r}"
        for one in sorted(found.keys() - wanted):
            yield f"{place}: out of use: {one[1]!r}"
        for one, entry in sorted(found.items()):
            if not entry.translated():
                yield f"{place}: {'fuzzy' if entry.fuzzy else 'not translated'}: {one[1]!r}"


def key(entry: polib.POEntry) -> tuple[str, str]:
    return entry.msgctxt or "", entry.msgid


def extracted(app: Path) -> set[tuple[str, str]]:
    """What makemessages finds in the sources, made in a copy so that the check changes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / app.name
        shutil.copytree(app, copy, ignore=shutil.ignore_patterns("locale", "built", "data", "__pycache__"))
        (copy / "locale").mkdir()
        django_admin = str(Path(sys.executable).with_name("django-admin"))
        subprocess.run(
            [django_admin, "makemessages", "-l", "pl", "--no-location", "-v0"], cwd=copy, check=True
        )
        made = copy / "locale" / "pl" / "LC_MESSAGES" / "django.po"
        return {key(entry) for entry in polib.pofile(str(made))} if made.exists() else set()


if __name__ == "__main__":
    main()
