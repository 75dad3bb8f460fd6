"""``python -m whitenoise_async.gzip``: arguments, output, exit statuses."""

from __future__ import annotations

import gzip
import io
import os
import random
import runpy
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.argument_errors import refused
from tests.helpers.files import write
from tests.helpers.slow import slow_unless
from whitenoise_async.cli.gzip import DEFAULT_EXCLUDED, main
from whitenoise_async.cli.signals import INTERRUPTS
from whitenoise_async.support.threads import Stop

TEXT = b"some text, some text, some text, some text\n" * 100
NOISE = random.Random(0).randbytes(1000)
PACKAGES = str(Path(__file__).parents[2])

INTERRUPTED = "Interrupted: finished files stay, and no file is left incomplete.\n"
TERMINATED = INTERRUPTED.replace("Interrupted", "Terminated")


def files_below(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}


def run_command(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command in another process."""
    return subprocess.run(
        [sys.executable, "-m", "whitenoise_async.gzip", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": PACKAGES, **environ},
        timeout=60,
        check=False,
    )


def run_script(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in which ``main`` is the command, and its imports are done."""
    prologue = f"""
import locale, os, resource, shutil, signal, sys
sys.path[:] = {[*sys.path, PACKAGES]!r}
from whitenoise_async.gzip import main
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
    return subprocess.run(
        [sys.executable, "-c", prologue + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        cwd="/",
        timeout=60,
        check=False,
    )


def test_help_tells_the_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main(["-h"])
    assert ended.value.code == 0
    output = capsys.readouterr().out
    usage = "usage: python -m whitenoise_async.gzip [-h] [-q] root [extensions ...]"
    assert output.splitlines()[0] == usage
    assert ", ".join(DEFAULT_EXCLUDED) in output


def test_every_file_is_compressed_and_has_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = write(tmp_path / "a.txt", TEXT)
    nested = write(tmp_path / "sub" / "folder" / "b.css", TEXT)
    noise = write(tmp_path / "c.bin", NOISE)
    write(tmp_path / "d.png", TEXT)
    assert main([str(tmp_path)]) == 0
    assert files_below(tmp_path) == {
        *("a.txt", "a.txt.gz", "c.bin", "d.png"),
        *("sub/folder/b.css", "sub/folder/b.css.gz"),
    }
    compressed = (tmp_path / "a.txt.gz").stat().st_size
    output = capsys.readouterr()
    assert output.out.splitlines() == [
        f"{small}: {len(TEXT)} bytes, {compressed} with gzip",
        f"{noise}: {len(NOISE)} bytes, not smaller with gzip",
        f"{nested}: {len(TEXT)} bytes, {compressed} with gzip",
    ]
    assert output.err == ""


def test_the_defaults_are_those_of_the_contract() -> None:
    expected = "jpg jpeg png gif zip gz tgz bz2 tbz swf flv woff"
    assert " ".join(DEFAULT_EXCLUDED) == expected


EVERYTHING = ["a.jpg", "a.PNG", "a.woff", "a.woff2", "a.txt", "a.TXT", "a.css", "a.gz", "a.GZ", "b"]


@pytest.mark.parametrize(
    ("extensions", "left_alone"),
    [
        ([], ["a.jpg", "a.PNG", "a.woff"]),
        (["txt"], ["a.txt", "a.TXT"]),
        ([".txt"], ["a.txt", "a.TXT"]),
        (["TXT"], ["a.txt", "a.TXT"]),
        ([".Txt"], ["a.txt", "a.TXT"]),
        (["txt", ".png"], ["a.txt", "a.TXT", "a.PNG"]),
        (["other"], []),
        (["gz"], []),
    ],
    ids=" ".join,
)
def test_files_with_these_extensions_are_left_alone(
    tmp_path: Path, extensions: list[str], left_alone: list[str]
) -> None:
    """Given extensions replace the default ones. A gzip file is never compressed again."""
    for name in EVERYTHING:
        write(tmp_path / name, TEXT)
    assert main([str(tmp_path), *extensions]) == 0
    made = files_below(tmp_path) - set(EVERYTHING)
    assert made == {f"{name}.gz" for name in set(EVERYTHING) - {*left_alone, "a.gz", "a.GZ"}}


def test_every_default_extension_is_left_alone_in_any_case(tmp_path: Path) -> None:
    names = {f"a.{write_as(each)}" for each in DEFAULT_EXCLUDED for write_as in (str, str.upper)}
    for name in names:
        write(tmp_path / name, TEXT)
    assert main([str(tmp_path)]) == 0
    assert files_below(tmp_path) == names


@pytest.mark.parametrize("flag", ["-q", "--quiet"])
def test_quiet_prints_only_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    write(tmp_path / "a.txt", TEXT)
    blocked = write(tmp_path / "b.txt", TEXT)
    assert main([flag, str(tmp_path)]) == 0
    assert capsys.readouterr() == ("", "")
    (tmp_path / "b.txt.gz").unlink()
    (tmp_path / "b.txt.gz").mkdir()
    assert main([flag, str(tmp_path)]) == 1
    assert capsys.readouterr() == ("", f"{blocked} cannot be compressed: Is a directory\n")


def test_a_second_run_has_the_same_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("b.txt", "a.txt", "sub/c.txt"):
        write(tmp_path / name, TEXT)

    def run() -> tuple[str, dict[str, bytes]]:
        assert main([str(tmp_path)]) == 0
        contents = {name: (tmp_path / name).read_bytes() for name in files_below(tmp_path)}
        return capsys.readouterr().out, contents

    assert run() == run()


def test_a_file_that_fails_is_named_and_the_others_are_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        write(tmp_path / name, TEXT)
    (tmp_path / "b.txt.gz").mkdir()
    assert main([str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert [line.partition(":")[0] for line in output.out.splitlines()] == [
        f"{tmp_path}/a.txt",
        f"{tmp_path}/c.txt",
    ]
    assert output.err == f"{tmp_path}/b.txt cannot be compressed: Is a directory\n"
    assert {"a.txt.gz", "c.txt.gz"} < files_below(tmp_path)
    assert not [name for name in files_below(tmp_path) if "whitenoise" in name]


def test_what_may_not_be_read_or_written_is_named_and_the_others_are_done(
    public_path: Path,
) -> None:
    write(public_path / "a.txt", TEXT).chmod(0)
    write(public_path / "b.txt", TEXT).chmod(0o644)
    write(public_path / "c" / "closed.txt", TEXT)
    write(public_path / "d" / "read-only.txt", TEXT).chmod(0o644)
    write(public_path / "e" / "e.txt", TEXT).chmod(0o644)
    for folder, mode in [("", 0o777), ("c", 0), ("d", 0o555), ("e", 0o777)]:
        (public_path / folder).chmod(mode)
    done = run_script(f"""
        import hashlib  # another user may be unable to read the folder of Python
        if os.getuid() == 0:
            os.setuid(65534)
        sys.exit(main([{str(public_path)!r}]))
    """)
    assert done.returncode == 1
    named = [f"{public_path}/{name}" for name in ("a.txt", "c", "d/read-only.txt")]
    lines = sorted(done.stderr.splitlines())
    assert len(lines) == 3
    for name, line in zip(named, lines, strict=True):
        assert line.startswith(f"{name} ")
        assert line.endswith(": Permission denied")
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        f"{public_path}/b.txt",
        f"{public_path}/e/e.txt",
    ]
    made = {name for name in files_below(public_path) if name.endswith(".gz")}
    assert made == {"b.txt.gz", "e/e.txt.gz"}


def test_a_file_without_disk_space_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit of the size of files simulates a full disk."""
    write(tmp_path / "a.txt", NOISE.hex().encode())
    write(tmp_path / "b.txt", TEXT)
    done = run_script(f"""
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
        sys.exit(main(["-q", {str(tmp_path)!r}]))
    """)
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path}/a.txt cannot be compressed: File too large\n"
    assert files_below(tmp_path) == {"a.txt", "b.txt", "b.txt.gz"}
    assert gzip.decompress((tmp_path / "b.txt.gz").read_bytes()) == TEXT


