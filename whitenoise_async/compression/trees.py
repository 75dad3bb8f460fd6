"""What a program calls: compress, check or clean all that lies below a root."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from .drafts import remove_unfinished
from .encoders import require_known
from .errors import CompressionError
from .folders import parent_of
from .looks import Check, Preview
from .plan import Plan, check_plan, make_plan, unseen
from .record import TICK, Record
from .report import Failure, Report, Watcher
from .run import Run, opened
from .settings import Settings, cleaning_settings, make_settings
from .threads import in_threads
from .tree import NOBODY_KNOWS, Listing
from .twins import Twins
from .work import Worker

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
    """Write a variant of each file below ``root`` beside it, in each encoding in which it is worth.

    What is right already is left as it is, and what this tool wrote and is not wanted any more is
    removed. Links to folders are not followed. A link to a file that lies outside is left alone,
    unless ``follow_links`` is set.

    :param root: the folder.
    :param encodings: of ``"gzip"``, ``"br"`` and ``"zstd"``; ``None`` for all that can be made by
        what is installed.
    :param levels: by encoding; the ones that make the smallest files if left out: 12 for gzip (9
        without libdeflate), 11 for br, 19 for zstd.
    :param include: glob patterns of the files to compress, on the path below the root, or without
        a slash on the name of a file or folder; none for all but those whose extension says that
        they are compressed.
    :param exclude: glob patterns of files to leave alone, whatever ``include`` says.
    :param skip_extensions: of files to leave alone, such as ``"jpg"``, in any case: in place of
        those that say that a file is compressed, and whatever ``include`` says.
    :param min_size: bytes, 100 if left out; a smaller file is left alone.
    :param min_saving: percent of the original that a variant has to save to be kept; 5 if left out.
    :param jobs: how many threads compress; ``None`` for as many as there are cores to be had.
    :param follow_links: compress what links to files outside ``root`` lead to as well. The variants
        are written next to the link. Root never follows a link that another user owns.
    :param dry_run: tell what would be done, and do nothing.
    :param watcher: is told what happens while it happens.
    :returns: what was done, file by file. Files that failed are in it; the others are done.
    :raises ValueError: for an option out of range, and an encoding that there is not, or not here.
    :raises TypeError: for an option of the wrong type.
    :raises NotADirectoryError: where ``root`` is none.
    :raises CompressionError: where the record in ``root`` cannot be read or written.
    """
    settings = make_settings(**options)
    with opened(root, watcher or Watcher(), alone=not dry_run) as run:
        if dry_run:
            return _look(run, settings, Preview, make_plan)
        return _compress(run, settings)


def check_tree(
    root: str | os.PathLike[str],
    *,
    watcher: Watcher | None = None,
    **options: Unpack[SettingKeywords],
) -> Report:
    """Find the variants that are missing, stale or unneeded, and change nothing.

    Every variant is decompressed and compared with its original. Takes what :func:`compress_tree`
    takes, and raises what it raises.

    :returns: what was found; :attr:`Report.problems` has what is wrong.
    """
    settings = make_settings(**options)
    with opened(root, watcher or Watcher(), alone=False) as run:
        return _look(run, settings, Check, check_plan)


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

    A variant that is not what was written is somebody else's, and stays.

    :param encodings: those to remove; ``None`` for all.
    :param include: glob patterns of the originals; none for all.
    :param exclude: glob patterns of originals whose variants stay.
    :param dry_run: tell what would be removed, and remove nothing.
    :raises ValueError: for an encoding that there is not.
    :raises NotADirectoryError: where ``root`` is none.
    :raises CompressionError: where the record cannot be read or written.
    """
    require_known(encodings or ())
    settings = cleaning_settings(include, exclude)
    with opened(root, watcher or Watcher(), alone=not dry_run) as run:
        worker = (Preview if dry_run else Worker)(run, settings)
        listing = run.listing(settings)
        run.find((), listing.failures)
        for path, entry in list(run.record.entries.items()):
            for encoding in list(entry.made) if settings.selects(path) else ():
                if encodings is None or encoding in encodings:
                    worker.discard(path, encoding, listing, "it was made by this tool")
        if not dry_run:
            _remove_unfinished(run, listing)
            if run.record.entries:
                _save(run, 0)
            else:
                run.record.remove()
        return run.report(0, 0)


def _compress(run: Run, settings: Settings) -> Report:
    since, listing = _settled_listing(run, settings)
    _remove_unfinished(run, listing)
    plan = make_plan(listing, run.record, settings)
    if plan.jobs or plan.orphans:
        _change(run, plan, listing, settings, since)
    else:
        _work_through(run, plan, listing, Worker(run, settings))
    return run.report(plan.files, plan.size)


def _change(run: Run, plan: Plan, listing: Listing, settings: Settings, since: int) -> None:
    """Work through a plan in which something may be written, and keep the record of it."""
    run.record.begin()
    complete = False
    try:
        _work_through(run, plan, listing, Worker(run, settings))
        for path in run.doubtful.union(unseen(listing, run.record, settings)):
            run.record.doubt(path)
        complete = True
    finally:
        # What was not settled must not be trusted the next time.
        _save(run, since if complete else 0)


def _look(
    run: Run,
    settings: Settings,
    kind: type[Worker],
    planned: Callable[[Listing, Record, Settings], Plan],
) -> Report:
    listing = run.listing(settings)
    plan = planned(listing, run.record, settings)
    _work_through(run, plan, listing, kind(run, settings))
    return run.report(plan.files, plan.size)


def _work_through(run: Run, plan: Plan, listing: Listing, worker: Worker) -> None:
    run.find(plan.current, listing.failures)
    run.left_alone = listing.left_alone
    links = dict(listing.left_alone)
    for path, encoding in plan.orphans:
        worker.discard(path, encoding, listing, f"its original is {links.get(path, 'gone')}")
    worker.twins = Twins(job.size for job in plan.jobs)
    run.watcher.begins(sum(job.reads for job in plan.jobs))
    in_threads(worker.do, plan.jobs, worker.settings.jobs, worker.stop)


def _settled_listing(run: Run, settings: Settings) -> tuple[int, Listing]:
    """The moment before the listing, in nanoseconds since the epoch, and the listing.

    A file that was changed less than a tick of the clock ago may change again and have the same
    time: that is waited for, so that the next run need not read the file to be sure.
    """
    since, listing = time.time_ns(), run.listing(settings)
    changes = [each.st_ctime_ns for each in listing.originals.values()]
    changes += [each.since for each in listing.links.values() if each.since < NOBODY_KNOWS]
    wait = max(changes, default=0) + TICK - since
    if 0 < wait <= TICK:
        time.sleep(wait / 1_000_000_000)
        since, listing = time.time_ns(), run.listing(settings)
    return since, listing


def _remove_unfinished(run: Run, listing: Listing) -> None:
    for path in listing.unfinished:
        # If the folder can no longer be opened, the next run removes the file.
        with suppress(OSError), parent_of(run.folder, path) as (folder, name):
            remove_unfinished(folder, name)


def _save(run: Run, true_since: int) -> None:
    try:
        run.record.save(true_since)
    except CompressionError as error:  # a full disk; the journal is left, and has it all
        run.tell(Failure(run.root, str(error)))
