"""Deltas in browsers, over two releases: the bytes on the wire, as the browsers count them."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.browsers import require_program, running_firefox
from tests.helpers.counted_loads import LOAD, Tab, serving
from tests.helpers.deltas import fields_of, suffix_of
from tests.helpers.files import write
from tests.helpers.recording_origin import Recorder
from tests.helpers.waiting import until
from whitenoise_async import ASGIWhiteNoise, compress_tree

pytestmark = pytest.mark.browser

_WORDS = [random.Random(seed).randbytes(6).hex() for seed in range(500)]
LINES = [f"window.w{word} = {len(word)};" for word in random.Random(0).choices(_WORDS, k=5000)]
OLD, NEW = "/js/app.000000000001.js", "/js/app.000000000002.js"
EARLIER, LATER = "/js/app.000000000000.js", "/js/app.000000000003.js"
SHORT_LIVED = "/js/short.000000000001.js", "/js/short.000000000002.js"


def content_of(release: int) -> bytes:
    return "\n".join([*LINES[:2500], f"window.release = {release};", *LINES[2500:]]).encode()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several releases in one folder, with deltas from the old one to the new one."""
    folder = tmp_path_factory.mktemp("releases")
    old, root = folder / "old", folder / "root"
    for path in (OLD, SHORT_LIVED[0]):
        write(old / path[1:], content_of(1))
    for path in (NEW, SHORT_LIVED[1]):
        write(root / path[1:], content_of(2))
    compress_tree(root, against=old, encodings=["br"])
    for path, release in ((EARLIER, 0), (OLD, 1), (SHORT_LIVED[0], 1), (LATER, 3)):
        write(root / path[1:], content_of(release))
    # Its name is right, but its header has the hash of another dictionary.
    wrong = (root / f"{NEW[1:]}{suffix_of(content_of(1))}").read_bytes()
    write(root / f"{LATER[1:]}{suffix_of(content_of(1))}", wrong[:39] + b"?" + wrong[40:])
    write(root / "index.html", b"<!doctype html><title>page</title>")
    return root


def shorten(headers: Any, path: str, url: str) -> None:
    """Let one file become stale after a second."""
    if url == SHORT_LIVED[0]:
        headers["Cache-Control"] = "max-age=1"


def files_of(root: Path) -> ASGIWhiteNoise:
    """Serve the releases."""
    return ASGIWhiteNoise(
        None, root, immutable_file_test=r"\.[0-9a-f]{12}\.", add_headers_function=shorten
    )


@pytest.fixture(scope="module")
def origins(root: Path) -> Iterator[list[str]]:
    with ExitStack() as stack:
        yield [f"http://{stack.enter_context(serving(files_of(root)))}" for _ in range(2)]


@pytest.fixture
def tab(browser: Any, origins: list[str]) -> Iterator[Tab]:
    made = Tab(browser, origins[0])
    yield made
    made.context.close()


@pytest.fixture
def best(browser: Any, origins: list[str]) -> int:
    """The bytes of the new file for a browser without a dictionary, as in a private window."""
    made = Tab(browser, origins[0])
    encoding, size = made.load(NEW)
    made.context.close()
    assert encoding == "br"
    return int(size)


def test_a_browser_with_the_old_file_receives_the_delta(tab: Tab, best: int) -> None:
    assert tab.load(OLD)[1] > len(content_of(1))
    _, size = tab.load_until_delta(NEW)
    assert size < 700
    assert best > 10_000
    assert tab.release() == 2


def test_a_browser_with_a_file_that_has_no_delta_receives_the_best_variant(
    tab: Tab, best: int
) -> None:
    """Its dictionary is two releases old. The one of the old release replaces it."""
    tab.load(EARLIER)
    tab.wait(500)
    assert tab.load(NEW) == ("br", best)
    tab.load(OLD)
    assert tab.load_until_delta(NEW)[1] < 700


def test_a_delta_with_the_wrong_hash_is_never_sent(tab: Tab) -> None:
    tab.load(OLD)
    tab.load_until_delta(NEW)
    tab.load(OLD + "?again")
    tab.wait(500)
    encoding, size = tab.load(LATER)
    assert encoding == ""
    assert size > len(content_of(3))
    assert tab.release() == 3


def test_a_dictionary_that_is_no_longer_fresh_is_not_used(tab: Tab) -> None:
    tab.load(SHORT_LIVED[0])
    tab.wait(1500)
    assert tab.load(SHORT_LIVED[1])[0] == "br"


def test_another_origin_sends_deltas_to_scripts_with_crossorigin(
    tab: Tab, origins: list[str]
) -> None:
    tab.load(OLD, origins[1], crossorigin=True)
    assert tab.load_until_delta(NEW, origins[1])[1] < 900
    # Without the attribute, the script may not be read, so it is no dictionary and no delta.
    assert tab.load(f"{NEW}?without", origins[1])[0] == "br"


def test_a_script_of_another_origin_without_crossorigin_is_no_dictionary(
    tab: Tab, origins: list[str]
) -> None:
    tab.load(OLD, origins[1])
    tab.wait(500)
    assert tab.load(NEW, origins[1], crossorigin=True)[0] == "br"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A certificate of its own for this machine, as options of uvicorn."""
    folder = tmp_path_factory.mktemp("certificate")
    files = {f"ssl_{each}": str(folder / each) for each in ("keyfile", "certfile")}
    command = [require_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
    subprocess.run(
        [
            *command,
            "-keyout",
            files["ssl_keyfile"],
            "-out",
            files["ssl_certfile"],
            "-subj",
            "/CN=a",
        ],
        check=True,
        capture_output=True,
    )
    return files


def test_firefox_receives_the_delta_if_its_preference_is_on(
    root: Path, certificate: dict[str, str], tmp_path: Path
) -> None:
    """By default the preference is off. Firefox requests deltas over HTTPS only."""
    requests: list[dict[str, Any]] = []
    application = Recorder(files_of(root), requests)
    with (
        serving(application, **certificate) as host,
        running_firefox(tmp_path, {"network.http.dictionaries.enable": True}) as firefox,
        firefox.new_page() as page,
    ):
        page.goto(f"https://{host}/index.html")

        def load(path: str) -> int:
            """Load and run a script; returns the bytes of its body on the wire."""
            assert page.evaluate(f"({LOAD})({json.dumps([path, False])})") == "loaded"
            url = f"https://{host}{path}"
            return int(page.evaluate(f"performance.getEntriesByName('{url}')[0].encodedBodySize"))

        rounds = count()

        def is_delta() -> bool:
            """Firefox stores a dictionary after the script has run. The newest one counts."""
            query = f"?{next(rounds)}"
            load(OLD + query)
            return load(NEW + query) < 500

        until(is_delta)
        assert page.evaluate("window.release") == 2
        # It has no delta, and announces itself as a dictionary all the same.
        assert load(f"{LATER}?without") == len(content_of(3))
        assert page.evaluate("window.release") == 3
    expected = fields_of(content_of(1))["Available-Dictionary"]
    assert expected in [each.get("available-dictionary") for each in requests]
