"""A file and its variants, opened together: which variants are served."""

from __future__ import annotations

import errno
import gzip
import hashlib
import logging
import os
import sys
from pathlib import Path
from typing import Any

import brotli
import pytest

from tests.helpers.clients import Serve
from tests.helpers.deltas import suffix_of, write_delta
from tests.helpers.files import MTIME, write
from whitenoise_async.files.errors import FileSystemError, UnavailableError
from whitenoise_async.files.memory_file import MemoryFile
from whitenoise_async.files.open_file import OpenFile, open_file, open_in
from whitenoise_async.files.remote_file import RemoteFile
from whitenoise_async.files.state import read_state
from whitenoise_async.registry.entries import StaticFile
from whitenoise_async.serving.open_variants import OpenVariants

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.usefixtures("max_open", "no_descriptor_left")

GZIP = {"Accept-Encoding": "gzip"}
TEXT = b"some text, some text, some text, some text\n" * 20
STYLES = b"body { color: black }\n" * 100
OTHER = b"body { color: white; }\n" * 100
VARIANTS = {
    "gzip": (".gz", gzip.compress(STYLES, mtime=0)),
    "br": (".br", brotli.compress(STYLES)),
    "zstd": (".zst", zstd.compress(STYLES)),
}
SMALLEST = min(VARIANTS, key=lambda coding: len(VARIANTS[coding][1]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "app.css", STYLES)
    return tmp_path


def write_variants(folder: Path, *codings: str) -> None:
    for coding in codings:
        suffix, content = VARIANTS[coding]
        write(folder / f"app.css{suffix}", content)


@pytest.mark.parametrize("coding", list(VARIANTS))
def test_each_coding_is_a_separate_representation(serve: Serve, folder: Path, coding: str) -> None:
    write_variants(folder, *VARIANTS)
    get = serve(folder)
    plain = get("/app.css")
    assert (plain.body, plain["vary"], "content-encoding" in plain) == (
        STYLES,
        "Accept-Encoding",
        False,
    )
    coded = get("/app.css", {"Accept-Encoding": coding})
    assert (coded.status, coded.body) == (200, VARIANTS[coding][1])
    assert (coded["content-encoding"], coded["vary"]) == (coding, "Accept-Encoding")
    assert coded["content-type"] == plain["content-type"] == 'text/css; charset="utf-8"'
    assert coded["etag"] == f'{plain["etag"][:-1]}-{coding}"'.replace(
        f"-{len(STYLES):x}-", f"-{len(coded.body):x}-"
    )
    again = {"Accept-Encoding": coding, "If-None-Match": coded["etag"]}
    assert (get("/app.css", again).status, get("/app.css", again)["etag"]) == (304, coded["etag"])
    part = get("/app.css", {"Accept-Encoding": coding, "Range": "bytes=2-5"})
    assert (part.status, part.body) == (206, coded.body[2:6])
    assert get(f"/app.css{VARIANTS[coding][0]}").status == 404


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("gzip, deflate, br, zstd", SMALLEST),
        ("zstd, br, gzip", SMALLEST),
        ("*", SMALLEST),
        ("gzip;q=1, br;q=0.9, zstd;q=0.9", "gzip"),
        ("gzip;q=0.5, br;q=0.4, zstd;q=0.6", "zstd"),
        ("br;q=0, zstd;q=0, *", "gzip"),
        ("br;q=0, *;q=0.5, zstd", "zstd"),
        ("brotli, zst, gz", None),
        ("br;q=0.001, identity;q=0.002", None),
    ],
)
def test_the_smallest_of_the_representations_that_the_client_prefers_is_sent(
    serve: Serve, folder: Path, accept: str, expected: str | None
) -> None:
    assert len({len(content) for _, content in VARIANTS.values()}) == len(VARIANTS)
    write_variants(folder, *VARIANTS)
    reply = serve(folder)("/app.css", {"Accept-Encoding": accept})
    assert reply.body == (STYLES if expected is None else VARIANTS[expected][1])


@pytest.mark.parametrize("suffix", [".gz", ".br", ".zst"])
def test_a_variant_without_an_original_is_an_ordinary_file(
    serve: Serve, tmp_path: Path, suffix: str
) -> None:
    write(tmp_path / f"alone.css{suffix}", b"content")
    reply = serve(tmp_path)(f"/alone.css{suffix}", {"Accept-Encoding": "gzip, br, zstd"})
    assert (reply.status, reply.body) == (200, b"content")
    assert not {"content-encoding", "vary"} & {name for name, _ in reply.headers}


