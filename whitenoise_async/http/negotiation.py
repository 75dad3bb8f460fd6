"""Which representation a client gets: Accept-Encoding, RFC 9110 §12.5.3."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .fields import OWS, is_token

IDENTITY = "identity"

# RFC 9110 §8.4.1.3: x-gzip is to be read as gzip.
_ALIASES = {"x-gzip": "gzip"}

_WEIGHT = re.compile(r"[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")

#: A value with more members than this is one that accepts no coding: RFC 9110 §5.6.1.2 wants
#: a limit, since 64 KB of members take 20 ms to read. Clients name a handful.
MAX_CODINGS = 100

# Below 0.001, the least weight above zero that can be written: identity that nobody named is
# acceptable, and comes after every coding that the client took the trouble to name.
_UNNAMED_IDENTITY = 0.0001


def parse_accept_encoding(value: str) -> dict[str, float]:
    """Read an ``Accept-Encoding`` value as ``{coding: weight}``, codings in lower case.

    Malformed members are skipped, and all of them where there are more than :data:`MAX_CODINGS`. A
    coding that is named twice keeps its lowest weight: one that the client refused somewhere is one
    that it may not be able to read.
    """
    weights: dict[str, float] = {}
    if value.count(",") >= MAX_CODINGS:
        return weights
    for member in value.split(","):
        name, has_weight, parameter = member.partition(";")
        coding = name.strip(OWS).lower()
        weight = _weight(parameter.strip(OWS)) if has_weight else 1.0
        if weight is not None and is_token(coding):
            coding = _ALIASES.get(coding, coding)
            weights[coding] = min(weight, weights.get(coding, 1.0))
    return weights


def choose(
    candidates: Sequence[tuple[str, int]],
    accept_encoding: str | None,
    *,
    prefer_identity: bool = False,
) -> int:
    """Choose among representations of one resource.

    :param candidates: content coding and size in bytes of each, identity first.
    :param accept_encoding: the field's value; ``None`` where the request has none.
    :param prefer_identity: whether to choose identity if the client names it with the highest
        weight, as for a range: few clients can use a part of a coded file.
    :returns: the index of the one to send: of those that the client weighs highest the smallest.
        Where the client accepts none, identity: RFC 9110 §12.5.3 allows that in place of a 406.
    """
    if accept_encoding is None or len(candidates) == 1:
        return 0
    weights = parse_accept_encoding(accept_encoding)
    best, best_rank = 0, (0.0, 0)
    for index, (coding, size) in enumerate(candidates):
        rank = (_rank(coding, weights, candidates), -size)
        if rank[0] > 0 and rank > best_rank:
            best, best_rank = index, rank
    if prefer_identity and weights.get(IDENTITY, 0.0) >= best_rank[0]:
        return 0
    return best


def _weight(parameter: str) -> float | None:
    found = _WEIGHT.fullmatch(parameter)
    return float(found[1]) if found else None


def _rank(coding: str, weights: dict[str, float], candidates: Sequence[tuple[str, int]]) -> float:
    if coding in weights:
        return weights[coding]
    star = weights.get("*")
    if coding != IDENTITY:
        return star or 0.0
    if star == 0.0:
        return 0.0
    if star is None or any(weights.get(other, 0.0) > 0 for other, _ in candidates):
        return _UNNAMED_IDENTITY
    return star
