"""The option ``store`` under real servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.buckets import TestBucket
from tests.helpers.replicas import Release, make_releases
from tests.helpers.servers import SERVERS, Server, running
from tests.helpers.slow import slow_unless
from whitenoise_async.releases.bucket import Bucket
from whitenoise_async.releases.bucket_lock import BucketLock
from whitenoise_async.releases.bucket_store import BucketStore
from whitenoise_async.releases.folder_store import FolderStore

FAST = {"uvicorn-httptools-uvloop", "gunicorn-gthread"}


@pytest.fixture(params=slow_unless(SERVERS, FAST.__contains__))
def name(request: pytest.FixtureRequest) -> str:
    if reason := SERVERS[request.param].missing:
        pytest.skip(reason)
    found: str = request.param
    return found


def require_files(server: Server, release: Release) -> None:
    """Require that the files of ``release`` are served, and other hashed names are not."""
    for _ in range(2):
        assert server.get(f"/{release.text_name}").body == release.text
        assert server.get(f"/{release.large_name}").body == release.large
    part = server.get(f"/{release.large_name}", (("Range", "bytes=7-9"),))
    assert (part.status, part.body) == (206, release.large[7:10])
    assert server.get("/app.0123456789ab.js").status == 404
    assert server.get("/app.js").body.startswith(b"application")


def test_a_folder_supplies_files(name: str, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    _, release = make_releases(tmp_path, lambda: FolderStore(store))
    (tmp_path / "root/site").mkdir(parents=True)
    (tmp_path / "root/changing").mkdir()
    log = tmp_path / "log"
    with running(name, tmp_path / "root", log, SERVED_STORE=store) as server:
        require_files(server, release)


# One for each way to run an adapter. Apache's Python need not have obstore.
@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["uvicorn-httptools-uvloop", "hypercorn-trio", "granian-asgi", "gunicorn-gthread"]
)
def test_a_bucket_supplies_files(name: str, tmp_path: Path, bucket: TestBucket) -> None:
    found = Bucket(bucket.url)
    _, release = make_releases(tmp_path, lambda: BucketStore(found, BucketLock(found)))
    (tmp_path / "root/site").mkdir(parents=True)
    (tmp_path / "root/changing").mkdir()
    log = tmp_path / "log"
    with running(name, tmp_path / "root", log, SERVED_STORE=bucket.url) as server:
        require_files(server, release)
