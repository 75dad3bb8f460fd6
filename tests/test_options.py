"""Options: wrong values, and hooks in a class body."""

from __future__ import annotations

import functools
import re
import types
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import ADAPTERS, client_of
from tests.helpers.files import write
from whitenoise_async import ASGIWhiteNoise, Assets, WhiteNoise


@pytest.mark.parametrize("as_attribute", [False, True], ids=["keyword", "attribute"])
@pytest.mark.parametrize("kind", [WhiteNoise, ASGIWhiteNoise])
@pytest.mark.parametrize(
    ("name", "value", "error", "expected"),
    [
        ("autorefresh", 1, TypeError, "must be True or False, got 1"),
        ("autorefresh", None, TypeError, "must be True or False, got None"),
        ("allow_all_origins", "yes", TypeError, "must be True or False, got 'yes'"),
        ("nosniff", 0, TypeError, "must be True or False, got 0"),
        ("max_age", "60", TypeError, "must be a whole number of seconds or None, got '60'"),
        ("max_age", 1.5, TypeError, "must be a whole number of seconds or None, got 1.5"),
        ("max_age", True, TypeError, "must be a whole number of seconds or None, got True"),
        ("max_age", -1, ValueError, "must be 0 or more seconds, got -1"),
        ("max_age", ["*"], TypeError, "must be a whole number of seconds or None, got ['*']"),
        ("max_age", {1: 60}, TypeError, "must map patterns such as '*.html' to seconds, got {1: 6"),
        ("max_age", {"/": 60}, ValueError, "must be patterns such as '*.map', got an empty one"),
        ("max_age", {"*": "60"}, TypeError, "['*'] must be a whole number of seconds or None, got"),
        ("max_age", {"a": 1, "*": -1}, ValueError, "['*'] must be 0 or more seconds, got -1"),
        ("max_cached_file_size", "1", TypeError, "must be a whole number of bytes, got '1'"),
        ("max_cached_file_size", None, TypeError, "must be a whole number of bytes, got None"),
        ("max_cache_size", True, TypeError, "must be a whole number of bytes, got True"),
        ("max_cache_size", 1.5, TypeError, "must be a whole number of bytes, got 1.5"),
        ("max_cache_size", -1, ValueError, "must be 0 or more bytes, got -1"),
        ("check_interval", "1", TypeError, "must be a number of seconds or None, got '1'"),
        ("check_interval", False, TypeError, "must be a number of seconds or None, got False"),
        ("check_interval", -0.5, ValueError, "up to 1000000000, or None for never, got -0.5"),
        ("check_interval", float("inf"), ValueError, ", or None for never, got inf"),
        ("check_interval", 10**400, ValueError, "1000000000, or None for never"),
        ("check_interval", float("nan"), ValueError, ", or None for never, got nan"),
        ("charset", 8, TypeError, "must be the name of a charset or None, got 8"),
        ("charset", "", ValueError, "such as 'utf-8', got ''"),
        ("charset", 'utf-8"\r\nX: y', ValueError, "such as 'utf-8', got"),
        ("index_file", 1, TypeError, "must be True, False, None or a file name, got 1"),
        ("index_file", "", ValueError, "must be a file name without a directory, got ''"),
        ("index_file", "a/index.html", ValueError, "without a directory, got 'a/index.html'"),
        ("clean_urls", "yes", TypeError, "must be True or False, got 'yes'"),
        ("index_file", "..", ValueError, "without a directory, got '..'"),
        ("fallback", True, TypeError, "path of a file below a root or None, got True"),
        ("fallback", "", ValueError, "such as 'index.html', got ''"),
        ("fallback", "/index.html", ValueError, "such as 'index.html', got '/index.html'"),
        ("fallback", "a/../b", ValueError, "such as 'index.html', got 'a/../b'"),
        ("fallback", "a\\b", ValueError, "such as 'index.html', got 'a\\\\b'"),
        ("not_found", 404, TypeError, "path of a file below a root or None, got 404"),
        ("not_found", "errors/", ValueError, "such as 'index.html', got 'errors/'"),
        ("mimetypes", ["a"], TypeError, "must be a mapping of {\".ext\": \"type/subtype\"}"),
        ("mimetypes", {".a": None}, TypeError, "must map str to str, got '.a': None"),
        ("mimetypes", {1: "a/b"}, TypeError, "must map str to str, got 1: 'a/b'"),
        ("mimetypes", {"": "a/b"}, ValueError, "keys such as '.ext' or 'file.name', got ''"),
        ("mimetypes", {"a/b": "a/b"}, ValueError, "or 'file.name', got 'a/b'"),
        ("mimetypes", {".a": "text"}, ValueError, ": 'text' is not a media type"),
        ("immutable_file_test", "(", ValueError, "must be a regular expression, got '('"),
        ("immutable_file_test", re.compile(b"a"), TypeError, "must be a pattern of str"),
        ("immutable_file_test", 3, TypeError, r"must be callable as (path, url), got 3"),
        ("add_headers_function", 3, TypeError, "must be callable as (headers, path, url), got 3"),
        ("add_headers_function", "f", TypeError, "must be callable as (headers, path, url)"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_the_expected_one(
    kind: Any, name: str, value: Any, error: type[Exception], expected: str, as_attribute: bool
) -> None:
    mine = type("Mine", (kind,), {name: value} if as_attribute else {})
    with pytest.raises(error, match=rf"^{name}.*{re.escape(expected)}"):
        mine(None, **({} if as_attribute else {name: value}))


@pytest.mark.parametrize("kind", [WhiteNoise, ASGIWhiteNoise])
def test_an_unknown_option_is_refused_with_the_nearest_one_or_else_with_all(kind: Any) -> None:
    start = rf"^{kind.__name__}\(\) got an unknown option"
    with pytest.raises(TypeError, match=rf"{start} 'maxage'; did you mean 'max_age'\?$"):
        kind(None, maxage=60)
    with pytest.raises(TypeError, match=rf"{start} 'folder'; the options are autorefresh.*store$"):
        kind(None, folder="static")


@pytest.mark.parametrize(
    "function",
    [lambda: None, lambda path: None, lambda a, b, c, d, e: None],
    ids=["none", "one", "five"],
)
@pytest.mark.parametrize("name", ["immutable_file_test", "add_headers_function"])
def test_a_function_with_other_parameters_is_refused(name: str, function: Any) -> None:
    options: Any = {name: function}
    with pytest.raises(TypeError, match=f"{name} must be callable as"):
        WhiteNoise(None, **options)


async def async_test(path: str, url: str) -> bool:
    return False


async def async_add(headers: Any, path: str, url: str) -> None: ...


async def async_hook(self: Any, static_file: Any, url: str) -> bool:
    return False


@pytest.mark.parametrize("as_attribute", [False, True], ids=["keyword", "attribute"])
@pytest.mark.parametrize(
    ("name", "function"),
    [("immutable_file_test", async_test), ("add_headers_function", async_add)],
)
def test_an_async_function_is_refused(
    adapter: str, name: str, function: Any, as_attribute: bool
) -> None:
    """It would return a coroutine, which is true and never runs."""
    options = {name: function}
    mine: Any = type("Mine", (ADAPTERS[adapter],), options if as_attribute else {})
    with pytest.raises(TypeError, match=f"{name} must not be async"):
        mine(None, **({} if as_attribute else options))


def test_an_async_method_is_refused() -> None:
    mine = type("Mine", (WhiteNoise,), {"is_immutable_file": async_hook})
    with pytest.raises(TypeError, match="is_immutable_file must not be async"):
        mine(None)


def add_by(headers: Any, path: str, url: str) -> None:
    headers["X-By"] = url


class Adder:
    def __call__(self, headers: Any, path: str, url: str) -> None:
        add_by(headers, path, url)


def plain(headers: Any, path: str, url: str) -> None:
    add_by(headers, path, url)


def method(self: Any, headers: Any, path: str, url: str) -> None:
    assert isinstance(self, WhiteNoise | ASGIWhiteNoise)
    add_by(headers, path, url)


def method_with_default(self: Any, headers: Any, path: str, url: str = "") -> None:
    method(self, headers, path, url)


def any_number(*arguments: Any) -> None:
    add_by(*arguments)


def class_method(cls: Any, headers: Any, path: str, url: str) -> None:
    assert issubclass(cls, WhiteNoise | ASGIWhiteNoise)
    add_by(headers, path, url)


class Binding:
    """Not a function, but Python binds it as a method, like functions written in C."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __get__(self, owner: Any, kind: Any) -> Any:
        return types.MethodType(self.function, owner)

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)


@pytest.mark.parametrize(
    "value",
    [
        plain, method, method_with_default, any_number, Adder(), staticmethod(plain),
        classmethod(class_method),
        functools.partial(lambda number, headers, path, url: add_by(headers, path, url), 1),
        functools.cache(plain), functools.cache(method), functools.lru_cache(any_number),
        Binding(plain), Binding(method),
    ],
    ids=[
        "plain", "method", "default", "any number", "object", "static", "class method", "partial",
        "cache", "cached method", "cache of any number", "other", "other method",
    ],
)  # fmt: skip
def test_a_function_in_a_class_body_may_be_plain_or_a_method(
    adapter: str, tmp_path: Path, value: Any
) -> None:
    write(tmp_path / "a.txt", b"")
    mine = type("Mine", (ADAPTERS[adapter],), {"add_headers_function": value})
    assert client_of(adapter)(mine(None, tmp_path))("/a.txt")["x-by"] == "/a.txt"


@pytest.mark.parametrize("wrap", [lambda function: function, functools.cache])
def test_a_method_with_other_parameters_is_refused(wrap: Any) -> None:
    """It is not treated as a plain function with a parameter ``self``."""

    def add(self: Any, path: str, url: str) -> None: ...

    mine = type("Mine", (WhiteNoise,), {"add_headers_function": wrap(add)})
    with pytest.raises(TypeError, match="add_headers_function must be callable as"):
        mine(None)


def test_a_callable_without_a_signature_is_accepted() -> None:
    assert WhiteNoise(None, immutable_file_test=max).immutable_file_test is max


def test_an_attribute_set_before_super_init_applies(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", b"")

    class Mine(WhiteNoise):
        def __init__(self, *args: Any) -> None:
            self.max_age = 5
            self.immutable_file_test = lambda path, url: url == "/b.txt"
            super().__init__(*args)

    assert client_of("wsgi")(Mine(None, tmp_path))("/a.txt")["cache-control"] == "max-age=5, public"


def test_a_keyword_takes_precedence_over_the_attribute_and_can_be_read(tmp_path: Path) -> None:
    class Mine(WhiteNoise):
        max_age = 5
        index_file = True

    middleware = Mine(None, tmp_path, max_age=7)
    assert (middleware.max_age, middleware.index_file, Mine.max_age) == (7, True, 5)


def wsgi_like(environ: Any, start_response: Any) -> list[bytes]:
    return []


async def asgi_like(scope: Any, receive: Any, send: Any) -> None: ...


async def async_pair(environ: Any, start_response: Any) -> None: ...


class AsgiObject:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


@pytest.mark.parametrize(
    ("kind", "application"),
    [
        (WhiteNoise, "static/"),
        (WhiteNoise, asgi_like),
        (WhiteNoise, AsgiObject()),
        (WhiteNoise, async_pair),
        (ASGIWhiteNoise, Path("static")),
        (ASGIWhiteNoise, wsgi_like),
        (ASGIWhiteNoise, WhiteNoise(None)),
    ],
)
def test_an_application_of_the_other_interface_is_refused(kind: Any, application: Any) -> None:
    expected = "an ASGI" if kind is ASGIWhiteNoise else "a WSGI"
    with pytest.raises(TypeError, match=f"must be given {expected} application, called as"):
        kind(application)


@pytest.mark.parametrize(
    ("kind", "application"),
    [
        (WhiteNoise, wsgi_like),
        (WhiteNoise, WhiteNoise(None)),
        (ASGIWhiteNoise, asgi_like),
        (ASGIWhiteNoise, AsgiObject()),
        (ASGIWhiteNoise, ASGIWhiteNoise(None)),
        (ASGIWhiteNoise, lambda scope, receive, send: asgi_like(scope, receive, send)),
        (ASGIWhiteNoise, functools.partial(asgi_like)),
    ],
)
def test_an_application_of_the_interface_is_accepted(kind: Any, application: Any) -> None:
    assert kind(application).application is application


@pytest.mark.parametrize("kind", [WhiteNoise, ASGIWhiteNoise])
class TestAssets:
    """The option ``assets``, which brings its own files and options."""

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({"root": "static"}, "root"),
            ({"prefix": "static"}, "prefix"),
            ({"root": "static", "prefix": "static"}, "root"),
            ({"max_age": 60}, "max_age"),
            ({"autorefresh": False}, "autorefresh"),
            ({"immutable_file_test": None}, "immutable_file_test"),
            ({"add_headers_function": print}, "add_headers_function"),
        ],
    )
    def test_a_root_or_an_option_next_to_it_is_refused(
        self, kind: Any, given: dict[str, Any], named: str
    ) -> None:
        expected = rf"{kind.__name__}\(\) with assets takes no {named}: pass it to Assets\(\)$"
        with pytest.raises(TypeError, match=expected):
            kind(None, assets=Assets(), **given)

    @pytest.mark.parametrize(
        ("attributes", "named"),
        [
            ({"max_age": 60}, "max_age"),
            ({"etag": lambda self, path, url: "v1"}, "etag"),
            (
                {"add_headers_function": lambda self, headers, path, url: None},
                "add_headers_function",
            ),
            ({"is_immutable_file": lambda self, static_file, url: False}, "is_immutable_file"),
        ],
    )
    @pytest.mark.parametrize("inherits", [False, True])
    def test_an_option_or_a_hook_of_a_subclass_is_refused(
        self, kind: Any, attributes: dict[str, Any], named: str, inherits: bool
    ) -> None:
        mine: Any = type("Mine", (kind,), attributes)
        if inherits:
            mine = type("Mine", (mine,), {})
        passed = "immutable_file_test" if named == "is_immutable_file" else "it"
        expected = rf"^Mine\(\) with assets takes no {named}: pass {passed} to Assets\(\)$"
        with pytest.raises(TypeError, match=expected):
            mine(None, assets=Assets())

    def test_an_unknown_option_is_refused_with_the_nearest_one(self, kind: Any) -> None:
        expected = (
            rf"^{kind.__name__}\(\) got an unknown option 'maxage'; did you mean 'max_age'\?$"
        )
        with pytest.raises(TypeError, match=expected):
            kind(None, assets=Assets(), maxage=5)

    def test_a_subclass_without_options_is_accepted(self, kind: Any, tmp_path: Path) -> None:
        assets = Assets(tmp_path, max_age=5)
        mine: Any = type("Mine", (kind,), {"name": "mine"})
        app = mine(None, assets=assets)
        assert app.assets is assets
        assert app.resolved_options.max_age.default == 5

    @pytest.mark.parametrize("value", ["static", Path("static"), Assets, {}])
    def test_another_type_is_refused(self, kind: Any, value: Any) -> None:
        with pytest.raises(TypeError, match=r"^assets must be an Assets object or None, got "):
            kind(None, assets=value)

    def test_not_found_needs_a_wrapper_without_an_application(
        self, kind: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "404.html").touch()
        assets = Assets(tmp_path, not_found="404.html")
        kind(None, assets=assets)
        with pytest.raises(ValueError, match="not_found must be None with an application"):
            kind(wsgi_like if kind is WhiteNoise else asgi_like, assets=assets)

    def test_the_assets_take_the_same_options_and_refuse_the_same_values(self, kind: Any) -> None:
        with pytest.raises(TypeError, match=r"^Assets\(\) got an unknown option 'maxage'; did you"):
            Assets(maxage=5)  # type: ignore[call-arg]
        for maker in (lambda **options: kind(None, **options), Assets):
            with pytest.raises(ValueError, match="max_age"):
                maker(max_age=-1)

    def test_a_wrapper_without_it_has_assets_of_its_own(self, kind: Any, tmp_path: Path) -> None:
        (tmp_path / "a.js").touch()
        one, two = kind(None, tmp_path), kind(None, tmp_path, "static")
        assert one.assets is one.assets is not two.assets
        assert two.assets.url("a.js") == f"/static{one.assets.url('a.js')}"
