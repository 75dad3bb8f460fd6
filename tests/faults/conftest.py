from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _collect_only_own_garbage(_exempt_from_garbage_collection: None) -> None: ...
