"""The public functions: compress, check or clean everything below a root."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from ..files.codings import STORE_MARKER
from ..files.folder import Folder
from ..support.locks import locked
from ..support.logs import printable
from .assess import Assessment, check
from .encoders import require_known
from .errors import CompressionError, naming
from .record import Record
from .report import Report, Watcher
from .settings import SettingKeywords, Settings
from .writer import Writer

if TYPE_CHECKING:
    from typing_extensions import Unpack


def compress_tree(
    root: str | os.PathLike[str],
    *,
    dry_run: bool = False,
    watcher: Watcher | None = None,
    **options: Unpack[SettingKeywords],
) -> Report:
    """Write variants of each file below ``root`` next to it, in each encoding that saves enough.

    A variant that is up to date is not changed. A variant that this tool wrote and that is no
    longer needed is removed. Links to folders are not followed. A link to a file outside ``root``
    is left alone, unless ``follow_links`` is set.

    :param root: the folder.
    :param encodings: a sequence of any of ``"gzip"``, ``"br"`` and ``"zstd"``; ``None``, the
        default, for all that are installed.
    :param levels: a mapping of encodings to levels, such as ``{"br": 9}``. The defaults make the
        smallest files within reasonable time: 10 for gzip (9 without libdeflate), 11 for br, 19
        for zstd.
    :param include: glob patterns of the files to compress. A pattern with a slash is matched with
        the path below the root, another one with the name of a file or folder. Without patterns,
        all files are compressed except those with the extension of a compressed format.
    :param exclude: glob patterns of files to leave alone, whatever ``include`` says.
    :param skip_extensions: extensions of files to leave alone, such as ``"jpg"``, whatever
        ``include`` says. They replace the built-in list.
    :param min_size: a number of bytes, 100 by default. A smaller file is left alone.
    :param min_saving: how many percent of the original a variant must save, 5 by default.
    :param jobs: the number of threads that compress; ``None``, the default, for one per usable
        core.
    :param follow_links: also compress files outside ``root`` that links lead to. Their variants are
        written next to the link. ``False`` by default. If the user root runs this, a link that
        another user owns is never followed.
    :param against: the folder of an older release. For each text file that has changed since then,
        a delta is written (RFC 9842), if it saves at least a third of the best other variant. A
        client that has the old file receives only the delta.
    :param immutable: how to find the hash in the names of hashed files, which differ between the
        releases: the name of a build tool, or a regular expression whose match, or first group, is
        the hash. The default is twelve hexadecimal digits before the extension.
    :param dry_run: report what would be done, and change nothing.
    :param watcher: is called during the run.
    :returns: the results, file by file. A file that fails does not stop the others.
    :raises ValueError: if an option is out of range, or an encoding is unknown or not installed.
    :raises TypeError: if an option has the wrong type.
    :raises NotADirectoryError: if ``root`` is not a folder.
    :raises CompressionError: if the record in ``root`` cannot be read, or if ``root`` is a store of
        releases.
    """
    with _assessed(root, Settings(**options), watcher, is_read_only=dry_run) as assessment:
        _require_no_store(root)
        assessment.add_files()
        _apply(assessment, dry_run)
    return assessment.report


def check_tree(
    root: str | os.PathLike[str],
    *,
    watcher: Watcher | None = None,
    **options: Unpack[SettingKeywords],
) -> Report:
    """Find the variants that are missing, stale or unneeded, and change nothing.

    Every variant is decompressed and compared with its original. The parameters and exceptions are
    those of :func:`compress_tree`.

    :returns: the results. :attr:`Report.problems` has the problems.
    """
    with _assessed(root, Settings(**options), watcher, is_read_only=True) as assessment:
        assessment.add_files()
        check(assessment)
    return assessment.report


def clean_tree(
    root: str | os.PathLike[str],
    *,
    encodings: Collection[str] | None = None,
    include: Collection[str] = (),
    exclude: Collection[str] = (),
    dry_run: bool = False,
    watcher: Watcher | None = None,
) -> Report:
    """Remove the variants that :func:`compress_tree` wrote, and its record when none is left.

    A variant that was changed since then is not removed.

    :param encodings: of the variants to remove; ``None`` for all.
    :param include: glob patterns of the originals; none for all.
    :param exclude: glob patterns of originals whose variants stay.
    :param dry_run: report what would be removed, and remove nothing.
    :raises ValueError: if an encoding is unknown.
    :raises NotADirectoryError: if ``root`` is not a folder.
    :raises CompressionError: if the record cannot be read.
    """
    require_known(encodings or ())
    settings = Settings(include=include, exclude=exclude, skip_extensions=())
    with _assessed(root, settings, watcher, is_read_only=dry_run) as assessment:
        assessment.add_recorded(encodings)
        _apply(assessment, dry_run)
    return assessment.report


@contextmanager
def _assessed(
    root: str | os.PathLike[str], settings: Settings, watcher: Watcher | None, *, is_read_only: bool
) -> Iterator[Assessment]:
    """Wait for the lock of ``root``, list what is below, and report how long all takes."""
    path = os.fspath(root)
    if not isinstance(path, str):
        raise TypeError(f"root must be a str or a path of str, got {root!r}")
    report = Report(path, watcher)
    if not os.path.isdir(path):
        raise NotADirectoryError(f"{printable(path)} is not a directory")
    on_wait = partial(report.watcher.on_wait, path)
    with locked(path, on_wait, shared=is_read_only), ExitStack() as stack:
        with naming(path, "listed"):
            folder = stack.enter_context(Folder.opened(path))
        started, record = time.monotonic(), Record(folder)
        report.warnings = record.warnings
        yield Assessment(folder, record, settings, report)
        report.seconds = time.monotonic() - started


def _require_no_store(root: str | os.PathLike[str]) -> None:
    """Refuse a store of releases: its next release would replace files, and not these variants."""
    if os.path.lexists(os.path.join(root, STORE_MARKER)):
        path = os.fspath(root)
        message = "is a store of releases: compress the build before you publish it"
        raise CompressionError(path, f"{printable(path)} {message}")


def _apply(assessment: Assessment, dry_run: bool) -> None:
    """Write and remove variants. A dry run does not know whether a new one would save enough."""
    if not dry_run:
        Writer(assessment).run()
        return
    for each in (*assessment.outdated, *(variant.expected for variant in assessment.variants)):
        assessment.report.add(each)
    assessment.report.watcher.on_start(0)
