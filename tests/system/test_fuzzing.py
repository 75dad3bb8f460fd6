"""The fuzzers: the requests that they try, report and keep."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import tests.fuzzing.__main__ as command
from tests.fuzzing import generated, guided
from tests.fuzzing.inputs import Input, load
from tests.fuzzing.keeping import shrunk, ways_of, worth_keeping
from tests.fuzzing.sites import Sites
from tests.fuzzing.strategies import requests
from whitenoise_async.serving import descriptor_cache, responder
from whitenoise_async.serving import response as responses


@pytest.fixture(autouse=True)
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "found.jsonl"
    monkeypatch.setattr(command, "_FOUND", path)
    yield path
    logging.disable(logging.NOTSET)


@pytest.fixture
def without_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guided, "is_available", lambda: False)


@pytest.mark.slow
@pytest.mark.usefixtures("without_guide")
def test_without_guidance_by_coverage_requests_are_generated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.main(["--runs", "30", "--keep"]) == 0
    output = capsys.readouterr().out
    assert "atheris is not installed" in output
    assert "\ngenerated: 30 requests in " in output
    assert output.endswith(" s, 0 failed\n")


@pytest.mark.usefixtures("without_guide")
def test_fuzzing_ends_at_the_given_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--seconds", "0"]) == 0
    assert "generated: 0 requests" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("without_guide")
# On Python 3.14, hypothesis sees no reference to its own generator of random numbers.
@pytest.mark.filterwarnings("ignore:It looks like `register_random`")
def test_a_failing_request_is_reduced_as_far_as_possible(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "add_slash", lambda path: "//evil.example/")
    # One in sixty generated requests is redirected. Here it is every second one.
    folders = requests.map(lambda request: request._replace(path="/docs", method="GET"))
    monkeypatch.setattr(generated, "far_requests", folders)
    assert command.main(["--runs", "100"]) == 1
    output = capsys.readouterr().out
    assert "AssertionError in _require_redirect, " in output
    assert '\n  {"path": ""}\n' in output
    assert not output.endswith(" 0 failed\n")


@pytest.mark.slow
@pytest.mark.skipif(not guided.is_available(), reason="atheris is not installed")
def test_coverage_guides_the_fuzzer_if_atheris_is_installed(
    capsys: pytest.CaptureFixture[str], found: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [Input("/app.css"), Input("/docs")]
    for module in (command, guided):
        monkeypatch.setattr(module, "load_all", lambda: few)
    assert command.main(["--runs", "100", "--keep"]) == 0
    output = capsys.readouterr().out
    assert "\nguided: 100 requests in " in output
    assert f"Added to found.jsonl: {len(load(found))} requests." in output


@pytest.mark.skipif(not guided.is_available(), reason="atheris is not installed")
def test_a_guided_fuzzer_that_ends_too_early_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guided, "WORDS", [""])
    with pytest.raises(RuntimeError, match="ParseDictionaryFile: error in line 1"):
        command.main(["--runs", "10"])


@pytest.mark.slow
def test_a_request_with_a_new_path_is_kept_in_its_smallest_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a slow machine, the next check of a file or of idle files would come in the middle.
    monkeypatch.setattr(responder, "monotonic", lambda: 0.0)
    monkeypatch.setattr(descriptor_cache, "IDLE_AFTER", 3600.0)
    known = [Input("/none"), Input("/app.css")]
    new = Input("/app.css", "GET", (("Range", "bytes=100-200"),), "a=1")
    with closing(Sites(tmp_path)) as sites:
        (kept,) = worth_keeping(sites, known, [*known, new, new])
    assert (kept.path, kept.query) == ("/app.css", "")
    ((name, value),) = kept.fields
    assert name == "Range"
    assert value.startswith("bytes=")
    assert len(value) < len("bytes=100-200")


def test_tracing_a_request_leaves_the_tracing_of_other_threads_as_it_was(tmp_path: Path) -> None:
    """Coverage traces threads by another function than the main thread."""
    before = sys.gettrace(), threading.gettrace()

    def trace(*_: object) -> None:
        """Trace nothing."""

    threading.settrace(trace)
    try:
        with closing(Sites(tmp_path)) as sites:
            assert ways_of(sites, Input("/app.css"))
        assert (sys.gettrace(), threading.gettrace()) == (before[0], trace)
    finally:
        threading.settrace(before[1])


def test_a_request_is_reduced_as_far_as_a_condition_allows() -> None:
    large = Input("/a/long/path", "BREW", (("Range", "x"), ("Range", "bytes=1-")), "a=1", "/app")
    assert shrunk(large, lambda _: True) == Input("")
    assert shrunk(large, lambda each: "bytes" in str(each)) == Input(
        "", fields=(("Range", "bytes"),)
    )
    assert shrunk(large, lambda each: "W" in each.method).method == "W"
    assert shrunk(large, lambda each: "pp" in each.mount and "1" in each.query) == Input(
        "", query="1", mount="pp"
    )
