"""The rows of the table: each work on each server."""

from __future__ import annotations

from tests.benchmarks.django.contenders import SERVERS
from tests.benchmarks.rows import (
    CLIP,
    GZIP,
    NOT_MODIFIED,
    PASSED,
    PHOTO,
    SMALL,
    TRANSFERS,
    FairnessRow,
    Row,
)

_WORKS = {
    "2 KB": SMALL,
    "64 KB sent as gzip": GZIP,
    "304": NOT_MODIFIED,
    "1 MB": PHOTO,
    "10 MB": CLIP,
    "request passed through": PASSED,
}

ROWS = {
    f"{server}-{work.name}": Row(f"{server}-{work.name}", f"{server}, {title}", server, work)
    for server in SERVERS
    for title, work in _WORKS.items()
}

FAIRNESS_ROWS = {
    f"uvicorn-{kind}": FairnessRow(f"uvicorn-{kind}", f"uvicorn, {title}", "uvicorn", kind)
    for kind, title in TRANSFERS.items()
}

CALLS = "calls"
HOPS = "hops"
NAMES = (*ROWS, *FAIRNESS_ROWS, CALLS, HOPS)
