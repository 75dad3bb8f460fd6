"""A second run and a bare walk in this process: ``TREE TIMES`` to the seconds of both."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

from whitenoise_async.compression import compress_tree


def walk(tree: str) -> None:
    """Get the state of every file, and keep nothing."""
    for folder, _, names in os.walk(tree):
        for name in names:
            os.stat(os.path.join(folder, name))


def run_again(tree: str) -> None:
    """Run again over the compressed tree, which changes nothing.

    :raises RuntimeError: if the run changed something.
    """
    totals = compress_tree(tree).totals.values()
    if any(each.written or each.removed for each in totals):
        raise RuntimeError("the second run changed something")


def seconds_of(work: Callable[[str], None], tree: str) -> float:
    began = time.perf_counter()
    work(tree)
    return time.perf_counter() - began


def main(tree: str, times: int) -> None:
    """Do both in turn, and drop the first pair of results."""
    pairs = [(seconds_of(walk, tree), seconds_of(run_again, tree)) for _ in range(times + 1)]
    sys.stdout.write(json.dumps(pairs[1:]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
