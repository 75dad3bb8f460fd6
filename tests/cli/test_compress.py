"""``python -m whitenoise_async.compress``: arguments, output, exit statuses, interrupts."""

from __future__ import annotations

import gzip
import io
import json
import os
import pty
import random
import re
import runpy
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from fcntl import LOCK_EX, LOCK_UN, flock, ioctl
from itertools import product
from pathlib import Path
from typing import Any

import brotli
import pytest

import whitenoise_async
from tests.helpers.argument_errors import refused
from tests.helpers.files import write
from tests.helpers.slow import slow_unless
from whitenoise_async.cli.compress import _Command, main
from whitenoise_async.compression import compress_tree
from whitenoise_async.files.formats import DEFAULT_EXCLUDED
from whitenoise_async.support import threads

TEXT = b"some text, some text, some text, some text\n" * 100
NOISE = random.Random(0).randbytes(1000)
PACKAGES = str(Path(__file__).parents[2])
RECORD = ".whitenoise_async-compress.json"
ALL = [".gz", ".br", ".zst"]
FILES = 12  # of a run that is interrupted


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Two files that compress, and one that does not."""
    write(tmp_path / "a.txt", TEXT)
    write(tmp_path / "sub" / "b.css", TEXT)
    write(tmp_path / "c.bin", NOISE)
    return tmp_path


Output = pytest.CaptureFixture[str]


def names(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}


ORIGINALS = {"a.txt", "c.bin", "sub/b.css"}
VARIANTS = {f"{name}{suffix}" for name in ("a.txt", "sub/b.css") for suffix in ALL}


def test_each_file_gets_its_variants_and_a_table_lists_them(site: Path, capsys: Output) -> None:
    assert main([str(site)]) == 0
    assert names(site) == ORIGINALS | VARIANTS | {RECORD}
    assert gzip.decompress((site / "a.txt.gz").read_bytes()) == TEXT
    output = capsys.readouterr()
    assert output.err == ""
    title, head, *rows = output.out.splitlines()
    before = 2 * len(TEXT)
    assert re.fullmatch(
        rf"{re.escape(str(site))}: 3 files, {before + 1000:,} bytes, \d\.\d s", title
    )
    assert head.split() == (
        ["encoding", "variants", "bytes", "before", "bytes", "after", "ratio", "written", "removed"]
    )
    assert len({len(line) for line in (head, *rows)}) == 1
    for row, encoding, suffix in zip(rows, ["gzip", "br", "zstd"], ALL, strict=True):
        after = 2 * (site / f"a.txt{suffix}").stat().st_size
        share = f"{after / before:.1%}"
        assert row.split() == [encoding, "2", f"{before:,}", f"{after:,}", share, "2", "0"]


def test_a_second_run_has_nothing_to_do(site: Path, capsys: Output) -> None:
    main([str(site)])
    capsys.readouterr()
    assert main([str(site)]) == 0
    _, _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[-2:] for row in rows] == [["0", "0"]] * 3


def test_without_variants_the_table_has_no_ratio(tmp_path: Path, capsys: Output) -> None:
    write(tmp_path / "c.bin", NOISE)
    assert main(["--encodings", "gzip", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["gzip", *"00000"]


def test_removed_variants_are_named(site: Path, capsys: Output) -> None:
    main(["-q", str(site)])
    (site / "a.txt").unlink()
    assert main([str(site)]) == 0
    output = capsys.readouterr().out
    for suffix in ALL:
        assert f"removed {site}/a.txt{suffix}: its original is gone\n" in output
    assert names(site) == {"c.bin", "sub/b.css", RECORD, *(f"sub/b.css{each}" for each in ALL)}


def test_replaced_foreign_variants_are_named(site: Path, capsys: Output) -> None:
    write(site / "a.txt.gz", gzip.compress(b"older"))
    assert main([str(site)]) == 0
    first, *_ = capsys.readouterr().out.splitlines()
    assert first == f"wrote {site}/a.txt.gz: in place of one that this tool did not make"
    assert main([str(site)]) == 0
    assert "wrote" not in capsys.readouterr().out


@pytest.mark.parametrize("extra", [[], ["--clean"]], ids=["compress", "clean"])
def test_a_dry_run_reports_and_changes_nothing(
    site: Path, capsys: Output, extra: list[str]
) -> None:
    if extra:
        main(["-q", str(site)])
    before = names(site)
    assert main(["--dry-run", *extra, str(site)]) == 0
    assert names(site) == before
    *lines, last = capsys.readouterr().out.splitlines()
    if extra:
        told = {f"would remove {site}/{name}: it was made by this tool" for name in VARIANTS}
        assert set(lines) == told
        assert last.startswith(f"{site}: would be 6 removed, ")
    else:
        # A dry run does not compress, so it does not know that the noise does not compress.
        expected = VARIANTS | {f"c.bin{suffix}" for suffix in ALL}
        assert set(lines) == {f"would compress {site}/{name}" for name in expected}
        assert last.startswith(f"{site}: would be 9 written, ")


def test_clean_removes_the_variants(site: Path, capsys: Output) -> None:
    main(["-q", str(site)])
    write(site / "d.txt.gz", b"somebody's")
    assert main(["--clean", "--encodings", "br", "--exclude", "*.css", str(site)]) == 0
    assert names(site) == ORIGINALS | {RECORD, "d.txt.gz"} | VARIANTS - {"a.txt.br"}
    assert main(["--clean", str(site)]) == 0
    assert names(site) == ORIGINALS | {"d.txt.gz"}
    assert main(["--clean", str(site)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"{site}: nothing to do, ")


def test_a_check_names_problems_and_changes_nothing(site: Path, capsys: Output) -> None:
    assert main(["--check", str(site)]) == 1
    output = capsys.readouterr()
    assert set(output.err.splitlines()) == {f"missing: {site}/{name}" for name in VARIANTS}
    assert output.out.startswith(f"{site}: 3 not worth it, 6 missing, ")
    main(["-q", str(site)])
    assert main(["--check", "-q", str(site)]) == 0
    write(site / "a.txt", TEXT + b"more")
    (site / "sub" / "b.css").unlink()
    (site / "a.txt.br").unlink()
    before = names(site)
    assert main(["--check", "-q", str(site)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    gone = [f"unneeded: {site}/sub/b.css{each}: its original is gone" for each in ALL]
    stale = [
        f"stale: {site}/a.txt{each}: it does not match its original" for each in (".gz", ".zst")
    ]
    assert sorted(output.err.splitlines()) == sorted([*gone, *stale, f"missing: {site}/a.txt.br"])
    assert names(site) == before


def test_json_contains_the_whole_report(site: Path, capsys: Output) -> None:
    blocked = write(site / "d.txt", TEXT)
    (site / "d.txt.gz").mkdir()
    assert main(["--json", "--encodings", "gzip", str(site)]) == 1
    output = capsys.readouterr()
    assert output.err == f"{blocked}.gz cannot be written: Is a directory\n"
    content = json.loads(output.out)
    size = (site / "a.txt.gz").stat().st_size
    (root,) = content.pop("roots")
    assert content == {"interrupted": False}
    assert root.pop("seconds") >= 0
    share = root["encodings"]["gzip"].pop("ratio")
    assert share == pytest.approx(size / len(TEXT))
    assert root == {
        "root": str(site),
        "found": 4,
        "files": 4,
        "bytes": 3 * len(TEXT) + len(NOISE),
        "encodings": {
            "gzip": {
                "variants": 2,
                "bytes_before": 2 * len(TEXT),
                "bytes_after": 2 * size,
                "written": 2,
                "removed": 0,
            }
        },
        "variants": [
            {
                "path": path,
                "encoding": "gzip",
                "action": action,
                "bytes_before": before,
                "bytes_after": after,
            }
            for path, action, before, after in [
                ("a.txt.gz", "written", len(TEXT), size),
                ("c.bin.gz", "not worth it", 1000, 1023),
                ("sub/b.css.gz", "written", len(TEXT), size),
            ]
        ],
        "failures": [
            {
                "path": f"{blocked}.gz",
                "reason": f"{blocked}.gz cannot be written: Is a directory",
            }
        ],
    }
    (site / "a.txt").unlink()
    main(["--json", "--encodings", "gzip", str(site)])
    (root,) = json.loads(capsys.readouterr().out)["roots"]
    assert root["variants"][0]["reason"] == "its original is gone"


def test_options_reach_the_engine(site: Path) -> None:
    options = ["--encodings", "br, zstd", "--br-level", "1", "--zstd-level", "3", "-j", "1"]
    what = ["--include", "*.txt", "--include", "sub/*", "--exclude", "b.*"]
    assert main(["-q", *options, *what, "--min-size", "1", str(site)]) == 0
    assert names(site) == ORIGINALS | {RECORD, "a.txt.br", "a.txt.zst"}
    assert (site / "a.txt.br").read_bytes() == brotli.compress(TEXT, quality=1, lgwin=16)
    assert main(["-q", "--min-saving", "99.9", "--encodings", "br", str(site)]) == 0
    assert names(site) == ORIGINALS | {RECORD, "a.txt.zst"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "root"),
        (["missing"], "missing is not a directory"),
        (["a.txt"], "a.txt is not a directory"),
        ([".", "missing"], "missing is not a directory"),
        (
            ["--encodings", "gzip,deflate", "."],
            "an encoding must be one of gzip, br, zstd, got 'deflate'",
        ),
        (["--encodings", "", "."], "an encoding must be one of gzip, br, zstd, got ''"),
        (["--br-level", "12", "."], "the level for br must be a number from 0 to 11, got 12"),
        (["--zstd-level", "0", "."], "the level for zstd must be a number from 1 to 22, got 0"),
        (["--gzip-level", "x", "."], "--gzip-level: invalid int value: 'x'"),
        (["--encodings", "br", "--gzip-level", "1", "."], "level was given for gzip"),
        (["--min-saving", "101", "."], "--min-saving must be from 0 to 100 percent, got 101.0"),
        (["--min-saving", "nan", "."], "--min-saving must be from 0 to 100 percent, got nan"),
        (["--min-size", "-1", "."], "--min-size must be 0 or more, got -1"),
        (["--jobs", "0", "."], "--jobs must be 1 or more, got 0"),
        (["--check", "--clean", "."], "--clean: not allowed with argument --check"),
        (
            ["--clean", "--encodings", "bz2", "."],
            "an encoding must be one of gzip, br, zstd, got 'bz2'",
        ),
        (["--level", "9", "."], "--level"),
    ],
    ids=" ".join,
)
def test_a_command_line_that_makes_no_sense_is_refused(
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Output,
    arguments: list[str],
    named: str,
) -> None:
    monkeypatch.chdir(site)
    assert named in refused(main, arguments, capsys).splitlines()[-1]
    assert names(site) == ORIGINALS


def test_an_encoding_that_is_not_installed_is_left_out_or_refused(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    assert main([str(site)]) == 0
    line = "br needs brotli, which is not installed: pip install 'whitenoise_async[compress]'"
    assert capsys.readouterr().err == f"left out: {line}\n"
    assert not [name for name in names(site) if name.endswith(".br")]
    assert main(["-q", str(site)]) == 0
    assert capsys.readouterr().err == ""
    with pytest.raises(SystemExit) as ended:
        main(["--encodings", "br", str(site)])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: {line}\n")


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        ([], "3 files, {bytes} bytes, 0 s"),
        (["--exclude=c.bin"], "2 files, {bytes} bytes, 0 s (3 found, 1 left alone)"),
        (["--include=a.txt"], "1 file, {bytes} bytes, 0 s (3 found, 2 left alone)"),
        (["--min-size=1001"], "2 files, {bytes} bytes, 0 s (3 found, 1 left alone)"),
        (["--include=c.bin"], "1 file, {bytes} bytes, 0 s (3 found, 2 left alone)"),
        (["--exclude=*"], "0 files, 0 bytes, 0 s (3 found, 3 left alone)"),
    ],
)
def test_the_table_begins_with_the_number_of_files(
    site: Path, capsys: Output, arguments: list[str], title: str
) -> None:
    assert main([str(site), *arguments]) == 0
    first = capsys.readouterr().out.splitlines()[0].removeprefix(f"{site}: ")
    expected = re.escape(title).replace(r"\{bytes\}", "[0-9,]+").replace(r"0\ s", r"\d+\.\d\ s")
    assert re.fullmatch(expected, first), first
    assert main([str(site), *arguments]) == 0
    again = capsys.readouterr().out.splitlines()[0].removeprefix(f"{site}: ")
    assert re.fullmatch(expected, again), again


def test_nested_roots_are_compressed_once(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    (site / "link").symlink_to("sub")
    (site / "sub2").mkdir()
    monkeypatch.chdir(site)
    assert main(["sub", "link", "sub2", "sub/", "sub"]) == 0
    titles = [line for line in capsys.readouterr().out.splitlines() if " bytes, " in line]
    assert [title.partition(":")[0] for title in titles] == ["sub", "sub2"]
    assert main(["sub", ".", "sub2"]) == 0
    titles = [line for line in capsys.readouterr().out.splitlines() if " bytes, " in line]
    assert [title.partition(":")[0] for title in titles] == ["."]


def test_help_tells_the_command_line(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit) as ended:
        main(["-h"])
    assert ended.value.code == 0
    output = capsys.readouterr().out
    assert output.startswith("usage: python -m whitenoise_async.compress [-h]")
    assert ", ".join(sorted(DEFAULT_EXCLUDED)) in output


def run_script(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script in which ``main`` is the command."""
    prologue = f"""
import locale, os, shutil, signal, sys, threading  # what argparse imports late, too
sys.path[:] = {[*sys.path, PACKAGES]!r}
from whitenoise_async.compress import main
from whitenoise_async.compression.settings import Settings
Settings()  # has all imported that compresses
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
    return subprocess.run(
        [sys.executable, "-c", prologue + textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd="/",
        timeout=60,
        check=False,
    )


def run_as_nobody(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command without the privileges of root."""
    return run_script(
        """
        import hashlib  # another user may be unable to read the folder of Python
        if os.getuid() == 0:
            os.setuid(65534)
        sys.exit(main(sys.argv[1:]))
        """,
        *arguments,
    )


