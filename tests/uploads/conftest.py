from __future__ import annotations

from pathlib import Path

import pytest

from klisza.uploads.services import sorting


@pytest.fixture(autouse=True)
def place(tmp_path: Path, settings: object) -> Path:
    """A storage folder of its own, and nobody set aside from the test before."""
    settings.STORAGE_URL = f"file://{tmp_path}/blobs"  # type: ignore[attr-defined]
    sorting.turns.again.clear()
    return tmp_path / "blobs"
