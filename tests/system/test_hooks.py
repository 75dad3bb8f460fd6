"""Hooks: methods that refine a keyword, a setting or a method of a base class."""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import ADAPTERS, client_of
from tests.helpers.files import write
from whitenoise_async import WhiteNoise
from whitenoise_async.options import Options

NAMES = ("own.js", "base.js", "other.js")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in NAMES:
        write(tmp_path / name, name.encode())
    return tmp_path


def immutable(adapter: str, application: Any) -> list[str]:
    """The files that the application sends as immutable."""
    get = client_of(adapter)(application)
    replies = {name: get(f"/{name}") for name in NAMES}
    assert {reply.status for reply in replies.values()} == {200}
    return [name for name, reply in replies.items() if "immutable" in reply["cache-control"]]


def refined(base: Any) -> Any:
    class Refined(base):  # type: ignore[misc]
        def immutable_file_test(self, path: str, url: str) -> Any:
            return url == "/own.js" or super().immutable_file_test(path, url)

    return Refined


def is_base(path: str, url: str) -> bool:
    return url == "/base.js"


def is_base_as_method(self: Options, path: str, url: str) -> bool:
    assert isinstance(self, Options)
    return is_base(path, url)


BASES = [
    r"^/base\.", re.compile(r"^/base\."), is_base, staticmethod(is_base), is_base_as_method,
    functools.partial(is_base), functools.cache(is_base), functools.cache(is_base_as_method),
    lambda path, url: is_base(path, url),
]  # fmt: skip


def test_super_of_a_hook_returns_the_default(adapter: str, root: Path) -> None:
    assert immutable(adapter, refined(ADAPTERS[adapter])(None, root)) == ["own.js"]


@pytest.mark.parametrize("value", BASES, ids=range(len(BASES)))
def test_super_of_a_hook_returns_the_value_of_the_base_class(
    adapter: str, root: Path, value: Any
) -> None:
    between = type("Between", (ADAPTERS[adapter],), {"immutable_file_test": value})
    below = type("Below", (between,), {})
    assert immutable(adapter, refined(below)(None, root)) == ["own.js", "base.js"]
    assert immutable(adapter, below(None, root)) == ["base.js"]


@pytest.mark.parametrize("value", [each for each in BASES if each is not is_base_as_method][:3])
def test_super_of_a_hook_returns_the_keyword(adapter: str, root: Path, value: Any) -> None:
    kind = refined(ADAPTERS[adapter])
    assert immutable(adapter, kind(None, root, immutable_file_test=value)) == ["own.js", "base.js"]
    twice = refined(type("Between", (kind,), {"immutable_file_test": "other"}))
    application = twice(None, root, immutable_file_test=value)
    assert immutable(adapter, application) == ["own.js", "base.js"]


class Cooperative:
    """A mixin, which does not know the classes after it."""

    def immutable_file_test(self, path: str, url: str) -> Any:
        return url == "/own.js" or super().immutable_file_test(path, url)  # type: ignore[misc]

    def add_headers_function(self, headers: Any, path: str, url: str) -> None:
        super().add_headers_function(headers, path, url)  # type: ignore[misc]
        headers["X-Mixin"] = "yes"

    def etag(self, path: str, url: str) -> Any:
        return "mixin" if url == "/own.js" else super().etag(path, url)  # type: ignore[misc]


def test_mixins_may_refine_each_hook(adapter: str, root: Path) -> None:
    kind: Any = type("Mine", (Cooperative, ADAPTERS[adapter]), {})

    def add(headers: Any, path: str, url: str) -> None:
        headers["X-Keyword"] = url

    application = kind(
        None, root, immutable_file_test=is_base, add_headers_function=add, etag="content"
    )
    assert immutable(adapter, application) == ["own.js", "base.js"]
    own, other = (client_of(adapter)(application)(f"/{name}") for name in ("own.js", "other.js"))
    assert (own["x-mixin"], own["x-keyword"]) == ("yes", "/own.js")
    assert own["etag"] == '"mixin"'
    assert other["etag"] == f'"{hashlib.blake2b(b"other.js", digest_size=16).hexdigest()}"'


def test_a_class_is_called_by_its_name_as_well(adapter: str, root: Path) -> None:
    base: Any = ADAPTERS[adapter]

    def test(self: Any, path: str, url: str) -> Any:
        return url == "/own.js" or base.immutable_file_test(self, path, url)

    kind = type("Mine", (base,), {"immutable_file_test": test})
    assert immutable(adapter, kind(None, root)) == ["own.js"]
    assert immutable(adapter, kind(None, root, immutable_file_test="base.js")) == [
        "own.js",
        "base.js",
    ]


