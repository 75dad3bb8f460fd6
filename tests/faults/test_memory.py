"""A response needs memory that the kernel refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.after_faults import require_cut
from tests.faults.injection import SimulatedServer, little_memory
from tests.helpers.clients import make_call
from tests.helpers.slow import slow_unless
from whitenoise_async.asgi import file_stream as streaming
from whitenoise_async.wsgi import bodies as wsgi_bodies

SIZE = 128 * 1024 * 1024
ROOM = SIZE // 2  # for the stacks of threads and for small objects
SETUPS = ["wsgi", "asyncio, page cache", "asyncio, threads", "trio, page cache", "trio, threads"]
RANGES = {"Range": f"bytes=0-{SIZE // 2},{SIZE - 9}-"}


@pytest.fixture(params=slow_unless(SETUPS, {"wsgi", "trio, threads"}.__contains__))
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SimulatedServer:
    return SimulatedServer(request.param, monkeypatch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    with path.open("wb") as file:
        file.truncate(SIZE)
    (tmp_path / "b.txt").write_bytes(b"other")
    return path


def test_a_file_without_memory_for_it_is_a_503_and_served_later(
    server: SimulatedServer, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = {"max_cached_file_size": SIZE, "max_cache_size": SIZE, "check_interval": None}
    app = server.make(path.parent, **options)

    async def main() -> None:
        with little_memory(ROOM):
            got = await server.ask(app, make_call("/a.bin"))
            other = await server.ask(app, make_call("/b.txt"))
        assert (got.status, got["retry-after"], got.body) == (503, "1", b"")
        assert caplog.messages == [f"{path} cannot be read now: Cannot allocate memory"]
        assert other.body == b"other"
        assert (await server.ask(app, make_call("/a.bin"))).body == bytes(SIZE)
        # The file is in memory now, but its ranges must be joined.
        caplog.clear()
        with little_memory(ROOM):
            got = await server.ask(app, make_call("/a.bin", RANGES))
            whole = await server.ask(app, make_call("/a.bin"))
        assert (got.status, got["retry-after"]) == (503, "1")
        assert caplog.messages == []
        assert whole.length == SIZE

    server.run(main)


def test_a_piece_without_memory_for_it_cuts_the_connection(
    server: SimulatedServer,
    path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = server.make(path.parent, max_cache_size=0)

    async def main() -> None:
        with monkeypatch.context() as patch, little_memory(ROOM):
            patch.setattr(streaming, "_MIN_PIECE_SIZE", SIZE)
            patch.setattr(wsgi_bodies, "PIECE_SIZE", SIZE)
            got = await server.ask(app, make_call("/a.bin"))
        require_cut(got)
        said = "was sent in part: Cannot allocate memory; the connection is cut"
        assert caplog.messages == [f"{path} {said}"]
        call = make_call("/a.bin", {"Range": "bytes=-5000"})
        assert (await server.ask(app, call)).body == bytes(5000)

    server.run(main)
