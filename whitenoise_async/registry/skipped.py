"""Reports the entries that a root skips, and the files that it perhaps serves by mistake."""

from __future__ import annotations

import os
from collections.abc import Callable

from ..files.errors import FileSystemError, classify_error
from ..support.logs import package_logger, warn_once
from .entries import Substitute
from .sensitive_names import SensitiveFiles

#: Receives the path of a skipped entry, and the reason.
OnSkip = Callable[[str, "str | OSError"], None]

# The entries that one warning names. A tree can have thousands.
_NAMED_IN_WARNING = 20

# Right for the argument, the Django setting and the command's option.
_ADVICE = "add to exclude (--exclude for a command)"


class SkippedEntries:
    """Collects the entries that one walk skips, for one warning."""

    def __init__(self) -> None:
        self._skipped: list[str] = []

    def add(self, path: str, reason: str | OSError) -> None:
        """Add an entry."""
        self._skipped.append(f"{path}: {_text(reason)}")

    def warn(self, root: str) -> None:
        """Log one warning, if anything below ``root`` was skipped."""
        if self._skipped:
            named = _first(self._skipped)
            package_logger().warning("Below %s, %d not served: %s", root, len(self._skipped), named)


def warn_or_raise(path: str, reason: str | OSError) -> None:
    """Warn once about an entry that a request skips. A removed entry needs no warning.

    :raises FileSystemError: if the system failed, so that it is unknown what is there.
    """
    error = classify_error(path, reason) if isinstance(reason, OSError) else None
    if isinstance(error, FileSystemError):
        raise error
    if error is None or not error.gone:
        warn_once(f"{path} is not served: {_text(reason)}")


def warn_of_missing(kind: type[Substitute], name: str) -> None:
    """Warn once that no root has the substitute ``name``."""
    warn_once(
        f"No root contains {name}, the value of {kind.option}, so missing pages get an ordinary"
        " 404. Create the file and restart the application, or correct the option"
    )


def warn_of_sensitive(found: SensitiveFiles, root: str) -> None:
    """Log one warning that names the files below ``root`` that are perhaps served by mistake."""
    if found:
        package_logger().warning(
            "Files below %s are served, perhaps by mistake: %s. To leave them out, %s: %s",
            root,
            _first(sorted(found)),
            _ADVICE,
            ", ".join(map(repr, sorted(set(found.values())))),
        )


def warn_of_each_sensitive(found: SensitiveFiles, root: str) -> None:
    """Warn once about each file below ``root`` that a request has found, as for a whole walk."""
    for path, pattern in found.items():
        warn_once(
            f"{os.path.join(root, path)} is served, perhaps by mistake."
            f" To leave it out, {_ADVICE}: {pattern!r}"
        )


def _text(reason: str | OSError) -> str:
    return reason if isinstance(reason, str) else reason.strerror or "it cannot be listed"


def _first(entries: list[str]) -> str:
    more = len(entries) - _NAMED_IN_WARNING
    return "; ".join(entries[:_NAMED_IN_WARNING]) + (f"; {more} more" if more > 0 else "")
