"""Command lines that a command refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest


def refused(
    main: Callable[[Sequence[str]], int],
    arguments: Sequence[str],
    capsys: pytest.CaptureFixture[str],
) -> str:
    """What a command says on standard error of a command line that it refuses, and nothing else."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    return output.err
