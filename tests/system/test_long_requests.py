"""The costs of a long request, in counted steps and not in time.

No header, path, method or query takes more than a constant times its length. The steps of regular
expressions cannot be counted, so the first tests check their structure.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import whitenoise_async
from tests.fuzzing.inputs import FIELDS
from tests.helpers.clients import Call, environ_of, scope_of
from tests.helpers.examples import sample
from tests.helpers.files import write
from whitenoise_async import ASGIWhiteNoise, WhiteNoise
from whitenoise_async.http import dates, fields, negotiation, paths, preconditions, ranges
from whitenoise_async.registry.interface import RegistryOptions, make_root
from whitenoise_async.registry.live import LiveRegistry
from whitenoise_async.serving.responder import FileRequest
from whitenoise_async.wsgi import environ

if sys.version_info >= (3, 11):
    from re import _constants as constants
    from re import _parser as parser
else:
    import sre_constants as constants
    import sre_parse as parser


PACKAGE = str(Path(whitenoise_async.__file__).parent)

#: The modules that read requests. Media types are read from options and the table alone.
MODULES = (dates, fields, negotiation, paths, preconditions, ranges)

PATTERNS = [
    pytest.param(pattern.pattern, id=f"{module.__name__}.{name}")
    for module in MODULES
    for name, value in vars(module).items()
    for pattern in (value if isinstance(value, tuple) else (value,))
    if isinstance(pattern, re.Pattern)
]

LATIN_1 = frozenset(range(256))
NOTHING: frozenset[int] = frozenset()


class SlowPatternError(Exception):
    """A repeat that may end in several places. All of them are tried before it fails."""


def beginnings(items: Any, after: frozenset[int]) -> frozenset[int]:
    """The characters that ``items`` of a pattern may begin with.

    :param after: the characters that may follow the items.
    :raises SlowPatternError: for an unbounded repeat that may end before its characters do.
    """
    for operator, argument in reversed(list(items)):
        after = beginning(operator, argument, after)
    return after


def beginning(operator: Any, argument: Any, after: frozenset[int]) -> frozenset[int]:
    if operator in (constants.LITERAL, constants.NOT_LITERAL, constants.IN):
        return characters(operator, argument)
    if operator is constants.SUBPATTERN:
        return beginnings(argument[-1], after)
    if operator is constants.BRANCH:
        return NOTHING.union(*(beginnings(each, after) for each in argument[1]))
    if operator is constants.AT:
        return NOTHING if argument is constants.AT_END_STRING else after
    if operator in (constants.ASSERT, constants.ASSERT_NOT):
        beginnings(argument[1], NOTHING)
        return after
    assert operator is constants.MAX_REPEAT, operator
    least, most, repeated = argument
    if most is constants.MAXREPEAT:
        ((inner, which),) = repeated  # of single characters, and not of repeats
        kind = characters(inner, which)
        if kind & after:
            raise SlowPatternError(sorted(map(chr, kind & after)))
        first = kind
    else:
        first = beginnings(repeated, after)
    return first if least else first | after


def characters(operator: Any, argument: Any) -> frozenset[int]:
    """The characters of Latin-1 that one item of a pattern matches."""
    if operator is constants.LITERAL:
        return frozenset([argument])
    if operator is constants.NOT_LITERAL:
        return LATIN_1 - {argument}
    assert operator is constants.IN
    found: set[int] = set()
    for kind, which in argument:
        assert kind in (constants.LITERAL, constants.RANGE), kind
        found.update([which] if kind is constants.LITERAL else range(which[0], which[1] + 1))
    return frozenset(found)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_pattern_goes_back_over_characters_that_it_has_read(pattern: str) -> None:
    """So a match takes no more steps than its text is long."""
    beginnings(parser.parse(pattern), NOTHING)


@pytest.mark.parametrize(
    "pattern", ["a*a*b", "a*ab", "a*(?:,|[a-c])", "[ \t]*(?:;x)?[ \t]*$", "(?:a*,)?a*a", "(?=a*a)"]
)
def test_a_pattern_that_goes_back_is_detected(pattern: str) -> None:
    with pytest.raises(SlowPatternError):
        beginnings(parser.parse(pattern), NOTHING)


def test_every_pattern_is_tried_at_one_position_only() -> None:
    """A search or a split tries the pattern at each position of a text."""
    assert PATTERNS
    elsewhere = {"search", "split", "sub", "subn", "findall", "finditer"}
    for path in (Path(str(module.__file__)) for module in MODULES):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                of_text = node.args and isinstance(node.args[0], ast.Constant)
                assert node.func.attr not in elsewhere or of_text, f"{path.name}:{node.lineno}"


# Numbers of characters. Twice as many must not take more than about twice the steps.
SIZES = (256, 512, 1024, 16_384, 32_768)

UNITS = [
    ",", '"', "*", " ", "\t", ";", "=", "-", "\\", "0", "9", "a", "/", "%", "\xff", "\0", "W", "W/",
    "W/W/", 'W/"', '""', '"",', '"a",', 'W/"",', '"*",', "*,", "a,", ", ", "\t,", " ;", ";q=",
    ";q=0,", "gzip,", "gzip;q=0.5,", "x-gzip,identity,", "0-0,", "0-,", "-1,", "9-9, ", "bytes=",
    "bytes=0-0,", "Sun, ", "Sun, 13 Sep 2020 12:26:40 GMT,", "a;a;", "../", "/docs", "\xc3\xa9",
]  # fmt: skip
AROUND = [
    ("", ""),
    ("bytes=", ""),
    ("bytes=0-", ",x"),
    ('"', '"'),
    ('W/"', "x"),
    ("gzip;q=", ""),
    ("", '"'),
]


def shapes(size: int, around: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Texts of about ``size`` characters, each with its name."""
    for unit in UNITS:
        for before, after in around:
            yield f"{before}({unit})*{after}", before + unit * (size // len(unit)) + after


class Work:
    """Counts the steps of the package in its block.

    A step is a line of a function each time it runs. A call of a method of a text counts as many
    steps as the text is long, since the method may read all of it.
    """

    def __init__(self) -> None:
        self.amount = 0

    def __enter__(self) -> Work:
        self._before = sys.gettrace(), sys.getprofile()
        sys.setprofile(self._profile)
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        trace, profile = self._before
        sys.settrace(trace)
        sys.setprofile(profile)

    def _enter(self, frame: Any, event: str, argument: Any) -> Callable[..., Any] | None:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        return self._step

    def _step(self, frame: Any, event: str, argument: Any) -> Callable[..., Any]:
        self.amount += 1
        return self._step

    def _profile(self, frame: Any, event: str, argument: Any) -> None:
        if event == "c_call" and frame.f_code.co_filename.startswith(PACKAGE):
            owner = getattr(argument, "__self__", None)
            self.amount += len(owner) if isinstance(owner, str | bytes) else 1


def require_linear(
    prepare: Callable[[str], Callable[[], object]], around: Sequence[tuple[str, str]] = AROUND
) -> None:
    """Require that twice the length takes at most about twice the steps, for every shape.

    A run with few examples tries a tenth of the shapes.

    :param prepare: takes a text, and returns a function that does the work.
    """
    done: dict[str, dict[int, int]] = {}
    for size in SIZES:
        for name, text in sample(list(shapes(size, around))):
            act = prepare(text)
            with Work() as work:
                act()
            done.setdefault(name, {})[size] = work.amount
    for name, amounts in done.items():
        for size, amount in amounts.items():
            assert amounts.get(2 * size, 0) <= 2.2 * amount, f"{name}: {amounts}"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write(tmp_path / "app.css", b"body { color: black }\n" * 30, compressed=True)
    write(tmp_path / "docs" / "index.html", b"<!doctype html>")
    return tmp_path


async def receive() -> Any:
    raise AssertionError


async def send(message: Any) -> None: ...


#: Takes a request, and returns a function that sends it to an application.
Prepare = Callable[[Call], Callable[[], object]]


def prepared_for_wsgi(site: Path) -> Prepare:
    application = WhiteNoise(None, site, index_file=True)

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any: ...

    def prepare(call: Call) -> Callable[[], object]:
        application.responder.response_cache.clear()
        return partial(application, environ_of(call), start_response)

    return prepare


def prepared_for_asgi(site: Path) -> Prepare:
    application = ASGIWhiteNoise(None, site, check_interval=None)
    entry: Any = application.registry.look_up_nowait("/app.css")
    for raw in ((), (b"accept-encoding", b"gzip")):  # from now on it waits for nothing
        application.responder.reply(FileRequest(entry, "GET", raw, "/app.css", ""))

    def prepare(call: Call) -> Callable[[], object]:
        application.responder.response_cache.clear()
        coroutine = application(scope_of(call), receive, send)

        def ask() -> None:
            with pytest.raises(StopIteration):
                coroutine.send(None)

        return ask

    return prepare


PREPARE = {"wsgi": prepared_for_wsgi, "asgi": prepared_for_asgi}


@pytest.fixture(params=list(PREPARE))
def prepare(request: pytest.FixtureRequest, site: Path) -> Prepare:
    made = PREPARE[request.param](site)
    made(Call("/app.css"))()
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", FIELDS)
def test_a_header_takes_linear_work(prepare: Prepare, name: str) -> None:
    more = (("Range", "bytes=0-0"),) if name == "If-Range" else ()
    require_linear(lambda text: prepare(Call("/app.css", fields=((name, text), *more))))


@pytest.mark.slow
def test_a_header_in_many_lines_takes_linear_work(prepare: Prepare) -> None:
    def prepare_lines(text: str) -> Callable[[], object]:
        lines = [("If-None-Match", text[start : start + 64]) for start in range(0, len(text), 64)]
        return prepare(Call("/app.css", fields=tuple(lines)))

    require_linear(prepare_lines, [("", "")])


@pytest.mark.slow
def test_a_method_takes_linear_work(prepare: Prepare) -> None:
    require_linear(lambda text: prepare(Call("/app.css", text)))


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/docs/", "/app.css"])
@pytest.mark.parametrize("mount", ["", "/app"])
def test_a_path_takes_linear_work(prepare: Prepare, path: str, mount: str) -> None:
    require_linear(lambda text: prepare(Call(path + text, mount=mount)), [("", "")])


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/docs/", "/docs/docs/"])
def test_a_path_with_autorefresh_takes_linear_work(site: Path, path: str) -> None:
    registry = LiveRegistry(RegistryOptions("index.html"))
    registry.add(make_root(site, None, False))
    registry.add(make_root(site, "docs", False))
    require_linear(lambda text: partial(registry.look_up, path + text), [("", "")])


@pytest.mark.slow
def test_a_redirected_query_takes_linear_work() -> None:
    require_linear(lambda text: partial(paths.with_query, "./", text), [("", "")])


def test_work_that_grows_faster_is_detected() -> None:
    """This function reads parts of a text again and again."""

    def parts(text: str) -> None:
        for position in range(0, len(text), 64):
            environ.decode_path(text[position:])

    with pytest.raises(AssertionError):
        require_linear(lambda text: partial(parts, text), [("", "")])