def test_fifos_and_dangling_links_neither_stop_the_command_nor_count_as_failures(
    tmp_path: Path,
) -> None:
    os.mkfifo(tmp_path / "a.txt")
    (tmp_path / "b.txt").symlink_to("missing")
    (tmp_path / "c.txt").symlink_to(tmp_path)
    write(tmp_path / "d.txt", TEXT)
    done = run_command("-q", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert files_below(tmp_path) == {"a.txt", "b.txt", "d.txt", "d.txt.gz"}


@pytest.mark.parametrize(
    ("name", "encoding", "shown"),
    [
        (b"\xff.txt", "utf-8:strict", "\\udcff.txt"),
        ("✓.txt".encode(), "utf-8:strict", "✓.txt"),
        ("✓é.txt".encode(), "ascii:strict", "\\u2713\\xe9.txt"),
        ("✓é.txt".encode(), "latin-1:strict", "\\u2713é.txt"),
        (b"a\nb.txt", "utf-8:strict", "\\nb.txt"),
        (b"a\rb.txt", "utf-8:strict", "\\rb.txt"),
        (b"a\x1b[2Jb.txt", "utf-8:strict", "\\x1b[2Jb.txt"),
    ],
    ids=ascii,
)
def test_unprintable_characters_of_a_name_are_escaped(
    tmp_path: Path, name: bytes, encoding: str, shown: str
) -> None:
    """Each file has one line, with any name."""
    path = os.path.join(os.fsencode(tmp_path), name)
    Path(os.fsdecode(path)).write_bytes(TEXT)
    blocked = Path(os.fsdecode(path) + "-blocked")
    blocked.write_bytes(TEXT)
    blocked.with_name(blocked.name + ".gz").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "whitenoise_async.gzip", tmp_path],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": PACKAGES, "PYTHONIOENCODING": encoding},
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stdout.decode(encoding.partition(":")[0]).removesuffix("\n").split("\n")
    assert f"{shown}: {len(TEXT)} bytes, " in line
    (line,) = done.stderr.decode(encoding.partition(":")[0]).removesuffix("\n").split("\n")
    assert f"{shown}-blocked cannot be compressed" in line
    assert os.path.exists(path + b".gz")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["missing"], "missing is not a directory"),
        (["a.txt"], "a.txt is not a directory"),
        (["dangling"], "dangling is not a directory"),
        ([""], "is not a directory"),
        ([], "root"),
        (["--level", "9", "."], "--level"),
    ],
    ids=" ".join,
)
def test_a_command_line_that_makes_no_sense_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    named: str,
) -> None:
    write(tmp_path / "a.txt", TEXT)
    (tmp_path / "dangling").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    assert named in refused(main, arguments, capsys).splitlines()[-1]
    assert files_below(tmp_path) == {"a.txt", "dangling"}


