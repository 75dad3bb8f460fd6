"""The forms of a file (RFC 9110 §3.2, §8): each with its own fields and validator."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.files.state import FileState
from whitenoise_async.http.fields import combined_field
from whitenoise_async.http.preconditions import parse_entity_tags
from whitenoise_async.serving.representation import represent

SECOND = 10**9
MTIME = 1_600_000_000  # Sun, 13 Sep 2020 12:26:40 GMT
DATE = "Sun, 13 Sep 2020 12:26:40 GMT"
STATE = FileState(0x3E8, MTIME * SECOND)
CODED = FileState(0x12C, MTIME * SECOND)
TAG = f"{MTIME * SECOND:x}"

IDENTITY_FORM = ("/a.css", "identity", STATE)
GZIP_FORM = ("/a.css.gz", "gzip", CODED)


def test_a_file_without_siblings_has_one_representation() -> None:
    described = [("Content-Type", "text/css"), ("X-A", "b")]
    (only,) = represent([IDENTITY_FORM], described)
    assert tuple(only) == (
        "/a.css",
        "identity",
        STATE,
        f'"{TAG}-3e8"',
        MTIME,
        [
            ("Content-Type", "text/css"),
            ("X-A", "b"),
            ("Accept-Ranges", "bytes"),
            ("ETag", f'"{TAG}-3e8"'),
            ("Last-Modified", DATE),
            ("Content-Length", "1000"),
        ],
        True,
    )
    assert only.size == 1000
    assert described == [("Content-Type", "text/css"), ("X-A", "b")]


def test_a_sibling_is_a_representation_of_its_own() -> None:
    identity, coded = represent([IDENTITY_FORM, GZIP_FORM], [("Content-Type", "text/css")])
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
    ("section", "described", "name", "identity", "coded"),
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
def test_a_field_that_was_described_is_kept_added_to_or_replaced(
    section: str,
    described: list[tuple[str, str]],
    name: str,
    identity: str | None,
    coded: str | None,
) -> None:
    pair = represent([IDENTITY_FORM, GZIP_FORM], described)
    assert [combined_field(each.headers, name) for each in pair] == [identity, coded], section


def test_what_was_described_is_as_it_was_where_there_is_one_form() -> None:
    (only,) = represent([IDENTITY_FORM], [("Vary", "Origin"), ("Content-Encoding", "br")])
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
    (only,) = represent([("/a", "identity", FileState(1, mtime_ns))], [])
    assert combined_field(only.headers, "Last-Modified") == expected
    assert (only.last_modified is None) is (expected is None)
    assert list(parse_entity_tags(only.etag)) == [only.etag]


def test_where_the_files_own_date_is_constant_its_variants_dates_do_not_count() -> None:
    constant, real = FileState(9, SECOND, 5), FileState(3, MTIME * SECOND, 5)
    forms = [("/a", "identity", constant), ("/a.gz", "gzip", real)]
    assert [each.last_modified for each in represent(forms, [])] == [None, None]
    forms = [("/a", "identity", real), ("/a.gz", "gzip", constant)]
    assert [each.last_modified for each in represent(forms, [])] == [MTIME, None]


def test_dates_can_be_left_out_altogether() -> None:
    for each in represent([IDENTITY_FORM, GZIP_FORM], [], ["x", "y"], dated=False):
        assert each.last_modified is None
        assert combined_field(each.headers, "Last-Modified") is None


@pytest.mark.parametrize(
    "name", ["Repr-Digest", "content-digest", "Digest", "Content-MD5", "Unencoded-Digest"]
)
def test_a_digest_that_a_hook_sets_is_dropped(name: str) -> None:
    """RFC 9530: it would be that of another coding, of another range, or of an earlier state."""
    for each in represent([IDENTITY_FORM, GZIP_FORM], [(name, "a"), ("Want-Repr-Digest", "b")]):
        assert combined_field(each.headers, name) is None
        assert combined_field(each.headers, "Want-Repr-Digest") == "b"


def test_a_date_in_the_future_is_not_sent() -> None:
    """RFC 9110 §8.8.2.1; a day off, so that no clock's step counts."""
    now = time.time_ns()
    for mtime_ns, known in [(now - 86_400 * SECOND, True), (now + 86_400 * SECOND, False)]:
        (only,) = represent([("/a", "identity", FileState(1, mtime_ns))], [])
        assert (only.last_modified is not None) is known


def test_the_lists_of_two_representations_are_not_one() -> None:
    first, second = represent([IDENTITY_FORM, GZIP_FORM], [("X-A", "b")])
    assert isinstance(first.headers, list)
    first.headers.clear()
    assert ("X-A", "b") in second.headers


# The time of change and the place on the disk tell when to check again. They are no part of
# a validator: they differ between machines that serve the same file.
states = st.builds(
    FileState,
    st.integers(0, 2**63),
    st.integers(-(2**63), 2**63),
    st.just(0),
    st.just(0),
    st.just(0),
)
forms = st.tuples(states, st.sampled_from(["identity", "gzip", "br", "zstd"]))


@given(st.lists(forms, min_size=2, max_size=5, unique=True))
def test_a_tag_is_strong_and_no_other_form_or_state_has_it(
    drawn: list[tuple[FileState, str]],
) -> None:
    """RFC 9110 §8.8.3."""
    made = represent([("/a", coding, state) for state, coding in drawn], [])
    tags = [each.etag for each in made]
    assert len(set(tags)) == len(tags)
    assert all(re.fullmatch(r'"[!#-~]+"', tag) for tag in tags)
