"""Runs the commands on the pages of the documentation as readers run them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.helpers.caches import Client, Reply, free_port
from tests.helpers.docs_pages import ROOT, Block
from tests.helpers.server_processes import wait_for, watched

#: Beginnings of commands that start a server, and those that make it listen on a free port.
LISTENING = {
    "daphne ": "daphne --port {port} ",
    "granian ": "granian --port {port} ",
    "gunicorn ": "gunicorn --bind 127.0.0.1:{port} ",
    "hypercorn ": "hypercorn --bind 127.0.0.1:{port} ",
    "python -m whitenoise_async ": "python -m whitenoise_async --quiet --port {port} ",
    "uvicorn ": "uvicorn --port {port} ",
    "uwsgi --http :8000 ": "uwsgi --http 127.0.0.1:{port} ",
    "waitress-serve ": "waitress-serve --listen=127.0.0.1:{port} ",
}

_ENDING = ("find ", "python -m whitenoise_async.")


class Command(NamedTuple):
    text: str
    #: The output that the page shows.
    output: str

    @property
    def ends(self) -> bool:
        return self.text.startswith(_ENDING)

    @property
    def serves(self) -> bool:
        return self.text.startswith(tuple(LISTENING))

    def lacks(self) -> str | None:
        """A program that the command needs and that is not installed."""
        words = [shlex.split(self.text)[0], *re.findall(r"\$\((\w+)", self.text)]
        return next((each for each in words if not shutil.which(each, path=_path())), None)


def commands_of(block: Block, following: Block | None = None) -> list[Command]:
    """The commands of a ``shell`` block, one a line; a backslash continues a line.

    The output of the last one is in the ``text`` block that follows directly, if there is one.
    """
    if "$ " in block.text:
        found = re.findall(
            r"^\$ (.+?)(?:  +#.*)?\n((?:(?!\$ ).*\n?)*)", block.text.rstrip() + "\n", re.M
        )
        return [Command(*each) for each in found]
    lines = block.text.replace("\\\n", "").splitlines()
    commands = [Command(re.sub(r"  +#.*", "", line), "") for line in lines if line]
    if following and following.language == "text" and following.line - block.end == 3:
        commands[-1] = commands[-1]._replace(output=following.text)
    return commands


def run(command: Command, module: str) -> None:
    """Run a command in the current folder, and compare its output with the page.

    :param module: the source of ``mysite.py``.
    """
    if command.ends:
        done = subprocess.run(
            ["bash", "-euc", command.text], env=_environ(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        said = done.stdout
    else:
        Path("mysite.py").write_text(module)
        with serving(command.text, Path.cwd()) as (port, log):
            assert fetch(port, "/").status == 200
            said = log.read_text()
    if command.output:
        assert _in_words(said) == _in_words(command.output)


def _in_words(output: str) -> list[str]:
    """The words of an output, with 0 for numbers: versions of libraries change them."""
    return re.sub(r"[\d,.]*\d", "0", output.replace(str(Path.cwd()), "/home/me")).split()


@contextmanager
def serving(text: str, folder: Path) -> Iterator[tuple[int, Path]]:
    """Run the command of a server in ``folder``; yields its port and its log."""
    (beginning,) = (each for each in LISTENING if text.startswith(each))
    port = free_port()
    text = LISTENING[beginning].format(port=port) + text.removeprefix(beginning)
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            shlex.split(text),
            cwd=folder,
            env=_environ(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(port, process, log)
        with watched(process, log):
            yield port, log
    finally:
        with suppress(ProcessLookupError):  # all have ended
            os.killpg(process.pid, signal.SIGKILL)  # with its workers
        process.wait()


def fetch(port: int, path: str) -> Reply:
    """Send a request on a new connection: uWSGI closes each without announcing it."""
    with closing(Client(port)) as client:
        return client.get(path)


def _path() -> str:
    return f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"


def _environ() -> dict[str, str]:
    return {
        **os.environ,
        "PATH": _path(),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "80",  # the width of argparse's output
        "NO_COLOR": "1",
    }
