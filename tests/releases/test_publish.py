"""Publishing to a folder: releases, runs that are interrupted or simultaneous, and refusals."""

from __future__ import annotations

import gzip
import os
import random
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers.builds import (
    KEEP_ONE,
    KEEP_TWO,
    contents_of,
    hashed_name,
    make_build,
    manifest_of,
    require_whole_pages,
    scripts_of,
    settings,
)
from tests.helpers.clients import call_wsgi, make_call
from tests.helpers.examples import some
from tests.helpers.file_trees import snapshot
from tests.helpers.files import write
from tests.helpers.waiting import until
from whitenoise_async import WhiteNoise
from whitenoise_async.releases import publish as publishing
from whitenoise_async.releases.build import BuildRules, BuiltFile
from whitenoise_async.releases.errors import PublishError
from whitenoise_async.releases.folder_store import FolderStore
from whitenoise_async.releases.publish import Settings, check, preview, publish
from whitenoise_async.releases.report import Action, Outcome, Report, Watcher
from whitenoise_async.releases.store import Store

COMMAND = [sys.executable, "-m", "whitenoise_async.publish"]


Function = Callable[[str, Store, Settings], Report]


class Folders:
    """A build and a store in folders."""

    def __init__(self, path: Path) -> None:
        self.builds = path
        self.root = path / "store"

    @property
    def store(self) -> FolderStore:
        return FolderStore(str(self.root))

    def build(self, release: int, chunks: int = 2) -> str:
        return str(make_build(self.builds / str(release), release, chunks))

    def publish(self, release: int) -> Report:
        return publish(self.build(release), self.store, KEEP_TWO)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def paths(report: Report, action: Action) -> list[str]:
    return [each.path for each in report.of(action)]


def test_old_and_new_pages_find_their_files(folders: Folders) -> None:
    first, second = folders.publish(1), folders.publish(2)
    contents = contents_of(folders.root)
    for release in (1, 2):
        build = contents_of(folders.builds / str(release))
        assert build.items() - contents.items() <= {
            (name, build[name]) for name in ("index.html", "index.html.gz") if release == 1
        }
    assert (first.release, second.release) == (1, 2)
    assert second.kept == (2, 1)
    assert len(first.of(Action.WRITTEN)) == 6
    assert len(second.of(Action.WRITTEN)) == 4  # two scripts, and a page with its variant
    assert second.purge == ("/index.html", "/")
    third = folders.publish(3)
    assert third.dropped == (1,)
    assert paths(third, Action.REMOVED) == sorted(
        hashed_name(f"assets/c{each}", b"%d of 1" % (each - 1)) for each in (1, 2)
    )


def test_the_middleware_serves_the_files_of_all_kept_releases(folders: Folders) -> None:
    folders.publish(1)
    folders.publish(2)
    application = WhiteNoise(None, str(folders.root), immutable_file_test=r"\.[0-9a-f]{12}\.js$")
    for release in (1, 2):
        page = (folders.builds / str(release) / "index.html").read_bytes()
        for name in scripts_of(page):
            reply = call_wsgi(application, make_call(f"/{name}"))
            assert reply.status == 200
            assert reply["cache-control"].endswith("immutable")
    page_now = call_wsgi(application, make_call("/index.html", {"Accept-Encoding": "gzip"}))
    assert page_now["content-encoding"] == "gzip"
    assert gzip.decompress(page_now.body) == page


def test_the_same_release_again_writes_nothing(folders: Folders) -> None:
    folders.publish(1)
    before = snapshot(folders.root)
    report = folders.publish(1)
    assert snapshot(folders.root) == before
    assert report.outcomes == []
    assert report.release == 1


