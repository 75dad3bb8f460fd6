"""``whitenoise-async``, the console script."""

from __future__ import annotations

import gzip
import sys
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import whitenoise_async
from tests.helpers.argument_errors import refused
from tests.helpers.files import write
from whitenoise_async.cli import main as commands
from whitenoise_async.cli.main import main


def test_the_console_script_is_installed() -> None:
    (script,) = entry_points(group="console_scripts", name="whitenoise-async")
    assert script.load() is main


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"whitenoise-async {whitenoise_async.__version__}\n"


@pytest.mark.parametrize("name", list(commands._COMMANDS))
def test_each_command_runs_and_its_help_names_the_console_script(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: whitenoise-async {name} ")


def test_a_command_receives_its_arguments_and_returns_its_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.txt", b"text" * 1000)
    monkeypatch.setattr("sys.argv", ["whitenoise-async", "gzip", "-q", str(tmp_path), "png"])
    assert main() == 0
    assert gzip.decompress((tmp_path / "a.txt.gz").read_bytes()) == path.read_bytes()
    arguments = ["compress", "--check", "-q", "--encodings=gzip", str(tmp_path)]
    assert main(arguments) == 0
    write(path, b"another text" * 1000)
    assert main(arguments) == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["brotli"], "invalid choice: 'brotli'"),
        (["--loud"], "required: COMMAND"),
        (["gzip"], "the following arguments are required: root"),
        (["serve", "missing"], "missing is not a directory"),
    ],
)
def test_an_unknown_command_is_refused_with_one_clear_message(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(main, arguments, capsys)
    (line,) = [line for line in error.splitlines() if ": error: " in line]
    assert named in line


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["-h"])
    assert ended.value.code == 0
    output = capsys.readouterr().out
    for name, what in commands._COMMANDS.items():
        assert any(line.split() == [name, *what.split()] for line in output.splitlines())


@pytest.mark.parametrize("name", ["compress", "gzip"])
def test_importing_a_command_runs_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, f"whitenoise_async.{name}", raising=False)
    assert callable(import_module(f"whitenoise_async.{name}").main)
