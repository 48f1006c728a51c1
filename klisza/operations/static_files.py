"""Collects style sheets, scripts and pictures into STATIC_ROOT when they have changed; compresses them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.compress import Compressor

STAMP = ".collected"
BUILT = "built"  # tools/compress_built.py


def bring_up_to_date() -> bool:
    """True when something had to be collected."""
    stamp, wanted = Path(settings.STATIC_ROOT) / STAMP, _fingerprint()
    if stamp.exists() and stamp.read_text("ascii") == wanted:
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    _compress(Path(settings.STATIC_ROOT))
    stamp.write_text(wanted, "ascii")
    return True


def _fingerprint() -> str:
    """Names, sizes and times of all sources."""
    summary = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            summary.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return summary.hexdigest()


def _compress(root: Path) -> None:
    """The viewer was compressed when it was built: half a minute that no start should wait for."""
    compressor = Compressor(quiet=True)
    for path in sorted(root.rglob("*")):
        if path.is_file() and root / BUILT not in path.parents and compressor.should_compress(path.name):
            compressor.compress(str(path))
