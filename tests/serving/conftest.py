from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.helpers.clients import Serve
from whitenoise_async.files.open_file import OpenFile
from whitenoise_async.serving import descriptor_cache


@pytest.fixture
def serve_checked(serve: Serve) -> Serve:
    """Checks files at each request, and treats 100,000 bytes as a large file."""
    return partial(serve, check_interval=0, max_cached_file_size=100_000)


@pytest.fixture(params=[0, 64], ids=["opened", "kept"])
def max_open(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep no file open, or as many as usual."""
    monkeypatch.setattr(descriptor_cache, "MAX_OPEN", request.param)


@pytest.fixture
def no_descriptor_left() -> Iterator[None]:
    """Check that the test closes every descriptor."""
    before = set(os.listdir("/proc/self/fd"))
    yield
    descriptor_cache.close_all()
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        # Python frees an object only in the thread that made it, which may be idle, or here.
        gc.collect()
    assert set(os.listdir("/proc/self/fd")) <= before


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[OpenFile]:
    """Every file that is opened. The list keeps them from their finalizers."""
    files: list[OpenFile] = []
    init = OpenFile.__init__

    def record(file: OpenFile, *args: Any, **kwargs: Any) -> None:
        init(file, *args, **kwargs)
        files.append(file)

    monkeypatch.setattr(OpenFile, "__init__", record)
    return files