def test_progress_and_results_are_reported(folders: Folders) -> None:
    calls: list[object] = []

    class Recorder(Watcher):
        def on_begin(self, report: Report) -> None:
            calls.append(report.store)

        def on_start(self, size: int) -> None:
            calls.append(size)

        def on_progress(self, size: int) -> None:
            progress.append(size)

        def on_result(self, outcome: Outcome) -> None:
            calls.append(outcome.action)

    progress: list[int] = []
    report = publish(folders.build(1), folders.store, KEEP_ONE, Recorder())
    assert calls == [str(folders.root), report.size, *[Action.WRITTEN] * 6]
    assert sum(progress) == report.size == sum(each.size or 0 for each in report.outcomes)


@pytest.mark.parametrize("function", [check, preview])
def test_a_preview_and_a_check_change_nothing(folders: Folders, function: Function) -> None:
    report = function(folders.build(1), folders.store, KEEP_ONE)
    assert len(report.outcomes) == 6 + (function is check)
    assert not folders.root.exists()
    folders.publish(1)
    assert function(folders.build(1), folders.store, KEEP_ONE).outcomes == []
    before = snapshot(folders.root)
    report = function(folders.build(2), folders.store, KEEP_ONE)
    removed = paths(report, Action.UNNEEDED if function is check else Action.REMOVED)
    assert len(removed) == 2
    assert snapshot(folders.root) == before


def test_a_check_names_lost_and_damaged_files(folders: Folders) -> None:
    folders.publish(1)
    folders.publish(2)
    lost = hashed_name("assets/c1", b"0 of 1")
    (folders.root / lost).unlink()
    (folders.root / "robots.txt").write_bytes(b"damaged")
    report = check(folders.build(2), folders.store, KEEP_TWO)
    assert {(each.path, each.action) for each in report.problems} == {
        (lost, Action.LOST),
        ("robots.txt", Action.MISSING),
        ("releases.json", Action.OUTDATED),
    }
    report = folders.publish(2)
    assert paths(report, Action.WRITTEN) == ["robots.txt"]
    assert report.warnings == [f"{lost} is gone from the store, and an older release uses it"]
    assert not check(folders.build(2), folders.store, KEEP_TWO).problems


@pytest.mark.parametrize("function", [check, preview, publish])
def test_a_hashed_name_with_other_content_is_refused(folders: Folders, function: Function) -> None:
    folders.publish(1)
    build = Path(folders.build(2))
    name = hashed_name("assets/c1", b"0 of 1")
    write(build / name, b"other")
    before = snapshot(folders.root)
    report = function(str(build), folders.store, KEEP_TWO)
    assert report.problems == [Outcome(name, Action.CONFLICT)]
    assert report.purge == ()
    assert snapshot(folders.root) == before


@pytest.mark.parametrize("function", [publish, preview, check])
def test_a_file_in_place_of_a_folder_is_refused_before_anything_is_written(
    folders: Folders, function: Function
) -> None:
    folders.publish(1)
    before = snapshot(folders.root)
    build = Path(folders.build(2))
    shutil.rmtree(build / "assets")
    write(build / "assets", b"no folder")
    with pytest.raises(PublishError, match="assets is a folder in the store"):
        function(str(build), folders.store, KEEP_TWO)
    assert snapshot(folders.root) == before


def test_an_empty_build_is_refused(folders: Folders) -> None:
    (folders.builds / "empty").mkdir()
    with pytest.raises(PublishError, match="empty has no files"):
        publish(str(folders.builds / "empty"), folders.store, KEEP_ONE)


def test_warnings_name_what_is_left_out_or_sensitive(folders: Folders) -> None:
    build = Path(folders.build(1))
    write(build / ".env", b"SECRET")
    (build / "pipe").symlink_to("nowhere")
    excluding = settings(1, BuildRules(exclude=("robots.txt",)))
    report = publish(str(build), folders.store, excluding)
    assert report.warnings == [
        f"left out: {build}/pipe: it is a dangling link",
        f"{build}/.env is published, perhaps by mistake. To leave it out, use --exclude '.env*'",
    ]
    assert not (folders.root / "robots.txt").exists()