def test_a_root_may_be_relative_or_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "site" / "a.txt", TEXT)
    (tmp_path / "link").symlink_to("site")
    monkeypatch.chdir(tmp_path)
    for root in ("site", "link/", "."):
        assert main(["-q", root]) == 0
        (tmp_path / "site" / "a.txt.gz").unlink()


class Watched(io.StringIO):
    """A terminal that calls a function after the first line."""

    def __init__(self, happen: Callable[[], None]) -> None:
        super().__init__()
        self.happen = happen

    def write(self, text: str) -> int:
        first = self.tell() == 0
        written = super().write(text)
        if first:
            self.happen()
        return written


@pytest.fixture
def unhandled_sighup() -> Iterator[None]:
    """Restore the default action of SIGHUP: under nohup it is ignored, also by our commands."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("unhandled_sighup")
@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_between_files_keeps_finished_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sent: str,
) -> None:
    """So do a second and a third interrupt."""
    write(tmp_path / "a.txt", TEXT)
    write(tmp_path / "b.txt", TEXT)
    stopped = threading.Event()

    class Noted(Stop):
        def set(self) -> None:
            super().set()
            # Only in the main thread, which handles its own signal at once. A signal from a worker
            # may arrive after the command has restored the handlers.
            assert threading.current_thread() is threading.main_thread()
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            stopped.set()

    def interrupt() -> None:
        os.kill(os.getpid(), getattr(signal, sent))
        assert stopped.wait(60)

    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.cli.gzip.Stop", Noted)
        patch.setattr(sys, "stdout", Watched(interrupt))
        assert main([str(tmp_path)]) == (130 if sent == "SIGINT" else 143)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert capsys.readouterr().err == (INTERRUPTED if sent == "SIGINT" else TERMINATED)
    assert files_below(tmp_path) == {"a.txt", "a.txt.gz", "b.txt"}
    assert gzip.decompress((tmp_path / "a.txt.gz").read_bytes()) == TEXT


def test_leftovers_of_a_killed_command_are_removed(tmp_path: Path) -> None:
    write(tmp_path / "sub" / ".whitenoise_async-killed.tmp", b"half")
    write(tmp_path / "sub" / ".whitenoise_async-other", b"not its own")
    assert main(["-q", str(tmp_path)]) == 0
    assert files_below(tmp_path) == {"sub/.whitenoise_async-other"}


@pytest.mark.parametrize("own", [signal.SIG_IGN, lambda *_: None], ids=["ignored", "handled"])
def test_a_sigterm_that_has_a_handler_keeps_it(tmp_path: Path, own: Any) -> None:
    seen: list[object] = []
    before = signal.signal(signal.SIGTERM, own)
    try:
        write(tmp_path / "a.txt", TEXT)
        with redirect_stdout(Watched(lambda: seen.append(signal.getsignal(signal.SIGTERM)))):
            assert main([str(tmp_path)]) == 0
        assert seen == [own]
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_command_runs_in_any_thread(tmp_path: Path) -> None:
    """Python sets signal handlers only in the main thread."""
    write(tmp_path / "a.txt", TEXT)
    with ThreadPoolExecutor() as threads:
        assert threads.submit(main, ["-q", str(tmp_path)]).result() == 0
    assert files_below(tmp_path) == {"a.txt", "a.txt.gz"}


SIGNALS = {"SIGINT": (130, INTERRUPTED), "SIGTERM": (143, TERMINATED)}
STEPS = ("open", "os.chmod", "os.utime", "os.rename")
# Each step and signal.
FAST_STEPS = {
    *(("open", "SIGINT"), ("os.chmod", "SIGTERM")),
    *(("os.utime", "SIGINT"), ("os.rename", "SIGTERM")),
}


@pytest.mark.parametrize(
    ("step", "sent"), slow_unless(product(STEPS, SIGNALS), FAST_STEPS.__contains__)
)
def test_an_interrupt_at_any_step_of_a_file_leaves_no_partial_files(
    tmp_path: Path, step: str, sent: str
) -> None:
    """A real signal arrives when a thread is about to do a step with the second file."""
    status, message = SIGNALS[sent]
    for name in ("a.txt", "b.txt", "c.txt"):
        write(tmp_path / name, TEXT)
    old = write(tmp_path / "b.txt.gz", b"old")
    done = run_script(f"""
        seen = []

        def interrupt(event, arguments):
            # Of all that is opened, a new draft is meant.
            if event == {step!r} and (event != "open" or str(arguments[0]).endswith(".tmp")):
                seen.append(event)
                if len(seen) == 2:
                    os.kill(os.getpid(), signal.{sent})

        sys.addaudithook(interrupt)
        sys.exit(main([{str(tmp_path)!r}]))
    """)
    assert (done.returncode, done.stderr) == (status, message)
    named = [line.partition(": ")[0] for line in done.stdout.splitlines()]
    assert f"{tmp_path}/a.txt" in named
    for path in named:
        assert gzip.decompress(Path(f"{path}.gz").read_bytes()) == TEXT
    if f"{tmp_path}/b.txt" not in named:
        assert old.read_bytes() == b"old"
    made = {f"{Path(path).name}.gz" for path in named}
    assert files_below(tmp_path) == {"a.txt", "b.txt", "b.txt.gz", "c.txt"} | made


def test_python_runs_the_module(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TEXT)
    done = run_command(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{tmp_path}/a.txt: {len(TEXT)} bytes, ")
    missing = run_command(tmp_path / "missing")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert f"{tmp_path}/missing is not a directory" in missing.stderr


def test_its_exit_status_is_mains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a.txt", TEXT)
    (tmp_path / "a.txt.gz").mkdir()
    monkeypatch.setattr(sys, "argv", ["gzip", "-q", str(tmp_path)])
    # runpy warns that a module that is already imported may behave differently.
    monkeypatch.delitem(sys.modules, "whitenoise_async.gzip", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("whitenoise_async.gzip", run_name="__main__")
    assert ended.value.code == 1
    assert str(tmp_path) in capsys.readouterr().err


def test_a_reader_that_closes_the_pipe_does_not_stop_the_work(tmp_path: Path) -> None:
    """For example, ``| head -1`` does."""
    for number in range(3):
        write(tmp_path / f"{number}.txt", TEXT)
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = subprocess.run(
        [sys.executable, "-m", "whitenoise_async.gzip", str(tmp_path)],
        stdout=write_end,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        timeout=60,
        check=False,
    )
    os.close(write_end)
    assert (process.returncode, process.stderr) == (0, b"")
    assert all((tmp_path / f"{number}.txt.gz").exists() for number in range(3))


@pytest.mark.parametrize(
    "redirection",
    slow_unless(
        [">&-", "2>&-", ">/dev/full", "2>/dev/full", ">&- 2>&-"],
        {">&-", "2>/dev/full"}.__contains__,
    ),
)
def test_what_cannot_be_printed_changes_neither_the_work_nor_the_status(
    tmp_path: Path, redirection: str
) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        write(tmp_path / name, TEXT)

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "whitenoise_async.gzip", str(tmp_path)]
        return subprocess.run(
            ["sh", "-c", f'exec "$@" {redirection}', "sh", *command],
            capture_output=True,
            text=True,
            cwd=PACKAGES,
            timeout=60,
            check=False,
        )

    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert {"a.txt.gz", "b.txt.gz", "c.txt.gz"} < files_below(tmp_path)
    for name in ("a.txt.gz", "b.txt.gz", "c.txt.gz"):
        (tmp_path / name).unlink()
    (tmp_path / "b.txt.gz").mkdir()
    assert run().returncode == 1
    assert files_below(tmp_path) == {"a.txt", "a.txt.gz", "b.txt", "c.txt", "c.txt.gz"}


def test_an_option_is_accepted_anywhere(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TEXT)
    write(tmp_path / "a.css", TEXT)
    assert main([str(tmp_path), "-q", "css"]) == 0
    assert files_below(tmp_path) == {"a.txt", "a.txt.gz", "a.css"}


@pytest.mark.parametrize("interrupt", list(INTERRUPTS))
def test_each_signal_has_its_message_and_its_status(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    interrupt: type[BaseException],
) -> None:
    def run(*_: object) -> int:
        raise interrupt

    monkeypatch.setattr("whitenoise_async.cli.gzip._run", run)
    word, status = INTERRUPTS[interrupt]
    assert main([str(tmp_path)]) == status
    assert capsys.readouterr().err == INTERRUPTED.replace("Interrupted", word)
