"""Whole files only: a reader never sees half a message."""

from __future__ import annotations

import os

from django.conf import settings

from klisza.base.errors import DeliveryFailed


def write(folder: str, name: str, content: bytes) -> None:
    """Raises DeliveryFailed (temporary) when the disk is full or the folder is not ours."""
    place = settings.DATA_DIR / "outbox" / folder
    aside = place / f".{name}.part"
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        aside.replace(place / name)
    except OSError as failed:
        raise DeliveryFailed(f"file: {failed.strerror}", permanent=False) from failed