def test_super_of_a_hook_may_be_called_with_keywords(root: Path) -> None:
    class ByKeyword(WhiteNoise):
        def immutable_file_test(self, path: str, url: str) -> Any:
            return super().immutable_file_test(path=path, url=url)

    assert not immutable("wsgi", ByKeyword(None, root))
    assert immutable("wsgi", ByKeyword(None, root, immutable_file_test="base.js")) == ["base.js"]


def test_super_of_a_hook_works_in_a_class_method(adapter: str, root: Path) -> None:
    base: Any = type("ByPattern", (ADAPTERS[adapter],), {"immutable_file_test": r"^/base\."})

    class InClass(base):  # type: ignore[misc]
        @classmethod
        def immutable_file_test(cls, path: str, url: str) -> Any:
            return url == "/own.js" or super().immutable_file_test(path, url)

        @classmethod
        def add_headers_function(cls, headers: Any, path: str, url: str) -> None:
            headers["X-Class"] = cls.__name__
            super().add_headers_function(headers, path, url)

    application = InClass(None, root)
    assert immutable(adapter, application) == ["own.js", "base.js"]
    assert client_of(adapter)(application)("/own.js")["x-class"] == "InClass"


@pytest.mark.parametrize("keyword", [None, "base.js", is_base])
def test_a_hook_is_callable_on_the_instance_however_it_was_given(
    adapter: str, root: Path, keyword: Any
) -> None:
    """In WhiteNoise it is always a method."""

    base: Any = ADAPTERS[adapter]

    class Mine(base):  # type: ignore[misc]
        def is_immutable_file(self, static_file: Any, url: str) -> bool:
            ours = self.immutable_file_test(static_file.path, url)
            assert bool(ours) == super().is_immutable_file(static_file, url)
            return url == "/own.js" or bool(ours)

    found = immutable(adapter, Mine(None, root, immutable_file_test=keyword))
    assert found == (["own.js", "base.js"] if keyword else ["own.js"])


@pytest.mark.parametrize("default", ["mtime", "content"])
@pytest.mark.parametrize("how", ["keyword", "attribute"])
def test_a_method_etag_that_returns_none_leaves_the_tag_to_the_default(
    adapter: str, root: Path, default: Any, how: str
) -> None:
    base: Any = ADAPTERS[adapter]
    if how == "attribute":
        base = type("Between", (base,), {"etag": default})

    class Mine(base):  # type: ignore[misc]
        def etag(self, path: str, url: str) -> Any:
            return "release-7" if url == "/own.js" else super().etag(path, url)

    options: Any = {"etag": default} if how == "keyword" else {}
    get = client_of(adapter)(Mine(None, root, **options))
    plain = client_of(adapter)(ADAPTERS[adapter](None, root, etag=default))
    assert get("/own.js")["etag"] == '"release-7"'
    assert get("/other.js")["etag"] == plain("/other.js")["etag"]


def test_a_keyword_wins_over_an_attribute_that_is_not_a_method(root: Path) -> None:
    class Mine(WhiteNoise):
        immutable_file_test = "own.js"

        def __init__(self, *args: Any, **options: Any) -> None:
            self.add_headers_function = lambda headers, path, url: 1 / 0
            super().__init__(*args, **options)

    class Static(WhiteNoise):
        @staticmethod
        def immutable_file_test(path: str, url: str) -> bool:
            return url == "/own.js"

    class OfClass(WhiteNoise):
        @classmethod
        def immutable_file_test(cls, path: str, url: str) -> bool:
            return url == "/own.js"

    assert immutable("wsgi", OfClass(None, root)) == ["own.js"]
    assert immutable("wsgi", OfClass(None, root, immutable_file_test="base.js")) == ["base.js"]
    assert immutable("wsgi", Static(None, root, immutable_file_test="base.js")) == ["base.js"]
    application = Mine(
        None, root, immutable_file_test="base.js", add_headers_function=lambda *arguments: None
    )
    assert immutable("wsgi", application) == ["base.js"]


def test_a_keyword_for_a_method_is_checked_like_any_other(root: Path) -> None:
    for wrong, error in (("(", ValueError), (3, TypeError), (lambda path: 1, TypeError)):
        with pytest.raises(error, match=r"^immutable_file_test must be"):
            refined(WhiteNoise)(None, root, immutable_file_test=wrong)


def test_a_mixin_may_have_a_plain_function(adapter: str, root: Path) -> None:
    def add(*arguments: Any) -> None:
        arguments[0]["X-By"] = arguments[2]

    mixin = type("Mixin", (), {"add_headers_function": add})
    kind: Any = type("Mine", (mixin, ADAPTERS[adapter]), {})
    assert client_of(adapter)(kind(None, root))("/own.js")["x-by"] == "/own.js"
