"""The public functions: compress, check or clean everything below a root."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

from ..files.draft import remove_unfinished
from ..files.folder import Folder, parent_of
from ..support.locks import locked
from ..support.logs import printable
from .assess import Assessment
from .check import check
from .encoders import require_known
from .errors import CompressionError, naming
from .record import Record
from .report import Action, Failure, Report, Results, Watcher
from .settings import Settings, cleaning_settings, make_settings
from .writer import Writer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .settings import SettingKeywords

_QUIET = (Action.UNCHANGED, Action.NOT_WORTH)


def compress_tree(
    root: str | os.PathLike[str],
    *,
    dry_run: bool = False,
    watcher: Watcher | None = None,
    **options: Unpack[SettingKeywords],
) -> Report:
    """Write variants of each file below ``root`` next to it, in each encoding that saves enough.

    A variant that is right stays as it is. A variant that this tool wrote and that is no longer
    needed is removed. Links to folders are not followed. A link to a file outside ``root`` is left
    alone, unless ``follow_links`` is set.

    :param root: the folder.
    :param encodings: any of ``"gzip"``, ``"br"`` and ``"zstd"``; ``None`` for all that are
        installed.
    :param levels: by encoding. The defaults make the smallest files: 12 for gzip (9 without
        libdeflate), 11 for br, 19 for zstd.
    :param include: glob patterns of the files to compress. A pattern with a slash is matched with
        the path below the root, another one with the name of a file or folder. Without patterns,
        all files are compressed except those with the extension of a compressed format.
    :param exclude: glob patterns of files to leave alone, whatever ``include`` says.
    :param skip_extensions: extensions of files to leave alone, such as ``"jpg"``, whatever
        ``include`` says. They replace the built-in list.
    :param min_size: bytes; a smaller file is left alone. 100 by default.
    :param min_saving: how many percent of the original a variant must save. 5 by default.
    :param jobs: the number of threads that compress; ``None`` for one per usable core.
    :param follow_links: also compress files outside ``root`` that links lead to. The variants are
        written next to the link. Root never follows a link that another user owns.
    :param dry_run: report what would be done, and change nothing.
    :param watcher: is called during the run.
    :returns: the results, file by file. A file that fails does not stop the others.
    :raises ValueError: if an option is out of range, or an encoding is unknown or not installed.
    :raises TypeError: if an option has the wrong type.
    :raises NotADirectoryError: if ``root`` is not a folder.
    :raises CompressionError: if the record in ``root`` cannot be read.
    """
    work = _preview if dry_run else _apply
    return _run(root, watcher, make_settings(**options), Assessment.add_files, work)


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
    return _run(root, watcher, make_settings(**options), Assessment.add_files, check)


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

    A variant that was changed since then belongs to somebody else, and stays.

    :param encodings: of the variants to remove; ``None`` for all.
    :param include: glob patterns of the originals; none for all.
    :param exclude: glob patterns of originals whose variants stay.
    :param dry_run: report what would be removed, and remove nothing.
    :raises ValueError: if an encoding is unknown.
    :raises NotADirectoryError: if ``root`` is not a folder.
    :raises CompressionError: if the record cannot be read.
    """
    require_known(encodings or ())
    settings, work = cleaning_settings(include, exclude), _preview if dry_run else _apply
    return _run(root, watcher, settings, lambda each: each.add_recorded(encodings), work)


def _run(
    root: str | os.PathLike[str],
    watcher: Watcher | None,
    settings: Settings,
    assess: Callable[[Assessment], None],
    work: Callable[[Assessment, Results], None],
) -> Report:
    """Wait for the lock of ``root``, assess what is below, and work."""
    path = os.fspath(root)
    if not isinstance(path, str):
        raise TypeError(f"root must be a str or a path of str, got {root!r}")
    if not os.path.isdir(path):
        raise NotADirectoryError(f"{printable(path)} is not a directory")
    results = Results(watcher or Watcher())
    on_wait = partial(results.watcher.on_wait, path)
    with locked(path, on_wait, shared=work is not _apply), ExitStack() as stack:
        with naming(path, "listed"):
            folder = stack.enter_context(Folder.opened(path))
        started, record = time.monotonic(), Record(folder)
        for message in record.warnings:
            results.watcher.on_warning(message)
        assessment = Assessment(folder, record, settings)
        assess(assessment)
        for failure in assessment.failures:
            results.add(failure)
        work(assessment, results)
        return Report(
            path,
            assessment.files,
            assessment.size,
            results.outcomes,
            results.failures,
            time.monotonic() - started,
            assessment.listing.left_alone,
            record.warnings,
        )


def _preview(assessment: Assessment, results: Results) -> None:
    """Report what a run would do. Whether a new variant would save enough is not known."""
    for outcome in assessment.outdated:
        results.add(outcome)
    for variant in assessment.variants:
        results.add(variant.expected, quietly=variant.action in _QUIET)
    results.watcher.on_start(0)


def _apply(assessment: Assessment, results: Results) -> None:
    for path in assessment.listing.unfinished:
        # If the folder can no longer be opened, the next run removes the file.
        with suppress(OSError), parent_of(assessment.root, path) as (folder, name):
            remove_unfinished(folder, name)
    try:
        Writer(assessment, results).run()
    finally:
        try:
            assessment.record.save()
        except CompressionError as error:  # a full disk; the next run adopts the variants
            results.add(Failure(assessment.root.path, str(error)))
