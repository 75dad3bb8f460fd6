"""The responder: from an entry and a request to a reply, from caches or from the disk."""

from __future__ import annotations

import gzip
import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import ADAPTERS, Serve, client_of
from tests.helpers.files import write
from tests.helpers.unprivileged_scripts import run_as_nobody
from whitenoise_async.serving import descriptor_cache

pytestmark = pytest.mark.usefixtures("max_open", "no_descriptor_left")

GZIP = {"Accept-Encoding": "gzip"}
TEXT = b"some text, some text, some text, some text\n" * 20


def replace(path: Path, content: bytes, **kwargs: Any) -> None:
    """Replace a file atomically, as careful deployments do."""
    write(path.with_name("new"), content, **kwargs).replace(path)


@pytest.mark.parametrize("content", [TEXT, bytes(300_000)], ids=["small", "streamed"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_response_for_a_replaced_file_describes_the_new_one(
    serve_checked: Serve, tmp_path: Path, content: bytes, method: str
) -> None:
    path = write(tmp_path / "a.txt", content)
    get = serve_checked(tmp_path)
    old = get("/a.txt", method=method)
    for new in (content + b"longer", content[:-9], content[::-1]):
        replace(path, new, mtime=1_500_000_000 + len(new))
        reply = get("/a.txt", method=method)
        assert reply["content-length"] == str(len(new))
        assert reply["etag"] != old["etag"]
        assert reply.body == (new if method == "GET" else b"")
        assert get("/a.txt", {"If-None-Match": old["etag"]}).status == 200
        assert get("/a.txt", {"If-None-Match": reply["etag"]}).status == 304
        assert get("/a.txt", {"Range": "bytes=0-0"})["content-range"] == f"bytes 0-0/{len(new)}"
        ranged = get("/a.txt", {"Range": "bytes=0-0", "If-Range": old["etag"]})
        assert (ranged.status, ranged.body) == (200, new)
        old = reply


@pytest.mark.parametrize("with_variant", [False, True])
@pytest.mark.parametrize("fields", [{}, GZIP, {"If-None-Match": "*"}], ids=["plain", "gzip", "304"])
def test_the_application_responds_for_a_removed_file(
    serve_checked: Serve, tmp_path: Path, with_variant: bool, fields: dict[str, str]
) -> None:
    path = write(tmp_path / "docs" / "index.html", TEXT, compressed=with_variant)
    get = serve_checked(tmp_path, index_file=True)
    for was_requested in (False, True):
        if was_requested:
            assert get("/docs/", fields).status in (200, 304)
        path.unlink()
        for url in ("/docs", "/docs/", "/docs/index.html"):
            assert get(url, fields).status == 404
        write(path, TEXT)


def test_a_file_is_removed_if_its_directory_became_a_file(
    serve_checked: Serve, tmp_path: Path
) -> None:
    write(tmp_path / "d" / "a.txt", TEXT)
    get = serve_checked(tmp_path)
    (tmp_path / "d").rename(tmp_path / "e")
    write(tmp_path / "d", b"")
    assert get("/d/a.txt").status == 404


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        lambda path: path.mkdir(),
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("/dev/zero"),
    ],
    ids=["FIFO", "directory", "loop", "device"],
)
def test_the_application_responds_for_a_file_that_is_no_longer_regular_and_the_log_names_it_once(
    serve_checked: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, make: Any
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    get = serve_checked(tmp_path)
    assert get("/a.txt").status == 200
    path.unlink()
    make(path)
    assert [get("/a.txt").status, get("/a.txt").status] == [404, 404]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{path} is not served: ")


def test_the_application_responds_for_a_path_that_is_too_long_and_the_log_names_it_once(
    serve_checked: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The files of a folder that can be listed may have paths that are too long."""
    folder, part, name = tmp_path, "d" * 200, "f" * 255
    longest = os.pathconf(tmp_path, "PC_PATH_MAX") - 1
    while len(str(folder / part)) <= longest:
        folder /= part
        folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)
    url = f"/{(folder / name).relative_to(tmp_path)}"
    get = serve_checked(tmp_path)
    assert [get(url).status, get(url).status] == [404, 404]
    assert caplog.messages == [f"{folder / name} is not served: File name too long"]


def test_the_application_responds_for_an_unreadable_file_and_the_log_names_it_once(
    public_path: Path,
) -> None:
    unreadable = write(public_path / "a.txt", TEXT)
    unreadable.chmod(0)
    write(public_path / "b.txt", TEXT)
    write(public_path / "b.txt.gz", gzip.compress(TEXT)).chmod(0)
    output = run_as_nobody(f"""
        logging.basicConfig(format="%(message)s", stream=sys.stdout)
        get = client_of("wsgi")(whitenoise_async.WhiteNoise(None, {str(public_path)!r}))
        for _ in range(2):
            print(get("/a.txt").status)
            print("vary" in get("/b.txt", {GZIP!r}))
    """)
    assert output.splitlines() == [
        f"{unreadable} is not served: Permission denied",
        "404",
        f"{public_path}/b.txt.gz is not served: Permission denied",
        "False",
        "404",
        "False",
    ]


def test_every_method_notices_that_a_file_became_unreadable(
    public_path: Path,
) -> None:
    path = write(public_path / "a.txt", TEXT)
    path.chmod(0o666)
    public_path.chmod(0o777)
    output = run_as_nobody(f"""
        logging.disable()
        app = whitenoise_async.WhiteNoise(None, {str(public_path)!r}, check_interval=0)
        get = client_of("wsgi")(app)
        print(get("/a.txt").status)
        # Only the owner may change the mode, so replace the file by a copy with its date.
        os.rename({str(path)!r}, {str(path)!r} + ".old")
        import shutil
        shutil.copy2({str(path)!r} + ".old", {str(path)!r})
        os.chmod({str(path)!r}, 0)
        for method in ("GET", "HEAD", "OPTIONS"):
            print(get("/a.txt", method=method).status)
        print(get("/a.txt", {{"If-None-Match": "*"}}).status)
    """)
    assert output.split() == ["200", "404", "404", "404", "404"]


@pytest.fixture
def no_descriptors() -> Iterator[Any]:
    """Two functions: open all descriptors that the process may have, and close them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []

    def use_up() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
        with suppress(OSError):
            while len(held) < 1000:
                held.append(os.dup(0))
        assert len(held) < 128

    def close_all() -> None:
        while held:
            os.close(held.pop())
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    yield use_up, close_all
    close_all()


def test_without_descriptors_a_file_that_must_be_checked_is_a_503(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, no_descriptors: Any
) -> None:
    """Only WSGI: an event loop could not start."""
    use_up, close_all = no_descriptors
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    get = client_of("wsgi")(ADAPTERS["wsgi"](None, tmp_path, check_interval=0))
    use_up()
    reply = get("/a.txt", GZIP)
    close_all()
    assert reply.status == 503
    assert (reply["retry-after"], reply["cache-control"]) == ("1", "no-store")
    assert f"{path} cannot be read now: Too many open files" in caplog.text
    assert get("/a.txt", GZIP).status == 200
    use_up()
    from_memory = get("/a.txt", GZIP)
    close_all()
    assert from_memory.status == 200


def test_without_descriptors_a_file_that_is_not_in_memory_is_a_503(
    tmp_path: Path, no_descriptors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_up, close_all = no_descriptors
    monkeypatch.setattr(descriptor_cache, "MAX_OPEN", 0)
    write(tmp_path / "a.txt", TEXT, compressed=True)
    get = client_of("wsgi")(ADAPTERS["wsgi"](None, tmp_path, max_cache_size=0))
    assert get("/a.txt", GZIP).status == 200
    use_up()
    assert get("/a.txt", GZIP).status == 503
    close_all()
