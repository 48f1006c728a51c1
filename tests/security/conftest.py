from __future__ import annotations

from collections.abc import Iterator

import pytest

from .farm import Farm, standing


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with standing(tmp_path_factory.mktemp("farm")) as farm:
        yield farm


@pytest.fixture(autouse=True)
def _close(request: pytest.FixtureRequest) -> Iterator[None]:
    """Browsers of one test are gone before the next."""
    farm: Farm | None = request.getfixturevalue("farm") if "farm" in request.fixturenames else None
    yield
    if farm is not None:
        farm.close_browsers()
