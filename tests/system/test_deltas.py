"""The contract of deltas, the same behind both adapters."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from pathlib import Path

import pytest

from tests.helpers.clients import Reply, Serve
from tests.helpers.deltas import (
    HEADER,
    apply_delta,
    delta_of,
    fields_of,
    suffix_of,
    write_delta,
)
from tests.helpers.files import MTIME, write
from whitenoise_async import Assets
from whitenoise_async.files.errors import FileSystemError
from whitenoise_async.files.open_file import OpenFile

OLD = b"".join(b"let a%d = %d;\n" % (number, number * 7919) for number in range(500))
OLDER = OLD.replace(b"a1", b"c1")
NEW = OLD.replace(b"a2", b"b2")
NAME = "/app.js"
BOTH = "Accept-Encoding, Available-Dictionary"
IMMUTABLE = "max-age=315360000, public, immutable"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A file with variants, and deltas against two dictionaries; and one without."""
    app = write(tmp_path / "root" / "app.js", NEW, compressed=True)
    write_delta(app, OLD)
    write_delta(app, OLDER)
    write(tmp_path / "root" / "plain.js", NEW)
    write(tmp_path / "root" / "compressed.js", NEW, compressed=True)
    return tmp_path / "root"


def variant(root: Path, suffix: str) -> Path:
    return root / f"app.js{suffix}"


def encoding_of(reply: Reply) -> str | None:
    return dict(reply.headers).get("content-encoding")


@pytest.mark.parametrize("old", [OLD, OLDER])
def test_a_client_receives_the_delta_against_its_dictionary(
    serve: Serve, root: Path, old: bytes
) -> None:
    get = serve(root)
    reply = get(NAME, fields_of(old))
    assert (reply.status, reply["content-encoding"], reply["vary"]) == (200, "dcz", BOTH)
    assert apply_delta(old, reply.body) == NEW
    assert reply["content-length"] == str(len(reply.body))
    assert reply["content-type"].startswith("text/javascript")


def test_every_representation_has_its_own_etag(serve: Serve, root: Path) -> None:
    get = serve(root)
    asked = [{}, {"Accept-Encoding": "gzip"}, fields_of(OLD), fields_of(OLDER)]
    replies = [get(NAME, fields) for fields in asked]
    assert len({reply["etag"] for reply in replies}) == 4
    for fields, reply in zip(asked, replies, strict=True):
        again = get(NAME, {**fields, "If-None-Match": reply["etag"]})
        assert (again.status, again["etag"], again["vary"]) == (304, reply["etag"], BOTH)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, dcz", "dcz"),
        ("dcz", "dcz"),
        ("gzip;q=0.5, dcz;q=0.6", "dcz"),
        ("gzip, dcz;q=0.5", "gzip"),
        ("gzip, dcz;q=0", "gzip"),
        ("gzip, *", "gzip"),
        ("dcb, gzip", "gzip"),
        ("*", "gzip"),
        ("dcz;q=0", None),
        ("", None),
    ],
)
def test_the_coding_must_be_named(
    serve: Serve, root: Path, accepted: str, coding: str | None
) -> None:
    assert encoding_of(serve(root)(NAME, fields_of(OLD, accepted))) == coding


@pytest.mark.parametrize(
    "value",
    [
        fields_of(NEW)["Available-Dictionary"],
        fields_of(b"other")["Available-Dictionary"],
        ":malformed:",
        "",
        suffix_of(OLD),
        hashlib.sha256(OLD).hexdigest(),
    ],
)
def test_a_client_with_another_dictionary_receives_no_delta(
    serve: Serve, root: Path, value: str
) -> None:
    """The identifier that it may send as well does not count."""
    fields = {**fields_of(OLD), "Available-Dictionary": value, "Dictionary-ID": '"app"'}
    reply = serve(root)(NAME, fields)
    assert (encoding_of(reply), reply["vary"]) == ("gzip", BOTH)


def test_only_urls_with_deltas_vary_by_dictionary(serve: Serve, root: Path) -> None:
    get = serve(root)
    assert "vary" not in get("/plain.js", fields_of(OLD))
    assert get("/compressed.js", fields_of(OLD))["vary"] == "Accept-Encoding"
    methods = {"GET": 200, "HEAD": 200, "OPTIONS": 204, "POST": 405}
    for method, status in methods.items():
        reply = get(NAME, {}, method)
        assert (reply.status, reply["vary"]) == (status, BOTH)


def test_head_ranges_and_preconditions_apply_to_the_delta(serve: Serve, root: Path) -> None:
    get, fields = serve(root), fields_of(OLD)
    whole = get(NAME, fields)
    assert get(NAME, fields, "HEAD").headers == whole.headers
    size, etag = len(whole.body), whole["etag"]
    part = get(NAME, {**fields, "Range": "bytes=8-39"})
    assert (part.status, part["content-range"]) == (206, f"bytes 8-39/{size}")
    assert part.body == hashlib.sha256(OLD).digest()
    assert (part["content-encoding"], part["etag"], part["vary"]) == ("dcz", etag, BOTH)
    conditional = {**fields, "Range": "bytes=0-7"}
    assert get(NAME, {**conditional, "If-Range": etag}).body == HEADER
    other = get(NAME, {"Accept-Encoding": "gzip"})["etag"]
    assert get(NAME, {**conditional, "If-Range": other}).body == whole.body
    assert get(NAME, {**fields, "Range": f"bytes={size}-"}).status == 416
    assert get(NAME, {**fields, "If-Match": etag}).status == 200
    assert get(NAME, {**fields, "If-Match": other}).status == 412
    assert get(NAME, {**fields, "If-None-Match": f"{other}, {etag}"}).status == 304
    assert get(NAME, {**fields, "If-None-Match": other}).status == 200


