"""Files whose names a build tool has hashed. The storage leaves them as they are.

Another name would lose the meaning of the first. Another content under the same name would not
reach browsers that keep the file permanently.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..options.hooks import check_hook
from .settings import configuration


def built_files(storage: Any, names: Iterable[str]) -> frozenset[str]:
    """Return the names that ``WHITENOISE_IMMUTABLE_FILE_TEST`` is true for.

    The test gets the same arguments as in the middleware: the absolute path of the collected file,
    and its URL path below the mount point.

    :param names: names of collected files, in the form of URLs.
    :returns: no names if the setting is not set.
    """
    found = configuration()
    test = check_hook("immutable_file_test", found.options.get("immutable_file_test"))
    if test is None:
        return frozenset()
    return frozenset(name for name in names if test(storage.path(name), found.static_prefix + name))
