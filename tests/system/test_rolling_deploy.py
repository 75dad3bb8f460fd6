"""A rolling deploy behind nginx: two replicas, visitors, and pages of both releases in browsers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.browsers import BROWSERS, Browser, Page, wait_for
from tests.helpers.caches import missing
from tests.helpers.releases import Release, make_release
from tests.helpers.rolling_deploy import RENDERED, Deploy, Kind, deployed
from tests.helpers.rollout import crossed, failures, roll_out
from tests.helpers.waiting import until

# The files that a replica serves. Each has the option ``store`` as well.
KINDS = {
    "the store, ASGI": Kind("uvicorn", "asgi", serves_store=True, uses_store=True),
    "the store, WSGI": Kind("gunicorn", "wsgi", serves_store=True, uses_store=True),
    "the build, ASGI": Kind("uvicorn", "asgi", uses_store=True),
    "the build, WSGI": Kind("gunicorn", "wsgi", uses_store=True),
}
#: Fewer kinds for slower tests, with both servers.
SOME = [pytest.param(KINDS[name], id=name) for name in ("the store, WSGI", "the build, ASGI")]
WITHOUT_STORE = Kind("uvicorn", "asgi", has_cache=False)


@pytest.fixture(autouse=True)
def _require_nginx() -> None:
    if reason := missing("nginx"):
        pytest.skip(reason)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> list[Release]:
    """The old release and the new one."""
    folder = tmp_path_factory.mktemp("builds")
    return [make_release(folder / str(number), number, chunks=300) for number in (1, 2)]


@pytest.mark.cdn
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_request_fails_during_a_rolling_deploy(
    kind: Kind, releases: list[Release], tmp_path: Path
) -> None:
    outcomes = roll_out(kind._replace(has_cache=False), tmp_path, releases, requests=1200)
    assert failures(outcomes) == {}
    assert crossed(outcomes) > 50


@pytest.mark.cdn
@pytest.mark.parametrize("kind", SOME)
def test_no_request_fails_during_a_rolling_deploy_behind_a_cache(
    kind: Kind, releases: list[Release], tmp_path: Path
) -> None:
    """The cache has most files of the old release, so few requests reach a replica."""
    outcomes = roll_out(kind, tmp_path, releases, requests=1200)
    assert failures(outcomes) == {}


@pytest.mark.cdn
def test_without_a_store_requests_fail(releases: list[Release], tmp_path: Path) -> None:
    """The control: the visitors above notice failures."""
    outcomes = roll_out(WITHOUT_STORE, tmp_path, releases, requests=1200)
    failed = failures(outcomes)
    assert failed.total() > 50
    assert {each.result for each in failed} == {"404"}
    assert crossed(outcomes) == 0


@pytest.fixture(scope="module", params=BROWSERS)
def browser(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    with BROWSERS[request.param](tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def load(page: Page, chunk: int) -> object:
    """Load a chunk by a dynamic import; returns its release, or the name of an error."""
    return page.evaluate(f"window.load({chunk}).then((release) => release, (error) => error.name)")


def open_page(deploy: Deploy, page: Page, release: int) -> None:
    """Open the page of a release, which one of the replicas has."""

    def is_open() -> bool:
        page.goto(f"http://127.0.0.1:{deploy.port}{RENDERED}")
        wait_for(page, "window.release")
        return bool(page.evaluate("window.release") == release)

    until(is_open)


@pytest.mark.browser
@pytest.mark.parametrize("kind", SOME)
def test_open_pages_load_chunks_during_and_after_a_rolling_deploy(
    kind: Kind, browser: Browser, releases: list[Release], tmp_path: Path
) -> None:
    old, new = releases
    with deployed(kind, tmp_path, old) as deploy, browser.new_page() as old_tab:
        open_page(deploy, old_tab, 1)
        deploy.publish(new)
        deploy.replace(0, new)
        with browser.new_page() as new_tab:
            open_page(deploy, new_tab, 2)
            assert [load(old_tab, chunk) for chunk in range(4)] == [1] * 4
            assert [load(new_tab, chunk) for chunk in range(4)] == [2] * 4
            # nginx asks the replicas in turn.
            for release in releases:
                assert deploy.sources_of(release.chunks[:4]) == {"first", "second"}
            deploy.replace(1, new)
            assert [load(old_tab, chunk) for chunk in range(4, 8)] == [1] * 4
            assert [load(new_tab, chunk) for chunk in range(4, 8)] == [2] * 4


@pytest.mark.browser
def test_without_a_store_open_pages_load_no_chunks_after_a_deploy(
    browser: Browser, releases: list[Release], tmp_path: Path
) -> None:
    old, new = releases
    with deployed(WITHOUT_STORE, tmp_path, old) as deploy, browser.new_page() as tab:
        open_page(deploy, tab, 1)
        assert load(tab, 0) == 1
        for replica in range(2):
            deploy.replace(replica, new)
        assert load(tab, 1) == "TypeError"
