"""Publishes a build: plans a run, and carries it out."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from functools import partial
from itertools import groupby
from typing import NamedTuple

from ..support.threads import Stop, run_in_threads
from .build import Build, BuildRules, BuiltFile
from .delta_maker import DeltaMaker
from .deltas import best_sizes, find_pairs, recorded_deltas, with_compared, with_made
from .errors import PublishError
from .manifest import NAME as MANIFEST
from .manifest import Manifest, dump_manifest, parse_manifest
from .plan import Plan, Stored, make_plan, stage_of, with_release
from .report import Action, Delta, Report, Watcher
from .retention import Retention
from .store import Store

#: Seconds in which servers notice new names: they read the manifest once per ``check_interval``,
#: whose default this is.
NOTICE = 1.0


class Settings(NamedTuple):
    """How a build is published."""

    retention: Retention
    rules: BuildRules
    deltas: bool = True  # whether to make some


def publish(build: str, store: Store, settings: Settings, watcher: Watcher | None = None) -> Report:
    """Publish a build. Nothing is written if the store has it already.

    :param build: the folder.
    :param watcher: is called during the run.
    :raises PublishError: if a file cannot be read or written. The newest release in the store stays
        complete, and the next run continues.
    """
    with closing(_Run(build, store, settings, watcher)) as run:
        run.make_plan()
        if run.plan.has_work and not run.refuses():
            with store.locked(partial(run.report.watcher.on_wait, store.name)):
                run.update_plan()
                if run.plan.has_work and not run.refuses():
                    store.prepare()
                    run.apply()
        return run.finish()


def preview(build: str, store: Store, settings: Settings, watcher: Watcher | None = None) -> Report:
    """Report what :func:`publish` would do, and change nothing."""
    with closing(_Run(build, store, settings, watcher)) as run:
        run.make_plan()
        if not run.refuses():
            run.report_work(Action.WRITTEN, Action.REMOVED)
        return run.finish()


def check(build: str, store: Store, settings: Settings, watcher: Watcher | None = None) -> Report:
    """Report how a store differs from what :func:`publish` would leave, and change nothing."""
    with closing(_Run(build, store, settings, watcher)) as run:
        run.make_plan()
        if not run.refuses():
            run.report_work(Action.MISSING, Action.UNNEEDED)
            for path in run.plan.lost:
                run.report.add(path, Action.LOST)
            if run.plan.changes_manifest:
                run.report.add(MANIFEST, Action.OUTDATED)
        return run.finish()


class _Run:
    def __init__(
        self, build: str, store: Store, settings: Settings, watcher: Watcher | None
    ) -> None:
        self.plan: Plan
        self.report = Report(build, store.name, watcher or Watcher())
        self.report.watcher.on_begin(self.report)
        self._started = time.monotonic()
        self._store = store
        self._settings = settings
        self._build = Build(build, settings.rules)
        self._maker = DeltaMaker(build, store, self.report)
        self._files: dict[str, BuiltFile] = {}  # of the build, and deltas
        self._content: bytes | None = None  # of the manifest
        self.report.files, self.report.size = len(self._build.files), self._build.size
        self.report.warnings += [f"left out: {each}" for each in self._build.skipped]
        self.report.warnings += _sensitive_warnings(self._build)
        if not self._build.files:
            raise PublishError(f"{build} has no files: nothing was published")

    def close(self) -> None:
        """Remove temporary files."""
        self._maker.close()

    def make_plan(self) -> None:
        """Compare the build with the store, and make the deltas that are missing."""
        self._content = self._store.read_manifest()
        manifest = Manifest()
        if self._content is not None:
            manifest = parse_manifest(self._content, os.path.join(self._store.name, MANIFEST))
        present, build, now = self._store.list_files().keys(), self._build.files, time.time()
        self._store.require_paths(build)
        retention, split = self._settings.retention, self._settings.rules.split
        number, releases = with_release(build, manifest, now)
        kept = {release.number for release in retention.kept(releases, now)}
        recorded = recorded_deltas(build, manifest, kept)
        states = self._states({**build, **recorded}, manifest, present)
        right = {path: file for path, file in recorded.items() if _is_right(file, states)}
        self._files = {**with_compared(build, manifest, right, kept), **right}
        self.plan = make_plan(self._files, manifest, present, states, retention, now)
        if self.plan.conflicts or not self._settings.deltas:
            return
        pairs = tuple(find_pairs(self._files, manifest, present, kept - {number}, split))
        if made := self._maker.make(pairs, manifest.files):
            self._files = with_made(self._files, made)
            new = {path: file for path, file in self._files.items() if path not in states}
            states |= self._states(new, manifest, present)
            self.plan = make_plan(self._files, manifest, present, states, retention, now)

    def update_plan(self) -> None:
        """Make the plan again if another run has written since then.

        Every run writes the manifest first.
        """
        before = self._content
        if self._store.read_manifest() != before:
            self.make_plan()

    def refuses(self) -> bool:
        """Whether hashed names have other content in the store, so that nothing may be done."""
        for path in self.plan.conflicts:
            self.report.add(path, Action.CONFLICT)
        return bool(self.plan.conflicts)

    def report_work(self, put: Action, removed: Action) -> None:
        """Report the files that a run would write or remove, with these actions."""
        for file in self.plan.puts:
            self.report.add(file.path, put, file.size)
        for path in self.plan.removals:
            self.report.add(path, removed)

    def apply(self) -> None:
        """Write the files, the manifest, and then remove files."""
        plan, report, stop = self.plan, self.report, Stop()
        if plan.puts or plan.removals:
            self._store.write_manifest(dump_manifest(plan.before))
        announced = time.monotonic()
        report.watcher.on_start(sum(file.size for file in plan.puts))
        for stage, files in groupby(plan.puts, key=stage_of):
            if stage:
                self._await_notice(announced)
            run_in_threads(partial(self._put, stop), tuple(files), self._store.jobs, stop)
        self._await_notice(announced)
        self._store.write_manifest(dump_manifest(plan.after))
        self._store.remove(plan.removals)
        for path in plan.removals:
            report.add(path, Action.REMOVED)

    def finish(self) -> Report:
        """Complete the report."""
        report = self.report
        report.release = self.plan.release
        report.kept = tuple(each.number for each in self.plan.after.releases)
        report.dropped = self.plan.dropped
        if not self.plan.conflicts:
            report.purge, report.deltas = self.plan.purge, tuple(self._deltas())
        for path in self.plan.lost:
            report.warnings.append(f"{path} is gone from the store, and an older release uses it")
        report.warnings = [*dict.fromkeys(report.warnings)]  # a second plan repeats some
        report.seconds = time.monotonic() - self._started
        return report

    def _deltas(self) -> Iterator[Delta]:
        best = best_sizes(self._files)
        for path, file in sorted(self._files.items()):
            if file.against:
                yield Delta(path, file.size, best[file.page], file.against)

    def _states(
        self, files: Mapping[str, BuiltFile], manifest: Manifest, present: Collection[str]
    ) -> dict[str, Stored]:
        states: dict[str, Stored] = {}

        def work(file: BuiltFile) -> None:
            is_certain = file.path not in manifest.pending
            record = manifest.files.get(file.path) if is_certain else None
            states[file.path] = self._store.state(file, record)

        there = [file for path, file in files.items() if path in present]
        run_in_threads(work, there, self._store.jobs, Stop())
        return states

    def _await_notice(self, announced: float) -> None:
        """Wait until servers know the new names. Pages with them come later.

        :param announced: when the manifest was written, by time.monotonic().
        """
        plan = self.plan
        if plan.before.releases and any(file.is_hashed for file in plan.puts):
            time.sleep(max(0.0, announced + NOTICE - time.monotonic()))

    def _put(self, stop: Stop, file: BuiltFile) -> None:
        self._store.put(file, stop.watch(self._advancing(file)))
        self.report.add(file.path, Action.WRITTEN, file.size)

    def _advancing(self, file: BuiltFile) -> Iterator[bytes]:
        source = self._maker if file.against else self._build
        for piece in source.pieces(file):
            yield piece
            self.report.advance(len(piece))


def _is_right(file: BuiltFile, states: Mapping[str, Stored]) -> bool:
    return states.get(file.path) == (file.digest, file.tag)


def _sensitive_warnings(build: Build) -> Iterator[str]:
    for path, pattern in sorted(build.sensitive.items()):
        yield (
            f"{os.path.join(build.path, path)} is published, perhaps by mistake."
            f" To leave it out, use --exclude {pattern!r}"
        )
