"""Substitutes: the files that are sent for URLs at which there is no file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.files import write
from tests.helpers.registries import KINDS, add, describe
from whitenoise_async.registry.entries import Fallback, NotFoundPage, Unresolved
from whitenoise_async.registry.interface import Registry, RegistryOptions, make_root
from whitenoise_async.registry.live import LiveRegistry
from whitenoise_async.registry.walked import WalkedRegistry

OPTIONS = RegistryOptions(
    substitutes={Fallback: "app/index.html", NotFoundPage: "404.html"},
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_substitute_is_the_file_of_the_latest_root_that_covers_the_url(
    tmp_path: Path, kind: Callable[..., Registry], caplog: pytest.LogCaptureFixture
) -> None:
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    for path in (one / "app" / "index.html", one / "404.html", two / "app" / "index.html"):
        write(path, b"a", compressed=True)
    write(three / "404.html", b"a")
    registry = kind(OPTIONS)
    add(registry, one)
    add(registry, two, "two", links=True)
    registry.add(make_root(three, "two", False)._replace(has_substitutes=False))
    of_one = (str(one / "app" / "index.html"), "/app/index.html", (".gz",), False)
    of_two = (str(two / "app" / "index.html"), "/two/app/index.html", (".gz",), False)
    page = (str(one / "404.html"), "/404.html", (".gz",), False)
    for url, fallback in [("/a", of_one), ("/two", of_two), ("/two/a", of_two), ("/tw", of_one)]:
        found = registry.find_substitute(Fallback, url)
        assert isinstance(found, Fallback)
        assert describe(found) == fallback
        assert found.root == (str(one) if (kind, fallback) == (LiveRegistry, of_one) else None)
        missing = registry.find_substitute(NotFoundPage, url)
        assert isinstance(missing, NotFoundPage)
        assert describe(missing) == page
    assert caplog.messages == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_substitute_that_no_root_has_is_named_once(
    tmp_path: Path, kind: Callable[..., Registry], caplog: pytest.LogCaptureFixture
) -> None:
    registry = kind(OPTIONS)
    for root in (tmp_path / "root", tmp_path / "other"):
        root.mkdir()
        add(registry, root)
    for _ in range(2):
        assert registry.find_substitute(NotFoundPage, "/a") is None
    assert caplog.messages == [
        "No root contains 404.html, the value of not_found, so missing pages get an ordinary 404."
        " Create the file and restart the application, or correct the option"
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_substitute_that_covers_no_url_is_not_missing(
    tmp_path: Path, kind: Callable[..., Registry]
) -> None:
    write(tmp_path / "404.html", b"a")
    registry = kind(OPTIONS)
    add(registry, tmp_path, "static")
    assert registry.find_substitute(NotFoundPage, "/a") is None
    assert registry.find_substitute(NotFoundPage, "/static/a") is not None


def test_autorefresh_looks_a_substitute_up_on_the_disk(tmp_path: Path) -> None:
    registry = LiveRegistry(OPTIONS)
    assert registry.find_substitute_nowait(Fallback, "/a") is None
    add(registry, tmp_path, "static")
    assert registry.find_substitute_nowait(Fallback, "/a") is None
    unresolved = Unresolved("/static/a", Fallback)
    assert registry.find_substitute_nowait(Fallback, "/static/a") == unresolved


def test_a_walk_finds_a_substitute_without_waiting(tmp_path: Path) -> None:
    path = write(tmp_path / "404.html", b"a")
    registry = WalkedRegistry(OPTIONS)
    add(registry, tmp_path)
    found = registry.find_substitute_nowait(NotFoundPage, "/a")
    assert isinstance(found, NotFoundPage)
    assert found.path == str(path)
