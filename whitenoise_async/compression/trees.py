"""The public functions: compress, check or clean everything below a root."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from ..files.draft import remove_unfinished
from ..files.folder import parent_of
from .assess import Assessment, assess, assess_recorded
from .check import check, preview
from .encoders import require_known
from .errors import CompressionError
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
    settings = make_settings(**options)
    with opened(root, watcher or Watcher(), shared=dry_run) as run:
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

    :returns: the results. :attr:`Report.problems` has the problems.
    """
    settings = make_settings(**options)
    with opened(root, watcher or Watcher(), shared=True) as run:
        assessment = assess(run.folder, run.record, settings)
        for failure in assessment.failures:
            run.add(failure)
        check(run, assessment, settings)
        return run.report(assessment.files, assessment.size, assessment.listing.left_alone)


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
    settings = cleaning_settings(include, exclude)
    with opened(root, watcher or Watcher(), shared=dry_run) as run:
        assessment = assess_recorded(run.folder, run.record, settings, encodings)
        return _finish(run, assessment, settings, dry_run)


def _finish(run: Run, assessment: Assessment, settings: Settings, dry_run: bool) -> Report:
    """Apply an assessment, or only report it."""
    for failure in assessment.failures:
        run.add(failure)
    if dry_run:
        preview(run, assessment)
    else:
        for path in assessment.listing.unfinished:
            # If the folder can no longer be opened, the next run removes the file.
            with suppress(OSError), parent_of(run.folder, path) as (folder, name):
                remove_unfinished(folder, name)
        try:
            Writer(run, settings).apply(assessment)
        finally:
            try:
                run.record.save()
            except CompressionError as error:  # a full disk; the next run adopts the variants
                run.add(Failure(run.folder.path, str(error)))
    return run.report(assessment.files, assessment.size, assessment.listing.left_alone)
