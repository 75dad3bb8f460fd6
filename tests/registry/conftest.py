from __future__ import annotations

import pytest

from tests.helpers.registries import KINDS
from whitenoise_async.registry.interface import Registry, RegistryOptions


@pytest.fixture(params=KINDS)
def registry(request: pytest.FixtureRequest) -> Registry:
    """A registry of each kind, without an index file."""
    made: Registry = request.param(RegistryOptions())
    return made
