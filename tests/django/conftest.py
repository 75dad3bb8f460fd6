from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.test import override_settings

from tests.helpers import django_project

django_project.configure()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Keeps the settings that a test overrides until it ends."""
    with ExitStack() as held:
        yield held


@pytest.fixture
def project(tmp_path: Path, stack: ExitStack) -> Path:
    """A project whose files are collected from ``sources`` into ``root``."""
    django_project.write_style(tmp_path / "root" / "app.css")
    (tmp_path / "sources").mkdir()
    stack.enter_context(
        override_settings(
            STATIC_ROOT=tmp_path / "root",
            STATICFILES_DIRS=[tmp_path / "sources"],
            STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
        )
    )
    return tmp_path
