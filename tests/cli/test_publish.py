"""``python -m whitenoise_async.publish``: arguments, output, exit statuses, interrupts."""

from __future__ import annotations

import json
import os
import re
import runpy
import signal
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.argument_errors import refused
from tests.helpers.builds import (
    KEEP_ONE,
    contents_of,
    delta_path,
    hashed_name,
    make_build,
    make_scripts,
    manifest_of,
    script_path,
)
from tests.helpers.file_trees import snapshot
from tests.helpers.files import write
from tests.helpers.waiting import until
from whitenoise_async.cli import publish as command
from whitenoise_async.cli.progress import Progress
from whitenoise_async.cli.publish import main
from whitenoise_async.releases.errors import PublishError
from whitenoise_async.releases.folder_store import FolderStore

Output = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_build(tmp_path / "dist", 1)


def steady(output: str) -> list[str]:
    """The lines of an output, without times."""
    return [re.sub(r"\d+\.\d s", "0.0 s", line) for line in output.splitlines()]


def test_a_release_is_published_and_a_table_shows_it(build: Path, capsys: Output) -> None:
    size = sum(map(len, contents_of(build).values()))
    assert main(["dist", "store"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert steady(output.out) == [
        f"store: release 1, 6 files, {size} bytes, 0.0 s",
        "           files  bytes",
        f"written        6    {size}",
        "unchanged      0      0",
        "removed        0",
        "kept releases: 1",
    ]
    assert main(["dist", "store"]) == 0
    assert "written        0      0" in capsys.readouterr().out.splitlines()


def test_dropped_releases_and_urls_to_purge_are_named(
    build: Path, tmp_path: Path, capsys: Output
) -> None:
    assert main(["dist", "store", "-q"]) == 0
    make_build(tmp_path / "new", 2)
    assert main(["new", "store", "--keep", "1", "--keep-for", "0s"]) == 0
    assert capsys.readouterr().out.splitlines()[-4:] == [
        "kept releases: 2; dropped: 1",
        "purge from caches in front of the store:",
        "/index.html",
        "/",
    ]


def test_a_dry_run_reports_and_changes_nothing(build: Path, capsys: Output) -> None:
    main(["dist", "store", "-q"])
    write(build / "new.txt", b"new")
    (build / "robots.txt").unlink()
    before = contents_of(Path("store"))
    assert main(["dist", "store", "--dry-run", "--keep", "1", "--keep-for", "0s"]) == 0
    assert contents_of(Path("store")) == before
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["would write new.txt", "would remove robots.txt"]
    assert "would be written      1      3" in lines


def test_a_check_names_problems_and_changes_nothing(build: Path, capsys: Output) -> None:
    main(["dist", "store", "-q"])
    assert main(["dist", "store", "--check"]) == 0
    assert steady(capsys.readouterr().out) == ["store: release 1, nothing to do, 0.0 s"]
    write(build / "new.txt", b"new")
    before = contents_of(Path("store"))
    assert main(["dist", "store", "--check"]) == 1
    assert contents_of(Path("store")) == before
    output = capsys.readouterr()
    assert output.err.splitlines() == [
        "missing: new.txt: it is not in store, or is different there",
        "outdated: releases.json: it does not list this release",
    ]
    assert steady(output.out) == ["store: release 2, 2 problems, 0.0 s"]


@pytest.mark.parametrize("quiet", [[], ["-q"]])
def test_a_hashed_name_with_other_content_is_named(
    build: Path, capsys: Output, quiet: list[str]
) -> None:
    main(["dist", "store", "-q"])
    name = hashed_name("assets/c1", b"0 of 1")
    write(build / name, b"other")
    assert main(["dist", "store", *quiet]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == (
        f"conflict: {name}: its name has a hash, but its content in store is different;"
        " nothing was changed. Build it with another name\n"
    )


def test_json_has_the_whole_report(build: Path, capsys: Output) -> None:
    assert main(["dist", "store", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    names = sorted(contents_of(build))
    assert report.pop("seconds") >= 0
    assert report.pop("bytes") == sum(map(len, contents_of(build).values()))
    lists = ["removed", "conflict", "lost", "missing", "unneeded", "outdated"]
    assert report == {
        "interrupted": False,
        "build": "dist",
        "store": "store",
        "release": 1,
        "kept": [1],
        "dropped": [],
        "files": 6,
        "written": names,
        "purge": [],
        "deltas": [],
        "warnings": [],
        **{each: [] for each in lists},
    }


def test_an_error_is_one_line_and_in_the_json(build: Path, capsys: Output) -> None:
    write(Path("store"), b"")
    assert main(["dist", "store", "--json"]) == 1
    output = capsys.readouterr()
    assert output.err == "store is not a directory\n"
    assert json.loads(output.out)["error"] == "store is not a directory"


def test_after_a_failure_a_line_says_that_the_next_run_continues(
    build: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = FolderStore.put

    def fails(self: FolderStore, file: Any, pieces: Any) -> None:
        if file.path == "index.html":
            raise PublishError("the disk is full")
        put(self, file, pieces)

    monkeypatch.setattr(FolderStore, "put", fails)
    assert main(["dist", "store"]) == 1
    assert capsys.readouterr().err == (
        "the disk is full; the previous release is complete, and the next run continues from here\n"
    )
    assert manifest_of(Path("store")).newest is None


def test_warnings_are_printed_unless_quiet(build: Path, capsys: Output) -> None:
    write(build / ".env", b"SECRET")
    assert main(["dist", "store"]) == 0
    warning = "dist/.env is published, perhaps by mistake. To leave it out, use --exclude '.env*'\n"
    assert capsys.readouterr().err == warning
    assert main(["dist", "store", "--exclude", ".env"]) == 0
    assert main(["dist", "store", "-q"]) == 0
    assert capsys.readouterr().err == ""


def test_waiting_for_another_run_is_announced_unless_quiet(build: Path, capsys: Output) -> None:
    for quiet in (False, True):
        options = command._parser("p").parse_args(["dist", "store", *["-q"] * quiet])
        command._Command(options, KEEP_ONE).on_wait("store")
    assert capsys.readouterr().err == "store: waiting for another run to end\n"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere", "store"], "nowhere is not a directory"),
        (["dist"], "the following arguments are required: STORE"),
        (["dist", "s", "--keep", "0"], "it must be a number of releases from 1, got '0'"),
        (["dist", "s", "--keep", "x"], "it must be a number of releases from 1, got 'x'"),
        (["dist", "s", "--keep-for", "7"], "it must be a number with a unit"),
        (["dist", "s", "--check", "--dry-run"], "not allowed with argument"),
        (["dist", "s", "--immutable", "vita"], "--immutable must be .* did you mean 'vite'"),
        (["dist", "s", "--immutable", "["], "--immutable must be a regular expression"),
        (["dist", "s", "--exclude", ""], "--exclude must be patterns"),
    ],
)
def test_wrong_arguments_are_refused(
    build: Path, capsys: Output, arguments: list[str], message: str
) -> None:
    assert re.search(message, refused(main, arguments, capsys))
    assert not Path("s").exists()


@pytest.mark.parametrize("value, seconds", [("30s", 30), ("5m", 300), ("2h", 7200), ("1w", 604800)])
def test_a_duration_has_a_unit(value: str, seconds: int) -> None:
    options = command._parser("p").parse_args(["a", "b", "--keep-for", value])
    assert options.keep_for == seconds


def test_the_defaults_are_three_releases_and_a_week() -> None:
    options = command._parser("p").parse_args(["a", "b"])
    assert (options.keep, options.keep_for) == (3, 7 * 86400)


@pytest.mark.parametrize(
    "number, word, status",
    [(signal.SIGINT, "Interrupted", 130), (signal.SIGTERM, "Terminated", 143)],
)
def test_an_interrupt_ends_the_run_and_the_next_one_continues(
    build: Path,
    capsys: Output,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    word: str,
    status: int,
) -> None:
    put = FolderStore.put

    def interrupting(self: FolderStore, file: Any, pieces: Any) -> None:
        put(self, file, pieces)
        if file.path == "robots.txt":
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patched:
        patched.setattr(FolderStore, "put", interrupting)
        assert main(["dist", "store", "--json"]) == status
    output = capsys.readouterr()
    assert re.fullmatch(
        rf"{word}: [3-6] files written; the previous release is complete, and the next run"
        r" continues from here\.\n",
        output.err,
    )
    assert json.loads(output.out)["interrupted"] is True
    assert main(["dist", "store", "--check", "-q"]) == 1
    assert main(["dist", "store", "-q"]) == 0
    assert main(["dist", "store", "--check", "-q"]) == 0


def test_the_entry_point_calls_main() -> None:
    assert import_module("whitenoise_async.publish").main is main


def test_the_module_is_a_command(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["publish", "dist", "store", "-q"])
    # runpy warns that a module that is already imported may behave differently.
    monkeypatch.delitem(sys.modules, "whitenoise_async.publish", raising=False)
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_module("whitenoise_async.publish", run_name="__main__")
    assert manifest_of(Path("store")).newest == 1


def test_a_terminated_process_leaves_no_working_files(build: Path) -> None:
    for each in range(500):
        write(build / hashed_name("many/c", b"%d" % each), b"%d" % each)
    process = subprocess.Popen(
        [sys.executable, "-m", "whitenoise_async.publish", "dist", "store"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    until(lambda: Path("store/many").exists() or process.poll() is not None)
    process.terminate()
    assert process.wait() in (143, 0)
    assert not list(Path("store").rglob("*.tmp"))


def test_the_progress_bar_has_the_name_of_the_store(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, int]] = []
    monkeypatch.setattr(Progress, "begin", lambda self, title, size: calls.append((title, size)))
    assert main(["dist", "store", "-q"]) == 0
    assert calls == [("store", sum(map(len, contents_of(build).values())))]


def publish_scripts(*releases: int) -> None:
    for release in releases:
        make_scripts(Path(str(release)), release, "a", "b")
        assert main([str(release), "store", "-q"]) == 0


def test_the_table_compares_deltas_with_the_best_variants(build: Path, capsys: Output) -> None:
    publish_scripts(1, 2, 3)
    capsys.readouterr()
    assert main(["3", "store"]) == 0
    sizes = {name: len(content) for name, content in contents_of(Path("store")).items()}
    without = sum(sizes[script_path(3, name)] for name in "ab")
    rows = []
    for old in (2, 1):
        size = sum(sizes[delta_path(old, 3, name)] for name in "ab")
        rows.append(["release", str(old), "2", f"{without:,}", str(size), f"{size / without:.1%}"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["written", "0", "0"]
    assert lines[5:] == [*lines[5:8], "kept releases: 3, 2, 1"]
    assert [line.split() for line in lines[5:8]] == [
        ["deltas", "from", "files", "best", "variant", "delta", "ratio"],
        *rows,
    ]


def test_json_has_the_deltas(build: Path, capsys: Output) -> None:
    publish_scripts(1)
    make_scripts(Path("2"), 2, "a")
    assert main(["2", "store", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    contents = contents_of(Path("store"))
    delta = delta_path(1, 2, "a")
    assert report["deltas"] == [
        {
            "path": delta,
            "size": len(contents[delta]),
            "without": len(contents[script_path(2, "a")]),
            "against": [1],
        }
    ]
    assert report["written"] == sorted([script_path(2, "a"), delta])
    assert report["files"] == 1


def test_no_deltas_are_made_on_request(build: Path, capsys: Output) -> None:
    publish_scripts(1)
    make_scripts(Path("2"), 2, "a")
    assert main(["2", "store", "--no-deltas"]) == 0
    assert "deltas" not in capsys.readouterr().out
    assert main(["2", "store", "--check", "--no-deltas"]) == 0
    assert main(["2", "store", "--check"]) == 1
    assert f"missing: {delta_path(1, 2, 'a')}: " in capsys.readouterr().err


def test_an_interrupt_while_deltas_are_made_changes_nothing(
    build: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_scripts(1)
    before = snapshot(Path("store"))
    make_scripts(Path("2"), 2, "a", "b")
    (tmp_path / "temporary").mkdir()

    def interrupt(self: Progress, size: float) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
        patched.setattr(Progress, "advance", interrupt)
        assert main(["2", "store"]) == 143
    assert capsys.readouterr().err.startswith("Terminated: 0 files written; ")
    assert snapshot(Path("store")) == before
    assert not os.listdir(tmp_path / "temporary")
    assert main(["2", "store", "-q"]) == 0
    assert Path("store", delta_path(1, 2, "a")).exists()
