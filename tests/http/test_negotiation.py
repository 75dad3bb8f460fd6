"""``Accept-Encoding`` (RFC 9110 §12.5.3): parsing, and the choice of a representation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.http.negotiation import IDENTITY, choose, parse_accept_encoding

MAX_CODINGS = 100  # as documented
LONG = 65_536


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("gzip", {"gzip": 1}, id="12.5.3 the default weight is 1"),
        pytest.param("compress, gzip", {"compress": 1, "gzip": 1}, id="5.6.1 a list"),
        pytest.param("", {}, id="12.5.3 empty"),
        pytest.param(" , ,\t,", {}, id="5.6.1.2 empty members"),
        pytest.param(",gzip,,br,", {"gzip": 1, "br": 1}, id="5.6.1.2 empty members between"),
        pytest.param("GZip;Q=0.5", {"gzip": 0.5}, id="8.4.1 no case"),
        pytest.param("gzip \t;\t q=0.5 ", {"gzip": 0.5}, id="12.4.2 white space around ;"),
        pytest.param("gzip;q=0", {"gzip": 0}, id="12.4.2 q=0"),
        pytest.param("gzip;q=0.", {"gzip": 0}, id="12.4.2 q=0."),
        pytest.param("gzip;q=0.000", {"gzip": 0}, id="12.4.2 q=0.000"),
        pytest.param("gzip;q=0.001", {"gzip": 0.001}, id="12.4.2 the least weight"),
        pytest.param("gzip;q=1.", {"gzip": 1}, id="12.4.2 q=1."),
        pytest.param("gzip;q=1.000", {"gzip": 1}, id="12.4.2 q=1.000"),
        pytest.param("x-gzip", {"gzip": 1}, id="8.4.1.3 x-gzip"),
        pytest.param("X-GZIP;q=0", {"gzip": 0}, id="8.4.1.3 x-gzip, no case"),
        pytest.param("*;q=0, identity;q=1", {"*": 0, "identity": 1}, id="12.5.3 star"),
        pytest.param("gzip, gzip;q=0", {"gzip": 0}, id="the lower weight, last"),
        pytest.param("gzip;q=0, gzip", {"gzip": 0}, id="the lower weight, first"),
        pytest.param("gzip;q=0.5, x-gzip", {"gzip": 0.5}, id="the lower weight of two names"),
        pytest.param("not-gzip, xgzip", {"not-gzip": 1, "xgzip": 1}, id="5.6.2 no substrings"),
    ],
)  # fmt: skip
def test_a_value_is_parsed_into_codings_and_weights(value: str, expected: dict[str, float]) -> None:
    assert parse_accept_encoding(value) == expected


@pytest.mark.parametrize(
    "member",
    [
        "gzip;q=1.5", "gzip;q=2", "gzip;q=1.001", "gzip;q=1.0000", "gzip;q=0.0001",
        "gzip;q=0.5000", "gzip;q=.5",
        "gzip;q=-1", "gzip;q=+1", "gzip;q=00", "gzip;q=01", "gzip;q=1e0",
        "gzip;q=nan", "gzip;q=inf", "gzip;q=", "gzip;q", "gzip;", "gzip;;", "gzip;q=0.5;x=1",
        "gzip;x=1", "gzip;x=1;q=0.5", "gzip;q =0.5", "gzip;q= 0.5", "gzip;q=0 .5", 'gzip;q="1"',
        "gzip;q=\xb2", "gzip;q=0.\xb2", "gzip;q=0_1", "gzip; q=0.5 x", "gzip q=0.5", "g zip",
        "gzip/1", '"gzip"', "gzip\xa0", "\xa0gzip", "gzip;\xa0q=0.5", "gzip;q=0.5\xa0",
        "gz\xefp", "gzip\0", "gzip\n", ";q=1", "=",
        "gzip;q=" + "0" * LONG, "gzip;q=0." + "1" * LONG, "gzip" + ";" * LONG, "(" * LONG,
    ],
    ids=lambda member: ascii(member[:20]),
)  # fmt: skip
def test_a_malformed_member_is_skipped(member: str) -> None:
    """RFC 9110 §12.4.2: a weight is at most 1 and has at most three decimals."""
    assert parse_accept_encoding(f"{member}, br;q=0.5") == {"br": 0.5}
    assert parse_accept_encoding(f"br;q=0.5,{member}") == {"br": 0.5}


BOTH = [(IDENTITY, 1000), ("gzip", 300)]
LARGER = [(IDENTITY, 1000), ("gzip", 1200)]
THREE = [(IDENTITY, 1000), ("gzip", 300), ("br", 250)]


@pytest.mark.parametrize(
    ("section", "value", "expected"),
    [
        ("12.5.3", None, IDENTITY),
        ("12.5.3", "", IDENTITY),
        ("12.5.3", "gzip", "gzip"),
        ("8.4.1", "GZIP", "gzip"),
        ("8.4.1.3", "x-gzip", "gzip"),
        ("8.4.1.3", "x-gzip;q=0, gzip", IDENTITY),
        ("12.5.3", "deflate, gzip;q=1.0, *;q=0.5", "gzip"),
        ("12.4.2", "gzip;q=0", IDENTITY),
        ("12.4.2", "gzip;q=0.000", IDENTITY),
        ("12.4.2", "gzip;q=0.001", "gzip"),
        ("12.4.2", "gzip;q=1.5", IDENTITY),
        ("12.4.2", "gzip;q=0.5;x=1", IDENTITY),
        ("12.4.2", "gzip;q=0.5;x=1, x-gzip;q=0.5", "gzip"),
        ("5.6.2", "not-gzip", IDENTITY),
        ("5.6.2", "gzip-not", IDENTITY),
        ("12.5.3", "br", IDENTITY),
        ("12.5.3", "*", "gzip"),
        ("12.5.3", "*;q=0.001", "gzip"),
        ("12.5.3", "*;q=0", IDENTITY),
        ("12.5.3", "*;q=0, gzip", "gzip"),
        ("12.5.3", "*, gzip;q=0", IDENTITY),
        ("12.5.3", "br, *;q=0.5", "gzip"),
        ("12.5.3", "identity", IDENTITY),
        ("12.5.3", "identity, gzip", "gzip"),
        ("12.4.2", "identity, gzip;q=0.999", IDENTITY),
        ("12.4.2", "identity;q=0.5, gzip;q=0.5", "gzip"),
        ("12.4.2", "identity;q=0.5, *;q=0.4", IDENTITY),
        ("12.4.2", "identity;q=0.5, *;q=0.6", "gzip"),
        ("12.4.2", "gzip;q=0.3, *;q=0.5", "gzip"),
        ("12.5.3", "identity;q=0", IDENTITY),
        ("12.5.3", "identity;q=0, gzip", "gzip"),
        ("12.5.3", "identity;q=0, *;q=0.1", "gzip"),
        ("12.5.3", "identity;q=0, gzip;q=0", IDENTITY),
        ("12.5.3", "identity;q=0, *;q=0", IDENTITY),
        ("5.6.1", ",".join(["gzip"] * MAX_CODINGS), "gzip"),
        ("5.6.1.2", ",".join(["gzip"] * (MAX_CODINGS + 1)), IDENTITY),
        ("5.6.1.2", "," * (MAX_CODINGS - 1) + "gzip", "gzip"),
        ("5.6.1.2", "," * LONG, IDENTITY),
        ("5.6.1.2", "," * LONG + "gzip", IDENTITY),
        ("5.6.3", " " * LONG, IDENTITY),
        ("5.6.3", " " * LONG + "gzip" + "\t" * LONG, "gzip"),
        ("5.6.2", 'W/"' * LONG, IDENTITY),
        ("12.4.2", ";q=" * LONG, IDENTITY),
    ],
    ids=lambda value: ascii(value[:40]) if isinstance(value, str) else None,
)
def test_the_highest_weight_wins(section: str, value: str | None, expected: str) -> None:
    assert BOTH[choose(BOTH, value)][0] == expected, section


@pytest.mark.parametrize(
    ("candidates", "value", "expected"),
    [
        (LARGER, "gzip", "gzip"),  # identity comes last unless it is named
        (LARGER, "gzip, identity", IDENTITY),
        (LARGER, "*", IDENTITY),
        ([(IDENTITY, 300), ("gzip", 300)], "*", IDENTITY),
        (THREE, "gzip, br", "br"),
        (THREE, "gzip, br;q=0.9", "gzip"),
        (THREE, "br;q=0, *", "gzip"),
        (THREE, "br;q=0.1, *;q=0.9", "gzip"),
        (THREE, "*", "br"),
        (THREE[::2], "gzip", IDENTITY),
        ([(IDENTITY, 0), ("gzip", 20)], "gzip", "gzip"),
        ([(IDENTITY, 0), ("gzip", 20)], "*", IDENTITY),
        ([(IDENTITY, 20), ("gzip", 0)], "identity;q=0, gzip;q=0", IDENTITY),
    ],
)
def test_the_smallest_representation_wins_among_equal_weights(
    candidates: list[tuple[str, int]], value: str, expected: str
) -> None:
    assert candidates[choose(candidates, value)][0] == expected


@pytest.mark.parametrize("value", [None, "", "gzip", "identity;q=0", "*;q=0"])
def test_a_single_representation_is_always_chosen(value: str | None) -> None:
    """RFC 9110 §12.5.3 allows this instead of a 406."""
    assert choose([(IDENTITY, 10)], value) == 0


weights = st.sampled_from(["", ";q=0", ";q=0.001", "; q=0.5", ";q=1.000", ";Q=0.000", ";q=2", ";"])
names = st.sampled_from(["gzip", "GZIP", "x-gzip", "br", "identity", "*", "not-gzip", "", "g zip"])
members = st.tuples(names, weights).map("".join)
likely_values = st.lists(members, max_size=5).map(", ".join)
latin_1 = st.text(st.characters(max_codepoint=0xFF))


@given(latin_1 | likely_values)
def test_the_parser_never_raises(value: str) -> None:
    for coding, weight in parse_accept_encoding(value).items():
        assert coding in value.lower()
        assert 0 <= weight <= 1


@given(latin_1 | likely_values, st.permutations(THREE[1:]), st.integers(0, 2000))
def test_a_client_gets_only_codings_that_it_accepts(
    value: str, coded: list[tuple[str, int]], size: int
) -> None:
    candidates = [(IDENTITY, size), *coded]
    chosen, chosen_size = candidates[choose(candidates, value)]
    accepted = parse_accept_encoding(value)
    weighed = {name: accepted.get(name, accepted.get("*", 0.0)) for name, _ in coded}
    if chosen != IDENTITY:
        alike = [other for name, other in coded if weighed[name] == weighed[chosen]]
        assert weighed[chosen] == max(weighed.values()) > 0
        assert chosen_size == min(alike)
    elif IDENTITY in accepted:
        assert accepted[IDENTITY] >= max(weighed.values())
    else:
        assert not any(accepted.get(name) for name, _ in coded)


@given(likely_values)
def test_case_and_order_do_not_matter(value: str) -> None:
    backwards = ",".join(reversed(value.split(",")))
    assert choose(THREE, value.upper()) == choose(THREE, value) == choose(THREE, backwards)


@pytest.mark.parametrize(
    ("accept_encoding", "chosen"),
    [
        ("gzip, deflate, br, zstd, identity", 0),
        ("identity;q=1.0, gzip", 0),
        ("Identity, *", 0),
        ("gzip;q=0.5, identity;q=0.5", 0),
        ("identity;q=0.5, br;q=0.4, deflate", 0),
        ("gzip;q=0.5, identity;q=0.4", 1),
        ("gzip, identity;q=0.999", 1),
        ("gzip, identity;q=0", 1),
        ("gzip, *", 1),
        ("*", 1),
        ("gzip", 1),
        ("identity;q=2, gzip", 1),
        ("", 0),
        (None, 0),
    ],
)
def test_identity_is_preferred_if_it_is_named_with_the_highest_weight(
    accept_encoding: str | None, chosen: int
) -> None:
    candidates = [(IDENTITY, 1000), ("gzip", 300)]
    assert choose(candidates, accept_encoding, prefer_identity=True) == chosen
