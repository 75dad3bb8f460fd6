"""Importing the package loads few modules, so that applications start fast."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import pytest

from tests.benchmarks.imports import DEPENDENCIES, run

# Modules that take a millisecond or more, or load others that do. Few applications need them, or
# not before the first request.
HEAVY = frozenset(
    {
        *("argparse", "asyncio", "base64", "concurrent.futures", "dataclasses", "datetime"),
        *("difflib", "email", "hashlib", "http.client", "importlib.metadata", "inspect", "json"),
        *("logging", "mimetypes", "pathlib", "queue", "shutil", "socket", "subprocess"),
        *("tempfile", "tokenize", "traceback", "urllib.parse", "urllib.request", "wsgiref"),
        "zlib",
    }
)

# Modules of this package that few applications need. They are imported when an option, a hashed
# URL, a delta or an error needs them.
RARE = frozenset(
    {
        *("assets.assets", "assets.compressor", "assets.contents", "assets.graph"),
        *(
            "assets.found_file",
            "assets.hashed_files",
            "assets.hashes",
            "assets.lookup",
            "assets.small_files",
        ),
        *("assets.stylesheets", "assets.targets", "asgi.fallback", "asgi.not_found"),
        *("compression", "http.dictionaries", "http.navigation", "options.keywords", "releases"),
        *("support.build_tools", "support.manifests", "support.name_hashes"),
        *("support.suggestions", "support.url_tests", "wsgi.fallback", "wsgi.not_found"),
    }
)


def rare_among(own: list[str]) -> frozenset[str]:
    return RARE & {each.removeprefix("whitenoise_async.") for each in own}


# anyio imports these when its attributes are used for the first time.
LAZY_PACKAGES = ("anyio", "aiofiles", "typing_extensions")


def added_by(statement: str, before: str = "") -> list[str]:
    """The modules that ``statement`` imports in a new process, without those of ``before``."""
    return run(statement, before)[1]


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
    assert not rare_among(own)
    # A module takes 0.1 to 0.5 ms.
    assert len(own) <= 67
    assert len(others) <= 40


def test_the_asgi_adapter_imports_few_modules_beyond_anyio_and_aiofiles() -> None:
    own, others = split(added_by("from whitenoise_async import ASGIWhiteNoise", DEPENDENCIES))
    assert not HEAVY & set(others)
    assert not rare_among(own)
    assert len(own) <= 69
    assert not others


def test_the_modules_that_are_imported_rarely_exist() -> None:
    assert all(find_spec(f"whitenoise_async.{each}") for each in RARE)


def test_the_wsgi_adapter_defines_few_named_tuples() -> None:
    own, _ = split(added_by("from whitenoise_async import WhiteNoise"))
    found = [
        kind
        for module in own
        for kind in vars(import_module(module)).values()
        if isinstance(kind, type) and issubclass(kind, tuple) and kind.__module__ == module
    ]
    # typing.NamedTuple takes 0.2 to 0.5 ms for each class.
    assert 0 < len(found) <= 17


@pytest.mark.parametrize("options", ["", "max_age=5, index_file=True, exclude=['*.map']"])
def test_an_adapter_without_an_application_starts_without_heavy_modules(
    options: str, tmp_path: object
) -> None:
    statement = f"from whitenoise_async import WhiteNoise\nWhiteNoise(None, {str(tmp_path)!r}"
    own, others = split(added_by(f"{statement}, {options})"))
    assert not rare_among(own)
    # The hooks and the application are examined.
    assert HEAVY & set(others) <= {"inspect", "tokenize"}