def test_a_variant_that_is_updated_after_its_original_is_served(serve: Serve, folder: Path) -> None:
    """A deployment replaces the file first and its variants later."""
    write_variants(folder, "br")
    get = serve(folder, check_interval=0)
    assert get("/app.css", {"Accept-Encoding": "br"}).body == VARIANTS["br"][1]
    write(folder / "app.css", OTHER, mtime=MTIME + 10)
    assert get("/app.css", {"Accept-Encoding": "br"}).body == OTHER
    write(folder / "app.css.br", brotli.compress(OTHER), mtime=MTIME + 10)
    assert get("/app.css", {"Accept-Encoding": "br"}).body == brotli.compress(OTHER)


def replace(path: Path, content: bytes, **kwargs: Any) -> None:
    """Replace a file atomically, as careful deployments do."""
    write(path.with_name("new"), content, **kwargs).replace(path)


@pytest.mark.parametrize(
    "variant",
    [
        b"", b"not gzip, and longer than eighteen bytes", TEXT[:1000],
        gzip.compress(TEXT + b"!"), gzip.compress(TEXT)[:-1], b"\x1f\x8b\x08",
        b"\0" * 20 + len(TEXT).to_bytes(4, "little"),
    ],
    ids=["empty", "other", "text", "of another", "cut", "header only", "trailer only"],
)  # fmt: skip
def test_a_variant_that_does_not_match_is_not_served_and_the_log_names_it_once(
    serve_checked: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, variant: bytes
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    write(tmp_path / "a.txt.gz", variant)
    get = serve_checked(tmp_path)
    for _ in range(3):
        reply = get("/a.txt", GZIP)
        assert reply.body == TEXT
        assert "vary" not in reply
        assert "content-encoding" not in reply
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("whitenoise_async", logging.WARNING)
    assert record.getMessage() == f"{path}.gz is not served: it is not a compressed copy of {path}"
    assert get("/a.txt.gz").body == variant


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.symlink_to("/dev/null"),
        os.mkfifo,
    ],
    ids=["directory", "dangling", "device", "FIFO"],
)
def test_a_variant_that_is_no_regular_file_is_not_served(
    serve_checked: Serve, tmp_path: Path, make: Any
) -> None:
    write(tmp_path / "a.txt", TEXT)
    make(tmp_path / "a.txt.gz")
    assert "vary" not in serve_checked(tmp_path)("/a.txt", GZIP)


