"""The representations of a file (RFC 9110 §3.2, §8): each has its own headers and validator."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.files.state import FileState
from whitenoise_async.http.fields import combined_field
from whitenoise_async.http.preconditions import parse_entity_tags
from whitenoise_async.serving.representation import (
    Representation,
    are_dated,
    make_representations,
)

SECOND = 10**9
MTIME = 1_600_000_000  # Sun, 13 Sep 2020 12:26:40 GMT
DATE = "Sun, 13 Sep 2020 12:26:40 GMT"
STATE = FileState(0x3E8, MTIME * SECOND)
CODED = FileState(0x12C, MTIME * SECOND)
TAG = f"{MTIME * SECOND:x}"

IDENTITY_VARIANT = ("/a.css", "identity", STATE)
GZIP_VARIANT = ("/a.css.gz", "gzip", CODED)


def make(
    variants: Sequence[tuple[str, str, FileState]],
    file_headers: Sequence[tuple[str, str]],
    tags: Sequence[str | None] = (),
) -> list[Representation]:
    dated = are_dated([state for _, _, state in variants])
    return make_representations(variants, file_headers, dated, tags or [None] * len(variants))


def test_a_file_without_variants_has_one_representation() -> None:
    file_headers = [("Content-Type", "text/css"), ("X-A", "b")]
    (only,) = make([IDENTITY_VARIANT], file_headers)
    assert (only.path, only.coding, only.state, only.etag, only.last_modified) == (
        "/a.css",
        "identity",
        STATE,
        f'"{TAG}-3e8"',
        MTIME,
    )
    assert only.headers == [
        ("Content-Type", "text/css"),
        ("X-A", "b"),
        ("Accept-Ranges", "bytes"),
        ("ETag", f'"{TAG}-3e8"'),
        ("Last-Modified", DATE),
        ("Content-Length", "1000"),
    ]
    assert only.is_dated is True
    assert only.dictionary is None
    assert only.size == 1000
    assert file_headers == [("Content-Type", "text/css"), ("X-A", "b")]


def test_a_variant_is_a_separate_representation() -> None:
    identity, coded = make([IDENTITY_VARIANT, GZIP_VARIANT], [("Content-Type", "text/css")])
    assert (identity.path, identity.size) == ("/a.css", 1000)
    assert identity.headers == [
        ("Content-Type", "text/css"),
        ("Vary", "Accept-Encoding"),
        ("Accept-Ranges", "bytes"),
        ("ETag", f'"{TAG}-3e8"'),
        ("Last-Modified", DATE),
        ("Content-Length", "1000"),
    ]
    assert (coded.path, coded.size) == ("/a.css.gz", 300)
    assert coded.headers == [
        ("Content-Type", "text/css"),
        ("Vary", "Accept-Encoding"),
        ("Content-Encoding", "gzip"),
        ("Accept-Ranges", "bytes"),
        ("ETag", f'"{TAG}-12c-gzip"'),
        ("Last-Modified", DATE),
        ("Content-Length", "300"),
    ]


@pytest.mark.parametrize(
    ("section", "file_headers", "name", "identity", "coded"),
    [
        ("12.5.5", [], "Vary", "Accept-Encoding", "Accept-Encoding"),
        ("12.5.5", [("Vary", "Origin")], "Vary", *["Origin, Accept-Encoding"] * 2),
        ("12.5.5", [("VARY", "a"), ("vary", "b")], "Vary", *["a, b, Accept-Encoding"] * 2),
        ("12.5.5", [("Vary", "*")], "Vary", "*", "*"),
        ("12.5.5", [("Vary", "accept-encoding")], "Vary", *["accept-encoding"] * 2),
        ("8.4", [], "Content-Encoding", None, "gzip"),
        ("8.4", [("content-encoding", "br")], "Content-Encoding", "br", "br, gzip"),
        ("8.4", [("Content-Encoding", "")], "Content-Encoding", None, "gzip"),
        ("8.6", [("Content-Length", "5")], "Content-Length", "1000", "300"),
        ("8.8.2", [("last-modified", "yesterday")], "Last-Modified", DATE, DATE),
        ("8.8.3", [("etag", '"x"')], "ETag", f'"{TAG}-3e8"', f'"{TAG}-12c-gzip"'),
        ("14.3", [("Accept-Ranges", "none")], "Accept-Ranges", "bytes", "bytes"),
        ("14.4", [("Content-Range", "bytes 0-0/1")], "Content-Range", None, None),
        ("RFC 9112 6.1", [("Transfer-Encoding", "chunked")], "Transfer-Encoding", None, None),
        ("8.7", [("Content-Location", "/b")], "Content-Location", "/b", "/b"),
    ],
)
def test_a_header_of_the_file_is_kept_extended_or_replaced(
    section: str,
    file_headers: list[tuple[str, str]],
    name: str,
    identity: str | None,
    coded: str | None,
) -> None:
    pair = make([IDENTITY_VARIANT, GZIP_VARIANT], file_headers)
    assert [combined_field(each.headers, name) for each in pair] == [identity, coded], section


def test_the_headers_of_a_file_without_variants_are_kept() -> None:
    (only,) = make([IDENTITY_VARIANT], [("Vary", "Origin"), ("Content-Encoding", "br")])
    assert combined_field(only.headers, "Vary") == "Origin"
    assert combined_field(only.headers, "Content-Encoding") == "br"


@pytest.mark.parametrize(
    ("mtime_ns", "expected"),
    [
        (0, None),
        (SECOND, None),
        (315_532_800 * SECOND, None),  # 1980-01-01
        (315_619_200 * SECOND, None),
        (315_619_201 * SECOND, "Wed, 02 Jan 1980 00:00:01 GMT"),
        (MTIME * SECOND + SECOND - 1, DATE),
        (-1, None),
        (-SECOND, None),
        (-(2**63), None),
        (253_402_300_800 * SECOND, None),
        (2**63 - 1, None),
    ],
)
def test_a_date_that_must_not_be_sent_is_not_sent(mtime_ns: int, expected: str | None) -> None:
    """RFC 9110 §8.8.2.1."""
    (only,) = make([("/a", "identity", FileState(1, mtime_ns))], [])
    assert combined_field(only.headers, "Last-Modified") == expected
    assert (only.last_modified is None) is (expected is None)
    assert list(parse_entity_tags(only.etag)) == [only.etag]


def test_if_the_date_of_the_file_is_constant_no_variant_has_a_date() -> None:
    constant, real = FileState(9, SECOND, 5), FileState(3, MTIME * SECOND, 5)
    variants = [("/a", "identity", constant), ("/a.gz", "gzip", real)]
    assert [each.last_modified for each in make(variants, [])] == [None, None]
    variants = [("/a", "identity", real), ("/a.gz", "gzip", constant)]
    assert [each.last_modified for each in make(variants, [])] == [MTIME, None]


@pytest.mark.parametrize(
    ("mtime_ns", "ctime_ns", "tag"),
    [
        (MTIME * SECOND, 0xABC, f"{TAG}-3e8"),
        (SECOND, 0xABC, "3b9aca00-abc-3e8"),  # a date that builds set
    ],
)
def test_a_tag_has_the_ctime_only_if_the_date_is_constant(
    mtime_ns: int, ctime_ns: int, tag: str
) -> None:
    (only,) = make([("/a", "identity", FileState(0x3E8, mtime_ns, ctime_ns))], [])
    assert only.etag == f'"{tag}"'


def test_a_given_tag_replaces_the_tag_of_date_and_size() -> None:
    variants = [IDENTITY_VARIANT, GZIP_VARIANT]
    tags = [each.etag for each in make(variants, [], ["x", "y"])]
    assert tags == ['"x"', '"y-gzip"']
    tags = [each.etag for each in make(variants, [], [None, "y"])]
    assert tags == [f'"{TAG}-3e8"', '"y-gzip"']


def test_dates_can_be_switched_off() -> None:
    for each in make_representations(
        [IDENTITY_VARIANT, GZIP_VARIANT], [], [False, False], ["x", "y"]
    ):
        assert each.last_modified is None
        assert combined_field(each.headers, "Last-Modified") is None


@pytest.mark.parametrize(
    "name", ["Repr-Digest", "content-digest", "Digest", "Content-MD5", "Unencoded-Digest"]
)
def test_a_digest_that_a_hook_sets_is_dropped(name: str) -> None:
    """RFC 9530: a digest differs for each coding, each range and each state."""
    for each in make([IDENTITY_VARIANT, GZIP_VARIANT], [(name, "a"), ("Want-Repr-Digest", "b")]):
        assert combined_field(each.headers, name) is None
        assert combined_field(each.headers, "Want-Repr-Digest") == "b"


def test_a_date_in_the_future_is_not_sent() -> None:
    """RFC 9110 §8.8.2.1; a difference of a day makes steps of the clock irrelevant."""
    now = time.time_ns()
    for mtime_ns, is_sent in [(now - 86_400 * SECOND, True), (now + 86_400 * SECOND, False)]:
        (only,) = make([("/a", "identity", FileState(1, mtime_ns))], [])
        assert (only.last_modified is not None) is is_sent


def test_two_representations_never_share_a_list_of_headers() -> None:
    first, second = make([IDENTITY_VARIANT, GZIP_VARIANT], [("X-A", "b")])
    assert isinstance(first.headers, list)
    first.headers.clear()
    assert ("X-A", "b") in second.headers


# The ctime and the place on the disk are not part of a validator, since they differ between
# machines that serve the same file.
states = st.builds(
    FileState,
    st.integers(0, 2**63),
    st.integers(-(2**63), 2**63),
    st.just(0),
    st.just(0),
    st.just(0),
)


variants = st.tuples(states, st.sampled_from(["identity", "gzip", "br", "zstd"]))


@given(st.lists(variants, min_size=2, max_size=5, unique=True))
def test_a_tag_is_strong_and_differs_between_codings_and_states(
    drawn: list[tuple[FileState, str]],
) -> None:
    """RFC 9110 §8.8.3."""
    made = make([("/a", coding, state) for state, coding in drawn], [])
    tags = [each.etag for each in made]
    assert len(set(tags)) == len(tags)
    assert all(re.fullmatch(r'"[!#-~]+"', tag) for tag in tags)


def test_deltas_have_one_coding_in_http_and_an_etag_for_each_dictionary() -> None:
    deltas = [(f"/a.css.{digit}.dcz", f"dcz-{digit * 64}", CODED) for digit in "01"]
    identity, compressed, *made = make([IDENTITY_VARIANT, GZIP_VARIANT, *deltas], [])
    assert [each.dictionary for each in made] == ["0" * 64, "1" * 64]
    assert (identity.dictionary, compressed.dictionary) == (None, None)
    assert [each.etag for each in made] == [f'"{TAG}-12c-dcz-{digit * 16}"' for digit in "01"]
    for each in (identity, compressed, *made):
        assert dict(each.headers)["Vary"] == "Accept-Encoding, Available-Dictionary"
    assert {dict(each.headers)["Content-Encoding"] for each in made} == {"dcz"}
