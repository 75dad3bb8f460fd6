"""Strategies for random hostile requests, made of pieces of attacks."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzzing.inputs import FIELDS, Input
from tests.fuzzing.pieces import (
    ANY_PIECES,
    LIKELY,
    METHODS,
    MOUNTS,
    PIECES,
    QUERIES,
    SEGMENTS,
    URLS,
)

_wire_text = st.text(st.characters(max_codepoint=0xFF), max_size=12)
_times = st.sampled_from([1] * 12 + [2, 40, 300, 5000])


def _repeated(pieces: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(pieces, _times).map(lambda pair: pair[0] * pair[1])


def _values(name: str) -> st.SearchStrategy[str]:
    pieces = st.sampled_from([*PIECES[name], *PIECES[name], *ANY_PIECES])
    long = st.sampled_from(sorted(PIECES[name])).map(lambda piece: piece * (65536 // len(piece)))
    made = st.lists(_repeated(pieces) | _wire_text, max_size=6).map("".join)
    likely = st.sampled_from(LIKELY[name])
    return st.one_of(likely, likely, st.tuples(likely, made).map("".join), made, made, long)


_FIELDS = {name: st.tuples(st.just(name), _values(name)) for name in FIELDS}
_field = st.one_of(*_FIELDS.values())
_segment = st.one_of(
    st.sampled_from(SEGMENTS),
    _wire_text,
    st.text(max_size=4).map(lambda text: text.encode("utf-8", "surrogatepass").decode("latin-1")),
)
_path = st.one_of(
    st.sampled_from(URLS),
    st.tuples(st.sampled_from(URLS), _segment).map("".join),
    st.tuples(st.sampled_from(URLS), _segment).map(lambda pair: f"/{pair[1]}{pair[0]}"),
    st.lists(_repeated(_segment), max_size=4).map(lambda names: "/" + "/".join(names)),
    st.binary(max_size=40).map(lambda data: data.decode("latin-1")),
    st.sampled_from([255, 256, 4096, 65536]).map(lambda size: "/" + "x" * size),
)

#: Any request.
requests = st.builds(
    Input,
    path=_path,
    method=st.sampled_from(METHODS) | _wire_text,
    fields=st.lists(_field, max_size=4).map(tuple),
    query=st.sampled_from(QUERIES) | _wire_text,
    mount=st.sampled_from(MOUNTS),
)
#: Requests that reach a file, most of them a part of it.
far_requests = st.builds(
    Input,
    path=st.sampled_from(["/app.css", "/docs/", "/large.bin", "/empty.txt", "/stale.css"]),
    method=st.sampled_from(["GET", "GET", "GET", "HEAD"]),
    fields=st.one_of(
        st.tuples(_FIELDS["Range"]),
        st.tuples(_FIELDS["Range"], _FIELDS["Accept-Encoding"]),
        st.tuples(_FIELDS["Range"], _FIELDS["If-Range"]),
        st.tuples(_FIELDS["Available-Dictionary"], _FIELDS["Accept-Encoding"]),
        st.tuples(_FIELDS["Available-Dictionary"], _FIELDS["Accept-Encoding"], _FIELDS["Range"]),
        st.lists(_field, min_size=1, max_size=3).map(tuple),
    ),
    query=st.just(""),
    mount=st.just(""),
)
