"""The arguments of the folder command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.argument_errors import refused
from tests.helpers.files import write
from whitenoise_async.cli.serve import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "index.html", b"<title>home</title>")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["missing"], "missing is not a directory"),
        (["index.html"], "index.html is not a directory"),
        *(
            ([".", f"--port={port}"], f"{port!r} is not a port: expected a number from 0 to 65535")
            for port in ("65536", "-1", "99999999", "", "http", "+80", "8_0", "80.0", "\u0668", "²")
        ),
        *(
            ([".", f"--max-age={value}"], f"{value!r} is not a number of seconds")
            for value in ("-1", "1.5", "", "1h", "9" * 12)
        ),
        *(
            ([".", f"--{option}={pattern}"], f"{option} must be patterns such as '*.map'")
            for option in ("include", "exclude")
            for pattern in ("", "/")
        ),
        *(
            ([".", f"--header={text}"], f"{text!r} is not a header: expected 'NAME: VALUE'")
            for text in ("X-Robots-Tag", "", ": a", "X Y: a", "Größe: 1")
        ),
        *(
            ([".", f"--header={text}"], f"{text!r} cannot be sent: a value is Latin-1 text")
            for text in ("A: 1\r\nB: 2", "A: \u20ac", "A: \0")
        ),
        *(
            (
                [".", f"--header={name}: 1"],
                f"{name} cannot be set: it depends on the file or on the connection",
            )
            for name in ("Content-Length", "etag", "Connection")
        ),
        ([".", "--spa", "--list"], "argument --list: not allowed with argument --spa"),
        ([".", "--etag=none"], "invalid choice: 'none'"),
        ([".", "--prefix=\udcff"], "is not UTF-8"),
        ([".", "--prefix=//cdn.example/a"], "the prefix must be a URL path such as '/static/'"),
        ([".", "--server=nginx"], "invalid choice: 'nginx'"),
        ([".", "--reload"], "--reload"),
    ],
    ids=" ".join,
)
def test_an_invalid_command_line_is_refused_with_one_clear_message(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    named: str,
) -> None:
    monkeypatch.chdir(folder)
    error = refused(main, arguments, capsys)
    errors = [line for line in error.splitlines() if ": error: " in line]
    assert len(errors) == 1
    assert named in errors[0]
    assert "Traceback" not in error


def test_help_shows_the_defaults(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    output = capsys.readouterr().out
    assert output.startswith("usage: python -m whitenoise_async ")
    for option, default in [("--host", "127.0.0.1"), ("--port", "8000")]:
        (line,) = [line for line in output.splitlines() if line.strip().startswith(option)]
        assert f"(default: {default}" in line