class RecordingStore(FolderStore):
    """Notes when files are put, and whether the manifest has each hashed name by then."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.puts: list[tuple[bool, bool, float]] = []  # is hashed, is listed, the time

    def put(self, file: BuiltFile, pieces: Iterator[bytes]) -> None:
        is_listed = file.path in manifest_of(Path(self.name)).files
        self.puts.append((file.is_hashed, is_listed, time.monotonic()))
        super().put(file, pieces)


def test_servers_have_time_to_notice_new_names_before_pages_appear(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "NOTICE", 0.2)
    folders.publish(1)
    store = RecordingStore(str(folders.root))
    publish(folders.build(2), store, KEEP_TWO)
    hashed = [each for each in store.puts if each[0]]
    others = [each for each in store.puts if not each[0]]
    assert len(hashed) == len(others) == 2
    assert all(is_listed for _, is_listed, _ in store.puts)
    assert min(others)[2] - min(hashed)[2] > 0.1


def test_a_build_without_pages_is_published_when_servers_had_time_to_notice_it(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "NOTICE", 0.2)
    for release in (1, 2):
        build = Path(folders.build(release))
        for path in ("index.html", "index.html.gz", "robots.txt"):
            (build / path).unlink()
        started = time.monotonic()
        publish(str(build), folders.store, KEEP_TWO)
        # No server has a page of an earlier release before the first one.
        assert release == 1 or time.monotonic() - started > 0.2


class Interrupting(Watcher):
    """Raises after some results."""

    def __init__(self, after: int) -> None:
        self.left = after

    def on_result(self, outcome: Outcome) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError("the disk is gone")


@pytest.mark.parametrize("after", range(1, 5))
def test_a_run_that_fails_leaves_whole_pages_and_is_resumed(folders: Folders, after: int) -> None:
    folders.publish(1)
    with pytest.raises(OSError, match="the disk is gone"):
        publish(folders.build(2), folders.store, KEEP_TWO, Interrupting(after))
    contents = contents_of(folders.root)
    require_whole_pages(contents)
    assert manifest_of(folders.root).newest == 1
    # Threads may have completed more files than were reported.
    report = folders.publish(2)
    assert len(report.of(Action.WRITTEN)) <= 4 - after
    require_whole_pages(contents_of(folders.root))
    assert manifest_of(folders.root).newest == 2


def test_files_of_a_run_that_was_not_resumed_are_removed(folders: Folders) -> None:
    folders.publish(1)
    with pytest.raises(OSError, match="the disk is gone"):
        publish(folders.build(2), folders.store, KEEP_TWO, Interrupting(1))
    folders.publish(3)
    names = {name for name in contents_of(folders.root) if "c1" in name}
    assert names == {hashed_name("assets/c1", b"0 of %d" % release) for release in (1, 3)}


def test_an_older_release_after_an_interrupted_run_is_whole(folders: Folders) -> None:
    """The page of the interrupted run has the size of the older one."""
    folders.publish(1)
    with pytest.raises(OSError, match="the disk is gone"):
        publish(folders.build(2), folders.store, KEEP_TWO, Interrupting(4))
    folders.publish(1)
    build = contents_of(folders.builds / "1")
    assert contents_of(folders.root).items() >= build.items()


def test_of_two_simultaneous_runs_one_waits_and_plans_again(folders: Folders) -> None:
    folders.publish(1)
    waits = threading.Event()

    class Waiter(Watcher):
        def on_wait(self, store: str) -> None:
            assert store == str(folders.root)
            waits.set()

    reports: list[Report] = []
    builds = [folders.build(2), folders.build(3)]

    def run() -> None:
        kept = settings(3)
        reports.append(publish(builds[1], folders.store, kept, Waiter()))

    with folders.store.locked(lambda: None):
        thread = threading.Thread(target=run)
        thread.start()
        assert waits.wait(60)
        # The other run has planned. This run writes, so that plan becomes outdated.
        store = folders.store
        store.locked = lambda on_wait: threading.Lock()  # type: ignore[method-assign, assignment, return-value]
        publish(builds[0], store, settings(3))
    thread.join()
    assert [report.release for report in reports] == [3]
    assert manifest_of(folders.root).releases[0].number == 3
    assert len(manifest_of(folders.root).releases) == 3


def test_a_waiting_run_notices_that_its_release_is_there(folders: Folders) -> None:
    build = folders.build(1)
    store = folders.store
    read = store.read_manifest
    results = iter([None])

    def read_manifest() -> bytes | None:
        """There is no manifest at first. Then another run has published the same build."""
        for first in results:
            publish(build, folders.store, KEEP_ONE)
            return first
        return read()

    store.read_manifest = read_manifest  # type: ignore[method-assign]
    report = publish(build, store, KEEP_ONE)
    assert report.outcomes == []
    assert manifest_of(folders.root).newest == 1


def test_a_full_disk_leaves_the_previous_release(folders: Folders) -> None:
    """A limit of the size of files simulates a full disk."""
    folders.publish(1)
    before = contents_of(folders.root)
    build = Path(folders.build(2))
    write(build / hashed_name("assets/big", b"x" * 60_000), b"x" * 60_000)
    done = subprocess.run(
        [*COMMAND, str(build), str(folders.root)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # bytecode files have no limit
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)),
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "cannot be written: File too large" in done.stderr
    contents = contents_of(folders.root)
    assert {name for name in before if before[name] != contents[name]} == {"releases.json"}
    assert manifest_of(folders.root).newest == 1
    assert not list(folders.root.rglob("*.tmp"))
    assert publish(str(build), folders.store, KEEP_TWO).release == 2


def is_killed_at_random(build: str, store: Path, generator: random.Random) -> bool:
    """Start a run, and kill it after it has begun to write. It may have ended before."""
    process = subprocess.Popen([*COMMAND, "-q", build, str(store)])
    before = store.stat().st_mtime_ns
    until(lambda: process.poll() is not None or store.stat().st_mtime_ns != before)
    time.sleep(generator.random() * 0.15)
    process.kill()
    return process.wait() != 0


@pytest.mark.slow
def test_runs_that_are_killed_at_random_leave_whole_pages(folders: Folders) -> None:
    publish(folders.build(0, chunks=300), folders.store, KEEP_TWO)
    generator, killed = random.Random(20), 0
    build = folders.build(1, chunks=300)
    for release in range(2, 2 + max(some(20), 4)):
        was_killed = is_killed_at_random(build, folders.root, generator)
        contents = contents_of(folders.root)
        require_whole_pages(contents)
        older = contents_of(folders.builds / "0")
        assert {name for name in older if older[name] != contents.get(name)} <= {
            "index.html",
            "index.html.gz",
        }
        killed += was_killed
        if not was_killed:
            build = folders.build(release, chunks=300)
    assert killed
    report = publish(build, folders.store, settings(100))
    assert not report.problems
    assert not list(folders.root.rglob("*.tmp"))
    assert not check(build, folders.store, settings(100)).problems


@pytest.mark.slow
def test_simultaneous_processes_publish_one_after_the_other(folders: Folders) -> None:
    command = [*COMMAND, "-q", "--keep", "9"]
    builds = [folders.build(each, chunks=50) for each in range(4)]
    processes = [subprocess.Popen([*command, each, str(folders.root)]) for each in builds]
    assert [process.wait() for process in processes] == [0] * 4
    contents, manifest = contents_of(folders.root), manifest_of(folders.root)
    assert [each.number for each in manifest.releases] == [4, 3, 2, 1]
    require_whole_pages(contents)
    for build in builds:
        scripts = {name for name in contents_of(Path(build)) if name.endswith(".js")}
        assert scripts <= contents.keys()


@pytest.mark.slow
def test_a_second_run_over_5000_files_is_fast(folders: Folders) -> None:
    build = folders.build(1, chunks=5000)
    publish(build, folders.store, KEEP_ONE)
    started = time.monotonic()
    assert not publish(build, folders.store, KEEP_ONE).outcomes
    assert time.monotonic() - started < 10
