"""The saved results: docs/performance.json."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import rows

Results = dict[str, Any]
Row = dict[str, Any]


# A list of plain values is on one line.
_PLAIN_LIST = re.compile(r"\[[^][{}]*\]")


class CannotMergeError(Exception):
    """The reason why rows of two runs cannot be compared."""


def load(file: Path) -> Results:
    results: Results = json.loads(file.read_text(encoding="utf-8"))
    return results


def save(file: Path, results: Results) -> None:
    text = json.dumps(results, indent=1, ensure_ascii=False)
    text = _PLAIN_LIST.sub(lambda found: re.sub(r"\n *", " ", found[0]), text)
    file.write_text(f"{text}\n", encoding="utf-8")


def merged(old: Results, new: Results, names: Sequence[str]) -> Results:
    """``old`` with the rows of ``new``, from the same machine and measured in the same way.

    :param names: of all rows there can be, in their order.
    """
    for part in ("machine", "settings"):
        if old[part] != new[part]:
            raise CannotMergeError(f"the {part} of the results that are kept differ: run all rows")
    together = {**old["rows"], **new["rows"]}
    return {**new, "rows": {name: together[name] for name in names if name in together}}


def keep(file: Path, found: Results, names: Sequence[str], *, whole: bool) -> Results:
    """Save the new rows, together with the saved rows that were not measured.

    :param whole: whether to drop saved rows that cannot be compared with the new ones.
    :returns: the saved results.
    """
    if file.exists() and set(found["rows"]) != set(names):
        try:
            found = merged(load(file), found, names)
        except CannotMergeError:
            if not whole:
                raise
    save(file, found)
    return found


def throughput(results: Results) -> list[Row]:
    """The rows of throughput."""
    names = [row.name for row in rows.ROWS]
    return [row for name, row in results["rows"].items() if name in names]


def hashed(results: Results) -> list[Row]:
    """The rows that compare hashed URLs with plain ones."""
    names = [row.name for row in rows.HASHED_ROWS]
    return [row for name, row in results["rows"].items() if name in names]


def fairness(results: Results) -> list[Row]:
    """The rows of fairness."""
    names = [row.name for row in rows.FAIRNESS_ROWS]
    return [row for name, row in results["rows"].items() if name in names]