def test_a_delta_has_no_url_of_its_own(serve: Serve, root: Path) -> None:
    get = serve(root)
    assert get(NAME + suffix_of(OLD)).status == 404
    assert get("/plain.js" + suffix_of(OLD)).status == 404


def test_a_file_with_the_name_of_a_delta_is_an_ordinary_file(serve: Serve, root: Path) -> None:
    """Unless it belongs to its original."""
    wrong = write(root / f"app.js.{'0' * 16}.dcz", b"something else")
    lonely = write(root / f"gone.js.{'0' * 16}.dcz", delta_of(OLD, NEW))
    short = write(root / "short.dcz", b"short")
    get = serve(root)
    for file in (wrong, lonely, short):
        assert get(f"/{file.name}").body == file.read_bytes()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it does not begin with the header of a delta (RFC 9842)"),
        (HEADER + bytes(31), "it does not begin with the header of a delta (RFC 9842)"),
        (delta_of(OLD, NEW)[40:], "it does not begin with the header of a delta (RFC 9842)"),
        (delta_of(OLDER, NEW), "its name and its header name different dictionaries"),
        (delta_of(OLD, NEW)[:40], "it is not a compressed copy of {}"),
        (delta_of(OLD, NEW + b"x"), "it is not a compressed copy of {}"),
        (
            # A window of 256 MB.
            delta_of(OLD, NEW)[:40] + b"\x28\xb5\x2f\xfd\x00\x90\x00\x00\x00",
            "browsers refuse its window of 268435456 bytes (RFC 9842)",
        ),
    ],
)
def test_a_delta_that_cannot_match_is_not_served_and_the_log_names_it(
    serve: Serve, root: Path, caplog: pytest.LogCaptureFixture, content: bytes, reason: str
) -> None:
    path = write(variant(root, suffix_of(OLD)), content)
    get = serve(root)
    with caplog.at_level(logging.WARNING, "whitenoise_async"):
        replies = [get(NAME, fields_of(OLD)) for _ in range(2)]
    assert [encoding_of(reply) for reply in replies] == ["gzip", "gzip"]
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == f"{path} is not served: {reason.format(root / 'app.js')}"


def test_a_delta_that_cannot_be_read_is_a_503(
    serve: Serve, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = OpenFile.read_fully

    def failing(file: OpenFile, offset: int, size: int) -> bytes:
        if file.path.endswith(".dcz"):
            raise FileSystemError(file.path, OSError(errno.EIO, "Input/output error"))
        return real(file, offset, size)

    monkeypatch.setattr(OpenFile, "read_fully", failing)
    assert serve(root)(NAME, fields_of(OLD)).status == 503


def test_a_delta_without_a_length_must_not_be_older_than_its_original(
    serve: Serve, root: Path
) -> None:
    frame = b"\x28\xb5\x2f\xfd\x00\x58" + bytes(3)
    path = write(variant(root, suffix_of(OLD)), delta_of(OLD, NEW)[:40] + frame)
    assert encoding_of(serve(root)(NAME, fields_of(OLD))) == "dcz"
    os.utime(path, (0, MTIME - 10))
    assert encoding_of(serve(root)(NAME, fields_of(OLD))) == "gzip"


def test_a_delta_of_the_earlier_content_is_no_longer_served(serve: Serve, root: Path) -> None:
    get = serve(root, autorefresh=True)
    assert encoding_of(get(NAME, fields_of(OLD))) == "dcz"
    write(root / "app.js", NEW + b"changed")
    assert encoding_of(get(NAME, fields_of(OLD))) is None


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("app.0a1b2c3d4e5f.js", "app.*.js"),
        ("css/deep/site-BcD12_-x.css", "../../css/deep/site-*.css"),
        ("data.0a1b2c3d4e5f.json", "data.*.json"),
        ("image.0a1b2c3d4e5f.png", None),
        ("app.js", None),
    ],
)
def test_an_immutable_text_file_may_become_a_dictionary(
    serve: Serve, tmp_path: Path, name: str, match: str | None
) -> None:
    write(tmp_path / name, NEW)
    for is_immutable in (True, False):
        get = serve(tmp_path, immutable_file_test=lambda path, url, is_=is_immutable: is_)
        reply = get(f"/{name}")
        if is_immutable and match is not None:
            assert reply["use-as-dictionary"] == f'match="{match}"'
        else:
            assert "use-as-dictionary" not in reply


def test_a_file_that_may_change_does_not_become_a_dictionary(serve: Serve, tmp_path: Path) -> None:
    write(tmp_path / "app.0a1b2c3d4e5f.js", NEW)
    get = serve(tmp_path, immutable_file_test="[0-9a-f]{12}", autorefresh=True)
    assert "use-as-dictionary" not in get("/app.0a1b2c3d4e5f.js")


@pytest.mark.parametrize("prefix", [None, "static"])
def test_a_hashed_url_announces_its_file_and_receives_the_delta(
    serve: Serve, root: Path, prefix: str | None
) -> None:
    assets = Assets(root=root, prefix=prefix)
    url = assets.url("app.js")
    get = serve(root, prefix)
    reply = get(url, fields_of(OLD))
    assert (reply["content-encoding"], reply["cache-control"]) == ("dcz", IMMUTABLE)
    assert reply["use-as-dictionary"] == (
        'match="../static/app.*.js"' if prefix else 'match="app.*.js"'
    )
    plain = get(f"/{prefix}/app.js" if prefix else "/app.js", fields_of(OLD))
    assert plain["content-encoding"] == "dcz"
    assert "use-as-dictionary" not in plain
