from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.helpers.buckets import Proxy, TestBucket, s3_server
from whitenoise_async.releases import publish

_numbers = count()


@pytest.fixture(autouse=True)
def _without_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs in this process write pages at once."""
    monkeypatch.setattr(publish, "NOTICE", 0.0)


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """The port of an S3 server."""
    pytest.importorskip("moto")
    pytest.importorskip("obstore")
    with s3_server() as port:
        yield port


@pytest.fixture
def bucket(s3_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestBucket]:
    """A new bucket behind a proxy, and the environment variables that lead to it."""
    proxy = Proxy(s3_port)
    found = TestBucket(s3_port, proxy, f"bucket-{next(_numbers)}")
    for name, value in found.environ.items():
        monkeypatch.setenv(name, value)
    yield found
    proxy.close()
