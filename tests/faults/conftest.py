from __future__ import annotations

import pytest

from tests.helpers.garbage import exempt_what_exists


@pytest.fixture(autouse=True, scope="session")
def _only_own_garbage_is_collected() -> None:
    # Once, before the first fault: an object that a fault leaves alive may be garbage later.
    exempt_what_exists()