def test_what_may_not_be_read_or_written_is_named_and_the_others_are_done(
    public_path: Path,
) -> None:
    write(public_path / "a.txt", TEXT).chmod(0)
    write(public_path / "b.txt", TEXT).chmod(0o644)
    write(public_path / "c" / "closed.txt", TEXT)
    write(public_path / "d" / "read-only.txt", TEXT).chmod(0o644)
    for folder, mode in [("", 0o777), ("c", 0), ("d", 0o555)]:
        (public_path / folder).chmod(mode)
    done = run_as_nobody("-q", "--encodings", "gzip", str(public_path))
    assert (done.returncode, done.stdout) == (1, "")
    named = {
        f"{public_path}/{what}: Permission denied"
        for what in [
            "a.txt cannot be read",
            "c cannot be listed",
            "d cannot be written to",
        ]
    }
    assert set(done.stderr.splitlines()) == named
    assert {"b.txt", "b.txt.gz", "d/read-only.txt", RECORD} == names(public_path) - {
        "a.txt",
        "c/closed.txt",
    }


def test_a_folder_without_write_permission_is_named(public_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        write(public_path / name, TEXT + name.encode()).chmod(0o644)
    public_path.chmod(0o555)
    done = run_as_nobody("-q", str(public_path))
    assert done.stderr == f"{public_path} cannot be written to: Permission denied\n"
    assert (done.returncode, done.stdout) == (1, "")


def test_an_invalid_record_is_named(site: Path, capsys: Output) -> None:
    write(site / RECORD, b"no record")
    for arguments in ([], ["--check"], ["--clean"], ["--dry-run"]):
        assert main([*arguments, str(site)]) == 1
        output = capsys.readouterr()
        assert output.out == ""
        assert output.err.startswith(f"{site}/{RECORD} is not a record of compressed files;")
    assert (site / RECORD).read_bytes() == b"no record"


SIGNALS = {"SIGINT": (130, "Interrupted"), "SIGTERM": (143, "Terminated")}
STEPS = ("open", "os.chmod", "os.utime", "os.rename")
# Each step, signal and output.
FAST_STEPS = {
    ("open", "SIGINT", "-q"),
    ("os.chmod", "SIGTERM", "--json"),
    ("os.utime", "SIGTERM", "-q"),
    ("os.rename", "SIGINT", "--json"),
}


@pytest.mark.parametrize(
    ("step", "sent", "output"),
    slow_unless(product(STEPS, SIGNALS, ["-q", "--json"]), FAST_STEPS.__contains__),
)
def test_an_interrupt_at_any_step_leaves_no_partial_files_and_reports_finished_work(
    tmp_path: Path, step: str, sent: str, output: str
) -> None:
    """A real signal arrives when a thread is about to do the step for the fourth time."""
    status, word = SIGNALS[sent]
    for number in range(FILES):
        write(tmp_path / f"{number}.txt", TEXT + bytes([number]))
    done = run_script(
        """
        from whitenoise_async.support.threads import Stop

        seen = []
        main_thread = threading.main_thread()
        stopped, really = threading.Event(), Stop.set
        Stop.set = lambda stop: (really(stop), stopped.set())

        def interrupt(event, arguments):
            # Among opened files, count only drafts.
            is_meant = event != "open" or str(arguments[0]).endswith(".tmp")
            if event == sys.argv[1] and is_meant:
                seen.append(event)
                if len(seen) == 4:
                    signal.pthread_kill(main_thread.ident, getattr(signal, sys.argv[2]))
                if len(seen) >= 4 and threading.current_thread() is not main_thread:
                    assert stopped.wait(60)

        sys.addaudithook(interrupt)
        sys.exit(main([sys.argv[3], "-j", "2", sys.argv[4]]))
        """,
        *(step, sent, output, tmp_path),
    )
    assert done.returncode == status
    made = {name for name in names(tmp_path) if name.endswith(tuple(ALL))}
    left = f"{word}: {len(made)} variants written, 0 removed; no file is left incomplete,"
    assert done.stderr == f"{left} and the next run continues from here.\n"
    assert len(made) < FILES * 3
    assert names(tmp_path) - made == {RECORD, *(f"{number}.txt" for number in range(FILES))}
    if output == "--json":
        content = json.loads(done.stdout)
        assert content["interrupted"] is True
        assert {each["path"] for each in content["roots"][0]["variants"]} == made
    report = compress_tree(tmp_path)
    assert {each.action.value for each in report.outcomes} <= {"written", "unchanged"}
    assert sum(each.written for each in report.totals.values()) == FILES * 3 - len(made)
    assert main(["--check", "-q", str(tmp_path)]) == 0


class Told(io.StringIO):
    """A stream that calls a function at its first line."""

    def __init__(self, happen: Callable[[], object]) -> None:
        super().__init__()
        self.happen = happen

    def write(self, text: str) -> int:
        if not self.tell():
            self.happen()
        return super().write(text)


def test_a_run_waits_for_another_and_says_so(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other run ends once the command has reported it."""
    folder = os.open(site, os.O_RDONLY)
    flock(folder, LOCK_EX)
    told = Told(lambda: flock(folder, LOCK_UN))
    monkeypatch.setattr(sys, "stderr", told)
    assert main([str(site)]) == 0
    os.close(folder)
    assert told.getvalue() == f"{site}: waiting for another run to end\n"
    assert names(site) == ORIGINALS | VARIANTS | {RECORD}


def test_a_quiet_run_waits_and_says_nothing(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    folder = os.open(site, os.O_RDONLY)
    flock(folder, LOCK_EX)

    def on_wait(command: Any, root: str) -> None:
        really(command, root)
        flock(folder, LOCK_UN)

    really = _Command.on_wait
    monkeypatch.setattr(_Command, "on_wait", on_wait)
    assert main(["-q", str(site)]) == 0
    os.close(folder)
    assert capsys.readouterr() == ("", "")


def interrupt() -> None:
    raise KeyboardInterrupt


def terminate() -> None:
    handler = signal.getsignal(signal.SIGTERM)
    assert callable(handler)
    handler(signal.SIGTERM, None)


@pytest.mark.parametrize(
    ("happen", "status"), [(interrupt, 130), (terminate, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_an_interrupt_between_folders_keeps_finished_work(
    site: Path, capsys: Output, happen: Callable[[], None], status: int
) -> None:
    for name in ("one", "two"):
        write(site / name / "a.txt", TEXT)
    with redirect_stdout(Told(happen)):
        assert main([str(site / "one"), str(site / "two")]) == status
    assert "3 variants written, 0 removed" in capsys.readouterr().err
    assert names(site / "one") == {RECORD, "a.txt", *(f"a.txt{each}" for each in ALL)}
    assert names(site / "two") == {"a.txt"}


def test_an_interrupt_within_a_folder_reports_finished_work(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    first_done = threading.Event()
    really = threads._do

    def one_job(work: Any, job: object, stop: threads.Stop, ended: Any) -> None:
        really(work, job, stop, ended)
        first_done.set()
        assert stop.wait(60)

    def interrupt(ended: object) -> None:
        assert first_done.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr("whitenoise_async.support.threads._do", one_job)
    monkeypatch.setattr("whitenoise_async.support.threads._wait_for_one", interrupt)
    assert main(["--json", "-j", "1", str(site)]) == 130
    output = capsys.readouterr()
    made = {name for name in names(site) if name.endswith(tuple(ALL))}
    assert output.err.startswith(f"Interrupted: {len(made)} variants written, 0 removed; ")
    content = json.loads(output.out)
    assert content["interrupted"] is True
    (root,) = content["roots"]
    written = [each for each in root["variants"] if each["action"] == "written"]
    assert {each["path"] for each in written} == made
    assert (root["files"], root["bytes"]) == (3, 2 * len(TEXT) + len(NOISE))


def on_terminal(*arguments: str, columns: int = 80, **environ: str) -> str:
    """Return the output of the command on a new terminal."""
    terminal, other_end = pty.openpty()
    ioctl(other_end, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "whitenoise_async.compress", *arguments],
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
        env={**os.environ, "PYTHONPATH": PACKAGES, "PYTHONUTF8": "1", **environ},
        close_fds=True,
    )
    os.close(other_end)
    printed = b""
    while True:
        try:
            printed += os.read(terminal, 4096)
        except OSError:  # EIO: the other end is closed
            break
    os.close(terminal)
    assert process.wait(60) == 0
    return printed.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [80, 0])
def test_on_a_terminal_there_is_a_bar_and_then_the_table(
    site: Path, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(site)
    monkeypatch.delenv("COLUMNS", raising=False)
    write(site / "gone.txt", TEXT)
    main(["-q", "--encodings", "gzip", "."])
    (site / "gone.txt").unlink()
    printed = on_terminal(".", columns=columns)
    *bars, rest = printed.split("\r")
    assert any(re.match(r"\.: +\d+%\|.*B/s", bar) for bar in bars)
    assert re.search(r"^\.: 3 files, .*\nencoding  variants", rest, re.MULTILINE)
    assert "removed ./gone.txt.gz: its original is gone\n" in printed


def test_no_bar_is_shown_where_it_is_not_wanted(site: Path) -> None:
    for arguments in (["-q"], ["-q", "--check"]):
        assert on_terminal(*arguments, str(site)) == ""
    without = write(site.parent / "without" / "tqdm.py", b"raise ImportError")
    path = os.pathsep.join([str(without.parent), PACKAGES])
    (site / "a.txt.br").unlink()
    assert "%|" not in on_terminal(str(site), PYTHONPATH=path)


def test_its_exit_status_is_mains(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["compress", "-q", "--check", str(site)])
    # runpy warns that a module that is already imported may behave differently.
    monkeypatch.delitem(sys.modules, "whitenoise_async.compress", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("whitenoise_async.compress", run_name="__main__")
    assert ended.value.code == 1


def test_public_names_are_imported_on_first_use() -> None:
    assert whitenoise_async.compress_tree is compress_tree
    assert {"WhiteNoise", "ASGIWhiteNoise", "compress_tree"} <= set(dir(whitenoise_async))
    with pytest.raises(AttributeError, match="no attribute 'compress_forest'"):
        whitenoise_async.compress_forest  # noqa: B018
    done = run_script(
        """
        assert "asyncio" not in sys.modules and "whitenoise_async.asgi.adapter" not in sys.modules
        import whitenoise_async
        assert whitenoise_async.WhiteNoise.__name__ == "WhiteNoise"
        assert "whitenoise_async.wsgi.adapter" in sys.modules
        """
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_cannot_be_printed_changes_neither_the_work_nor_the_status(site: Path) -> None:
    command = [sys.executable, "-m", "whitenoise_async.compress", str(site)]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >/dev/full 2>&-', "sh", *command],
        cwd=PACKAGES,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert names(site) == ORIGINALS | VARIANTS | {RECORD}


def refuse(name: str) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(28, os.strerror(28))

    return fail


def test_a_record_without_disk_space_is_named_and_nothing_is_lost(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.compression.record.Draft", refuse("Draft"))
        assert main(["-q", str(site)]) == 1
    assert (
        capsys.readouterr().err == f"{site}/{RECORD} cannot be written: No space left on device\n"
    )
    assert names(site) == ORIGINALS | VARIANTS
    assert main(["-q", str(site)]) == 0, "what it wrote is adopted"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    (site / "a.txt").unlink()
    assert main(["-q", str(site)]) == 0
    assert names(site) == {"c.bin", "sub/b.css", RECORD, *(f"sub/b.css{each}" for each in ALL)}
