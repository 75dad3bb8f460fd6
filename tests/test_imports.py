"""Importing the package loads few modules, so that applications start fast."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Modules that take a millisecond or more, or load others that do. Few applications need them, or
# not before the first request.
HEAVY = frozenset(
    {
        *("argparse", "asyncio", "base64", "concurrent.futures", "dataclasses", "datetime"),
        *("difflib", "email", "hashlib", "http.client", "importlib.metadata", "inspect", "json"),
        *("logging", "mimetypes", "pathlib", "queue", "shutil", "socket", "subprocess"),
        *("tempfile", "tokenize", "traceback", "urllib.parse", "urllib.request", "zlib"),
    }
)

# Modules of other packages, and those of the standard library that these import anyway.
ANYIO = "import anyio, anyio.abc, anyio.lowlevel, anyio.to_thread, aiofiles, aiofiles.threadpool\n"
# anyio imports these when its attributes are used for the first time.
LAZY_PACKAGES = ("anyio", "aiofiles", "typing_extensions")


def added_by(statement: str, before: str = "") -> list[str]:
    """The modules that ``statement`` imports in a new process, without those of ``before``."""
    script = f"import sys\n{before}\nbefore = set(sys.modules)\n{statement}\n"
    script += "print(*sorted(set(sys.modules) - before))"
    command = [sys.executable, "-c", script]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def split(modules: list[str]) -> tuple[list[str], list[str]]:
    """Split the names into those of this package and those of others, without lazy ones."""
    own = [each for each in modules if each.partition(".")[0] == "whitenoise_async"]
    others = [each for each in modules if each.partition(".")[0] not in LAZY_PACKAGES]
    return own, [each for each in others if each not in own]


def test_the_package_alone_imports_almost_nothing() -> None:
    own, others = split(added_by("import whitenoise_async"))
    assert len(own) == 3
    assert not HEAVY & set(others)


def test_the_wsgi_adapter_imports_no_heavy_module() -> None:
    own, others = split(added_by("from whitenoise_async import WhiteNoise"))
    assert not HEAVY & set(others)
    assert len(own) <= 82
    assert len(others) <= 45


def test_the_asgi_adapter_imports_few_modules_beyond_anyio_and_aiofiles() -> None:
    own, others = split(added_by("from whitenoise_async import ASGIWhiteNoise", ANYIO))
    assert not HEAVY & set(others)
    assert len(own) <= 85
    assert len(others) <= 5


@pytest.mark.parametrize("options", ["", "max_age=5, index_file=True, exclude=['*.map']"])
def test_an_adapter_without_an_application_starts_without_heavy_modules(
    options: str, tmp_path: object
) -> None:
    statement = f"from whitenoise_async import WhiteNoise\nWhiteNoise(None, {str(tmp_path)!r}"
    _, others = split(added_by(f"{statement}, {options})"))
    # The hooks and the application are examined.
    assert HEAVY & set(others) <= {"inspect", "tokenize"}
