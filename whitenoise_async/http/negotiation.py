"""Content negotiation: ``Accept-Encoding`` selects a representation (RFC 9110 §12.5.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .fields import OWS, is_token

IDENTITY = "identity"

# RFC 9110 §8.4.1.3: a recipient treats x-gzip as gzip.
_ALIASES = {"x-gzip": "gzip"}

_WEIGHT = re.compile(r"[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")

#: A value with more members than this counts as empty. RFC 9110 §5.6.1.2 asks for a limit, since
#: 64 KB of members take 20 ms to parse. Browsers name four.
MAX_CODINGS = 100

# The weight of identity if the client does not name it: acceptable, but after every named coding.
# The smallest weight that a client can write is 0.001.
_UNNAMED_IDENTITY = 0.0001


def parse_accept_encoding(value: str) -> dict[str, float]:
    """Parse an ``Accept-Encoding`` value.

    Malformed members are skipped. A coding that is named twice keeps its lowest weight: if the
    client refused it once, it may be unable to decode it.

    :returns: the weight of each coding, by its name in lower case; empty if ``value`` has more than
        :data:`MAX_CODINGS` members.
    """
    weights: dict[str, float] = {}
    if value.count(",") >= MAX_CODINGS:
        return weights
    for member in value.split(","):
        name, has_weight, parameter = member.partition(";")
        coding = name.strip(OWS).lower()
        weight = parse_weight(parameter.strip(OWS)) if has_weight else 1.0
        if weight is not None and is_token(coding):
            coding = _ALIASES.get(coding, coding)
            weights[coding] = min(weight, weights.get(coding, weight))
    return weights


def choose(
    candidates: Sequence[tuple[str, int]],
    accept_encoding: str | None,
    *,
    prefer_identity: bool = False,
) -> int:
    """Choose a representation: the smallest among those with the highest weight.

    If the client accepts none, identity is chosen. RFC 9110 §12.5.3 allows this instead of a 406.

    :param candidates: the content coding and the size in bytes of each representation, identity
        first.
    :param accept_encoding: the value of the header, or ``None`` if it is absent.
    :param prefer_identity: choose identity if the client names it with the highest weight. This is
        for ranges, since few clients can use a part of a compressed file.
    :returns: the index of the chosen candidate.
    """
    if accept_encoding is None or len(candidates) == 1:
        return 0
    weights = parse_accept_encoding(accept_encoding)
    best, best_rank = 0, (0.0, 0)
    for index, (coding, size) in enumerate(candidates):
        rank = (_rank(coding, weights, candidates), -size)
        if rank > best_rank:
            best, best_rank = index, rank
    if prefer_identity and weights.get(IDENTITY, 0.0) >= best_rank[0]:
        return 0
    return best


def parse_weight(parameter: str) -> float | None:
    """Parse a weight such as ``q=0.5`` (RFC 9110 §12.4.2); ``None`` for anything else."""
    found = _WEIGHT.fullmatch(parameter)
    return float(found[1]) if found else None


def _rank(coding: str, weights: dict[str, float], candidates: Sequence[tuple[str, int]]) -> float:
    if coding in weights:
        return weights[coding]
    star = weights.get("*")
    if coding != IDENTITY:
        return star or 0.0
    if star is None or any(weights.get(other, 0.0) > 0 for other, _ in candidates):
        return _UNNAMED_IDENTITY
    return star
