"""The functions for programs: compress, check or clean everything below a root."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from .assess import Assessment, assess, assess_recorded
from .check import check, preview
from .drafts import remove_unfinished
from .encoders import require_known
from .errors import CompressionError
from .folders import parent_of
from .report import Failure, Report, Watcher
from .run import Run, opened
from .settings import Settings, cleaning_settings, make_settings
from .writer import Writer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .settings import SettingKeywords


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
    :param encodings: any of ``"gzip"``, ``"br"`` and ``"zstd"``; ``None`` for all that the
        installed libraries can make.
    :param levels: by encoding. The defaults make the smallest files: 12 for gzip (9 without
        libdeflate), 11 for br, 19 for zstd.
    :param include: glob patterns of the files to compress, matched with the path below the root,
        or without a slash with the name of a file or folder. Without patterns, all files are
        compressed except those with the extension of a compressed format.
    :param exclude: glob patterns of files to leave alone, whatever ``include`` says.
    :param skip_extensions: extensions of files to leave alone, such as ``"jpg"``, whatever
        ``include`` says. They replace the built-in list.
    :param min_size: bytes; a smaller file is left alone. 100 by default.
    :param min_saving: how many percent of the original a variant has to save. 5 by default.
    :param jobs: the number of threads that compress; ``None`` for one per usable core.
    :param follow_links: also compress files outside ``root`` that links lead to. The variants are
        written next to the link. Root never follows a link that another user owns.
    :param dry_run: tell what would be done, and change nothing.
    :param watcher: is called during the run.
    :returns: what was done, file by file. It names the files that failed; the others are done.
    :raises ValueError: if an option is out of range, or an encoding is unknown or not installed.
    :raises TypeError: if an option has the wrong type.
    :raises NotADirectoryError: if ``root`` is not a folder.
    :raises CompressionError: if the record in ``root`` cannot be read.
    """
    settings = make_settings(**options)
    with opened(root, watcher or Watcher(), alone=not dry_run) as run:
        return _finish(run, assess(run.folder, run.record, settings), settings, dry_run)


def check_tree(
    root: str | os.PathLike[str],
    *,
    watcher: Watcher | None = None,
    **options: Unpack[SettingKeywords],
) -> Report:
    """Find the variants that are missing, stale or unneeded, and change nothing.

    Every variant is decompressed and compared with its original. The parameters and exceptions are
    those of :func:`compress_tree`.

    :returns: what was found; :attr:`Report.problems` has what is wrong.
    """
    settings = make_settings(**options)
    with opened(root, watcher or Watcher(), alone=False) as run:
        assessment = assess(run.folder, run.record, settings)
        _tell_failures(run, assessment)
        check(run, assessment, settings)
        return _report(run, assessment)


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

    A variant that differs from what was written belongs to somebody else, and stays.

    :param encodings: those to remove; ``None`` for all.
    :param include: glob patterns of the originals; none for all.
    :param exclude: glob patterns of originals whose variants stay.
    :param dry_run: tell what would be removed, and remove nothing.
    :raises ValueError: if an encoding is unknown.
    :raises NotADirectoryError: if ``root`` is not a folder.
    :raises CompressionError: if the record cannot be read.
    """
    require_known(encodings or ())
    settings = cleaning_settings(include, exclude)
    with opened(root, watcher or Watcher(), alone=not dry_run) as run:
        assessment = assess_recorded(run.folder, run.record, settings, encodings)
        return _finish(run, assessment, settings, dry_run)


def _finish(run: Run, assessment: Assessment, settings: Settings, dry_run: bool) -> Report:
    """Do what an assessment says, or tell it."""
    _tell_failures(run, assessment)
    if dry_run:
        preview(run, assessment)
        return _report(run, assessment)
    for path in assessment.listing.unfinished:
        # If the folder can no longer be opened, the next run removes the file.
        with suppress(OSError), parent_of(run.folder, path) as (folder, name):
            remove_unfinished(folder, name)
    try:
        Writer(run, settings).apply(assessment)
    finally:
        try:
            run.record.save()
        except CompressionError as error:  # a full disk; the next run finds what this one wrote
            run.tell(Failure(run.folder.path, str(error)))
    return _report(run, assessment)


def _tell_failures(run: Run, assessment: Assessment) -> None:
    for failure in assessment.failures:
        run.tell(failure)


def _report(run: Run, assessment: Assessment) -> Report:
    return run.report(assessment.files, assessment.size, assessment.listing.left_alone)
