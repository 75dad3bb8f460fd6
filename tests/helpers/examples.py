"""How many of its examples a test tries: all of them, or few on further interpreters.

Some tests try hundreds of generated requests, or each moment of a response. ``.ci/run`` tries all
examples on one interpreter. On the others it sets the environment variable ``TEST_EXAMPLES`` to
``few``. No test is left out then; each tries fewer examples.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from typing import TypeVar

T = TypeVar("T")

_IS_FEW = {"all": False, "few": True}[os.environ.get("TEST_EXAMPLES", "all")]


def some(number: int) -> int:
    """``number`` examples, or a tenth of them."""
    return max(number // 10, 1) if _IS_FEW else number


def sample(cases: Sequence[T], first: int = 0) -> Sequence[T]:
    """All cases, or every tenth one.

    :param first: tests that share cases pass different numbers, so that together they try all.
    """
    return cases[first % 10 :: 10] if _IS_FEW else cases


def moments(first: int = 0) -> Iterator[int]:
    """The numbers of all moments at which something may happen, or of every fifth one.

    :param first: tests of similar responses pass different numbers. Each interpreter adds its own.
    """
    return count((first + sys.version_info.minor) % 5, 5) if _IS_FEW else count()