def test_a_variant_is_not_served_after_the_length_of_its_original_changed(
    serve_checked: Serve, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    get = serve_checked(tmp_path)
    assert get("/a.txt", GZIP)["content-encoding"] == "gzip"
    replace(path, TEXT + b"more")
    reply = get("/a.txt", GZIP)
    assert reply.body == TEXT + b"more"
    assert "content-encoding" not in reply
    assert "vary" not in reply
    write(tmp_path / "a.txt.gz", gzip.compress(TEXT + b"more"))
    os.utime(path, (1, 1))
    assert get("/a.txt", GZIP)["content-encoding"] == "gzip"


@pytest.mark.parametrize("before", ["mismatch", "missing", "FIFO"])
def test_a_variant_that_matches_again_is_served(
    serve_checked: Serve, tmp_path: Path, before: str
) -> None:
    """A deployment replaces the file first and its variants later."""
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    variant = tmp_path / "a.txt.gz"
    get = serve_checked(tmp_path)
    assert get("/a.txt", GZIP)["content-encoding"] == "gzip"
    replace(path, TEXT + b"more")
    if before != "mismatch":
        variant.unlink()
    if before == "FIFO":
        os.mkfifo(variant)
    for _ in range(2):
        assert get("/a.txt", GZIP).body == TEXT + b"more"
    replace(variant, gzip.compress(TEXT + b"more"))
    reply = get("/a.txt", GZIP)
    assert gzip.decompress(reply.body) == TEXT + b"more"
    assert reply["vary"] == get("/a.txt")["vary"] == "Accept-Encoding"


def test_a_variant_that_is_replaced_alone_is_checked_again(
    serve_checked: Serve, tmp_path: Path
) -> None:
    write(tmp_path / "a.txt", TEXT, compressed=True)
    get = serve_checked(tmp_path)
    first = get("/a.txt", GZIP)
    replace(tmp_path / "a.txt.gz", gzip.compress(TEXT, 1), mtime=MTIME + 1)
    second = get("/a.txt", GZIP)
    assert gzip.decompress(second.body) == TEXT
    assert second["etag"] != first["etag"]
    replace(tmp_path / "a.txt.gz", gzip.compress(b"other"), mtime=2)
    assert get("/a.txt", GZIP).body == TEXT
    (tmp_path / "a.txt.gz").unlink()
    assert get("/a.txt", GZIP).body == TEXT


def test_a_variant_that_appears_while_the_others_are_opened_is_checked_by_the_next_request(
    serve_checked: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    variant = tmp_path / "a.txt.gz"
    get = serve_checked(tmp_path)
    content = variant.read_bytes()
    variant.unlink()

    def open_and_deploy(name: str) -> Any:
        try:
            return open_file(name)
        finally:
            if name == str(variant):
                replace(variant, content)

    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.files.open_file.open_file", open_and_deploy)
        assert get("/a.txt", GZIP).body == path.read_bytes()
    assert get("/a.txt", GZIP)["content-encoding"] == "gzip"


def test_a_disk_error_while_a_variant_is_checked_is_a_503(
    serve_checked: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.txt", TEXT, compressed=True)
    get = serve_checked(tmp_path)

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.files.open_file.read_at", fail)
        assert get("/a.txt").status == 503
    assert get("/a.txt").status == 200


def test_the_files_are_open_until_they_are_closed_or_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    variants = OpenVariants(StaticFile(str(path), "/a.txt", (".gz", ".br")))
    identity, coded = variants.files["identity"], variants.files["gzip"]
    assert list(variants.files) == ["identity", "gzip"]
    assert variants.others == [(f"{path}.br", None)]
    assert variants.take("gzip") is coded
    variants.close()
    assert (identity.is_open, coded.is_open) == (False, True)
    coded.close()
    assert caplog.messages == []


@pytest.mark.parametrize("more", [b"", b"larger"], ids=["same size", "larger"])
def test_a_rejected_variant_is_closed_and_its_state_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, opened: list[OpenFile], more: bytes
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    write(tmp_path / "a.txt.gz", gzip.compress(TEXT[:-1]))
    larger = write(tmp_path / "a.txt.br", TEXT + more)
    (tmp_path / "a.txt.zst").mkdir()
    variants = OpenVariants(StaticFile(str(path), "/a.txt", (".gz", ".br", ".zst")))
    assert list(variants.files) == ["identity"]
    assert variants.others == [
        (f"{path}.gz", read_state(f"{path}.gz")),
        (str(larger), read_state(str(larger))),
        (f"{path}.zst", None),
    ]
    assert [file.path for file in opened if file.is_open] == [str(path)]
    variants.close()
    assert caplog.messages == [
        f"{path}.gz is not served: it is not a compressed copy of {path}",
        f"{path}.zst is not served: it is not a regular file",
    ]


def test_a_variant_that_becomes_readable_is_noticed_by_its_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.txt", TEXT, compressed=True)

    def open_as_another_user(name: str) -> OpenFile:
        if name == str(path):
            return open_file(name)
        raise UnavailableError(name, "Permission denied")

    monkeypatch.setattr("whitenoise_async.files.open_file.open_file", open_as_another_user)
    variants = OpenVariants(StaticFile(str(path), "/a.txt", (".gz",)))
    assert variants.others == [(f"{path}.gz", read_state(f"{path}.gz"))]
    variants.close()


def test_no_link_to_a_folder_below_the_root_is_followed(tmp_path: Path) -> None:
    path = write(tmp_path / "docs" / "a.txt", TEXT, compressed=True)
    variants = OpenVariants(StaticFile(str(path), "/docs/a.txt", (".gz",), root=str(tmp_path)))
    assert list(variants.files) == ["identity", "gzip"]
    variants.close()
    (tmp_path / "linked").symlink_to(tmp_path / "docs")
    linked = str(tmp_path / "linked" / "a.txt")
    with pytest.raises(UnavailableError):
        OpenVariants(StaticFile(linked, "/linked/a.txt", root=str(tmp_path)))
    OpenVariants(StaticFile(linked, "/linked/a.txt")).close()


@pytest.mark.parametrize(
    ("name", "other", "kind"),
    [
        ("a.txt", "a.txt.gz", {"suffixes": (".gz",)}),
        ("a.txt.gz", "a.txt", {"is_variant": True}),
    ],
)
def test_no_link_to_a_folder_that_appears_between_two_files_is_followed(
    tmp_path: Path, name: str, other: str, kind: Any
) -> None:
    folder = write(tmp_path / "docs" / "a.txt", TEXT, compressed=True).parent

    def open_and_link(root: str | None, path: str) -> OpenFile:
        file = open_in(root, path)
        if not folder.is_symlink():
            folder.rename(tmp_path / "elsewhere")
            folder.symlink_to(tmp_path / "elsewhere")
        return file

    entry = StaticFile(str(folder / name), "/", root=str(tmp_path), **kind)
    variants = OpenVariants(entry, open_and_link)
    assert list(variants.files) == ["identity"]
    assert variants.others == [(str(folder / other), None)]
    variants.close()


def test_a_variant_of_a_remote_file_that_is_not_smaller_is_left_out() -> None:
    contents = {"s3://b/a.txt": b"text", "s3://b/a.txt.gz": gzip.compress(b"text")}

    def open_remote(root: str | None, path: str) -> RemoteFile:
        content = contents[path]
        return RemoteFile(path, path, len(content), lambda start, stop: content[start:stop])

    variants = OpenVariants(StaticFile("s3://b/a.txt", "/a.txt", (".gz",)), open_remote)
    assert list(variants.files) == ["identity"]
    assert variants.states() == []
    variants.close()


def test_a_delta_is_known_by_the_dictionary_in_its_header(tmp_path: Path) -> None:
    path = write(tmp_path / "app.css", STYLES)
    write_delta(path, OTHER)
    suffix = suffix_of(OTHER)
    variants = OpenVariants(StaticFile(str(path), "/app.css", (suffix,)))
    assert list(variants.files) == ["identity", f"dcz-{hashlib.sha256(OTHER).hexdigest()}"]
    variants.close()
    entry = StaticFile(f"{path}{suffix}", f"/app.css{suffix}", is_variant=True)
    with pytest.raises(UnavailableError, match=f"it is the variant of {path}$"):
        OpenVariants(entry)


def test_a_delta_that_cannot_be_read_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[OpenFile]
) -> None:
    path = write(tmp_path / "app.css", STYLES)
    write_delta(path, OTHER)

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("whitenoise_async.files.open_file.read_at", fail)
    with pytest.raises(FileSystemError):
        OpenVariants(StaticFile(str(path), "/app.css", (suffix_of(OTHER),)))
    assert [file.is_open for file in opened] == [False, False]


def test_a_file_that_was_listed_without_an_original_is_not_compared_with_one(
    tmp_path: Path,
) -> None:
    write(tmp_path / "a.txt", TEXT)
    path = write(tmp_path / "a.txt.gz", gzip.compress(TEXT))
    variants = OpenVariants(StaticFile(str(path), "/a.txt.gz"))
    assert variants.others == []
    variants.close()


@pytest.mark.parametrize("is_related", [True, False])
def test_a_file_with_the_name_of_a_variant_is_served_if_it_is_none(
    tmp_path: Path, is_related: bool
) -> None:
    original = write(tmp_path / "a.txt", TEXT)
    path = write(tmp_path / "a.txt.gz", gzip.compress(TEXT) if is_related else b"other")
    entry = StaticFile(str(path), "/a.txt.gz", is_variant=True)
    if is_related:
        message = f"^{path} is not served: it is the variant of {original}$"
        with pytest.raises(UnavailableError, match=message) as caught:
            OpenVariants(entry)
        assert caught.value.gone
        return
    variants = OpenVariants(entry)
    assert variants.others == [(str(original), read_state(str(original)))]
    variants.close()


def test_a_file_with_the_name_of_a_variant_is_served_if_the_original_was_removed(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.txt.gz", gzip.compress(TEXT))
    variants = OpenVariants(StaticFile(str(path), "/a.txt.gz", is_variant=True))
    assert variants.others == [(str(tmp_path / "a.txt"), None)]
    variants.close()


def test_a_file_with_the_name_of_a_variant_is_not_served_if_the_original_cannot_be_read(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.txt").mkdir()
    path = write(tmp_path / "a.txt.gz", gzip.compress(TEXT))
    with pytest.raises(UnavailableError, match="not a regular file") as caught:
        OpenVariants(StaticFile(str(path), "/a.txt.gz", is_variant=True))
    assert not caught.value.gone


def test_content_in_memory_replaces_all_open_files(tmp_path: Path, opened: list[OpenFile]) -> None:
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    variants = OpenVariants(StaticFile(str(path), "/a.txt", (".gz", ".br")))
    states = variants.states()
    made = {"identity": MemoryFile(b"made", str(path), variants.identity.state)}
    variants.replace(made)
    assert not any(each.is_open for each in opened)
    assert (variants.files, variants.made) == ({}, made)
    assert variants.identity is made["identity"]
    assert variants.states() == states
    assert [path for path, _ in states] == [f"{path}.br", str(path), f"{path}.gz"]
    variants.close()
