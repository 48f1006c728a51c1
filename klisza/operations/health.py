"""Is this process alive, and could it serve?"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection


def faults() -> list[str]:
    """Names of the parts we cannot work without and that do not answer: database, storage."""
    found = []
    if not _database_answers():
        found.append("database")
    if not _storage_writable():
        found.append("storage")
    return found


def storage_folder() -> Path:
    return Path(urlsplit(settings.STORAGE_URL).path)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    except DatabaseError:
        connection.close()
        return False
    return True


def _storage_writable() -> bool:
    """Before the first object the folder may not be there yet: then its parent counts."""
    folder = storage_folder()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)
