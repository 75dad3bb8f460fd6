"""The option ``exclude``, and the warning about sensitive files."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import Serve
from tests.helpers.files import write
from tests.helpers.unprivileged_scripts import run_as_nobody


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    for name in (
        *("app.js", "app.js.map", "docs/index.html", "docs/drafts/a.html", "drafts/b.html"),
        *(".git/HEAD", ".git/objects/ab/cd", "sub/.git/HEAD", ".env", ".well-known/security.txt"),
    ):
        write(root / name, name.encode() * 50)
    for name in ("app.js", "app.js.map"):
        write(root / f"{name}.gz", gzip.compress(name.encode() * 50))
    return root


@pytest.mark.parametrize(
    ("exclude", "gone"),
    [
        ([".git"], ["/.git/HEAD", "/.git/objects/ab/cd", "/sub/.git/HEAD"]),
        ([".git/"], ["/.git/HEAD", "/.git/objects/ab/cd", "/sub/.git/HEAD"]),
        (["/.git"], ["/.git/HEAD", "/.git/objects/ab/cd"]),
        ([".*"], ["/.git/HEAD", "/sub/.git/HEAD", "/.env", "/.well-known/security.txt"]),
        (["drafts"], ["/docs/drafts/a.html", "/drafts/b.html"]),
        (["/drafts/"], ["/drafts/b.html"]),
        (["docs/drafts/*"], ["/docs/drafts/a.html"]),
        (["**/drafts", "**/.env"], ["/docs/drafts/a.html", "/drafts/b.html", "/.env"]),
        (["*.html", "*.map"], ["/docs/index.html", "/drafts/b.html", "/app.js.map"]),
        (("app.js",), ["/app.js"]),
        ({"*"}, ["/app.js", "/app.js.map", "/docs/index.html", "/.env", "/.git/HEAD"]),
        ([], []),
    ],
)
def test_only_excluded_files_are_not_served(
    serve: Serve, tree: Path, autorefresh: bool, exclude: Any, gone: list[str]
) -> None:
    everything = serve(tree, autorefresh=autorefresh)
    get = serve(tree, autorefresh=autorefresh, exclude=exclude)
    for path in tree.rglob("*"):
        url = f"/{path.relative_to(tree)}"
        if url in gone:
            assert everything(url).status == 200
            assert get(url).status == 404
        elif not exclude:
            assert get(url) == everything(url)
    if "/app.js" not in gone:
        assert get("/app.js") == everything("/app.js")


@pytest.mark.parametrize("prefix", [None, "static"])
def test_patterns_match_the_path_below_the_root_with_any_prefix(
    serve: Serve, tree: Path, autorefresh: bool, prefix: str | None
) -> None:
    get = serve(tree, prefix, autorefresh=autorefresh, exclude=["/docs", "/static"])
    base = f"/{prefix}" if prefix else ""
    assert get(f"{base}/docs/index.html").status == 404
    assert get(f"{base}/drafts/b.html").status == 200


def test_the_variants_of_an_excluded_file_are_excluded(
    serve: Serve, tree: Path, autorefresh: bool
) -> None:
    """Otherwise an excluded source map would be served under another name."""
    write(tree / "alone.map.br", b"left of a map that was removed")
    write(tree / "app.js.map.gz.br", b"a variant of a variant")
    write(tree / "old.map.gz" / "a.txt", b"a folder has no variants")
    get = serve(tree, autorefresh=autorefresh, exclude=["*.map"])
    for url in ("/app.js.map", "/app.js.map.gz", "/alone.map.br", "/app.js.map.gz.br"):
        assert get(url).status == 404
    assert get("/old.map.gz/a.txt").status == 200
    assert get("/app.js", {"Accept-Encoding": "gzip"})["content-encoding"] == "gzip"


def test_an_excluded_variant_is_not_chosen(serve: Serve, tree: Path, autorefresh: bool) -> None:
    get = serve(tree, autorefresh=autorefresh, exclude=["*.gz"])
    reply = get("/app.js", {"Accept-Encoding": "gzip"})
    assert "content-encoding" not in reply
    assert "vary" not in reply
    assert get("/app.js.gz").status == 404


def test_an_excluded_index_file_has_no_folder_url(
    serve: Serve, tree: Path, autorefresh: bool
) -> None:
    get = serve(tree, autorefresh=autorefresh, exclude=["/docs/index.html"], index_file=True)
    for url in ("/docs/", "/docs", "/docs/index.html"):
        assert get(url).status == 404
    assert get("/docs/drafts/a.html").status == 200


def test_an_excluded_folder_is_not_read_and_not_logged(
    public_path: Path,
) -> None:
    write(public_path / "closed" / "a.txt", b"a").parent.chmod(0)
    (public_path / "dangling").symlink_to("nowhere")
    write(public_path / "open.txt", b"open")
    output = run_as_nobody(f"""
        from whitenoise_async import WhiteNoise
        logging.basicConfig(format="%(message)s", stream=sys.stdout)
        for autorefresh in (False, True):
            app = WhiteNoise(
                None, {str(public_path)!r}, autorefresh=autorefresh, exclude=["closed", "dangling"]
            )
            print([app.registry.look_up(url) is not None for url in ("/open.txt", "/closed/a.txt")])
    """)
    (public_path / "closed").chmod(0o755)
    assert output.splitlines() == ["[True, False]"] * 2


def test_links_to_folders_are_matched_by_their_own_path(
    serve: Serve, tree: Path, autorefresh: bool
) -> None:
    (tree / "shown").symlink_to(tree / "drafts")
    options = {"autorefresh": autorefresh, "exclude": ["drafts"]}
    get = serve(**options)
    assert get("/shown/b.html").status == 404
    from tests.helpers.clients import ADAPTERS, client_of

    app = ADAPTERS["wsgi"](None, **options)  # type: ignore[arg-type]
    app.add_files(tree, followlinks=True)
    get = client_of("wsgi")(app)
    assert get("/shown/b.html").status == 200
    assert get("/drafts/b.html").status == 404


@pytest.mark.parametrize("value", ["*.map", b"*.map", 3, None, [b"*.map"], [None]])
def test_values_that_are_not_patterns_are_refused(serve: Serve, value: Any) -> None:
    with pytest.raises(TypeError, match="exclude must be a list of patterns such as"):
        serve(exclude=value)


def test_one_warning_names_all_sensitive_files(
    serve: Serve, tree: Path, caplog: pytest.LogCaptureFixture
) -> None:
    get = serve(tree)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("whitenoise_async", logging.WARNING)
    assert record.getMessage() == (
        f"Files below {tree} are served, perhaps by mistake: .env; .git/; sub/.git/."
        " To leave them out, add to exclude (--exclude for a command): '.env*', '.git'"
    )
    assert get("/.env").status == 200


def test_the_advice_in_the_warning_excludes_the_files(
    serve: Serve, tree: Path, caplog: pytest.LogCaptureFixture
) -> None:
    get = serve(tree, exclude=[".env*", ".git"])
    assert not caplog.records
    for url in ("/.env", "/.git/HEAD", "/sub/.git/HEAD"):
        assert get(url).status == 404


def test_the_warning_names_a_limited_number_of_files(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(30):
        write(tmp_path / f"{number:02}.bak", b"")
    serve(tmp_path)
    (message,) = caplog.messages
    assert message.count(".bak;") == 20
    assert (
        "19.bak; 10 more. To leave them out, add to exclude (--exclude for a command): '*.bak'"
        in message
    )


def test_startup_logs_what_is_served(
    serve: Serve, tree: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "whitenoise_async"):
        serve(tree, "static", exclude=[".*"])
    assert caplog.messages == [f"Listed {tree}: 5 URLs, all below /static/"]
