"""Builds: which files they have, their digests and headers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.builds import hashed_name
from tests.helpers.clients import call_wsgi, make_call
from tests.helpers.deltas import suffix_of, write_delta
from tests.helpers.files import write
from whitenoise_async import WhiteNoise
from whitenoise_async.files.folder import Folder
from whitenoise_async.releases.build import Build, BuildRules, tag_of
from whitenoise_async.releases.errors import PublishError

RULES = BuildRules()
APP = hashed_name("app", b"app")
VITE = "assets/index-BxYz12Ab.js"
IMMUTABLE = "max-age=315360000, public, immutable"


def test_the_headers_are_those_of_our_responses(site: Path) -> None:
    """Those that a bucket keeps, for each file of a site."""
    write(site / "plain.gz", b"no variant")
    write(site / "app.css.br", b"older than its original", mtime=1)
    application = WhiteNoise(None, str(site))
    build = Build(str(site), RULES)
    assert {"app.css", "app.css.gz", "plain.gz", "✓.txt", "docs/deep/image.png"} < set(build.files)
    assert "Content-Encoding" not in build.files["app.css.br"].headers
    for path, file in build.files.items():
        accepted = "gzip" if file.original else "identity"
        call = make_call(f"/{file.page}", {"Accept-Encoding": accepted})
        reply = call_wsgi(application, call)
        names = ("Content-Type", "Cache-Control", "Content-Encoding")
        expected = {name: reply[name.lower()] for name in names if name.lower() in reply}
        assert file.headers == expected, path


def test_hashed_names_are_found_by_default_and_are_immutable(tmp_path: Path) -> None:
    for name in (APP, VITE, "index.html"):
        write(tmp_path / name, b"app", compressed=True)
    files = Build(str(tmp_path), RULES).files
    assert [path for path, file in files.items() if file.is_hashed] == [APP, f"{APP}.gz"]
    assert files[APP].headers["Cache-Control"] == IMMUTABLE
    assert files[APP].headers.keys() == {"Content-Type", "Cache-Control"}  # no other is possible
    assert files[f"{APP}.gz"].headers == {**files[APP].headers, "Content-Encoding": "gzip"}
    assert files["index.html"].headers["Cache-Control"] == "max-age=60, public"


@pytest.mark.parametrize("immutable", ["vite", r"-[\w]{8}\.js$"])
def test_a_tool_or_a_pattern_tells_which_names_are_hashed(tmp_path: Path, immutable: str) -> None:
    write(tmp_path / APP, b"app")
    write(tmp_path / VITE, b"chunk")
    files = Build(str(tmp_path), BuildRules(immutable)).files
    assert [path for path, file in files.items() if file.is_hashed] == [VITE]


def test_a_wrong_tool_or_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match=r"immutable_file_test .* 'vita'"):
        BuildRules("vita")
    with pytest.raises(ValueError, match="immutable_file_test must be a regular expression"):
        BuildRules("[")
    with pytest.raises(ValueError, match="exclude must be patterns"):
        BuildRules(exclude=("",))


def test_excluded_files_are_left_out_and_sensitive_ones_are_reported(tmp_path: Path) -> None:
    write(tmp_path / ".env", b"SECRET")
    write(tmp_path / "app.js.map", b"{}")
    build = Build(str(tmp_path), BuildRules(exclude=("*.map",)))
    assert list(build.files) == [".env"]
    assert build.sensitive == {".env": ".env*"}


def test_entries_that_are_not_files_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", b"a")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "link").symlink_to("a.txt")
    build = Build(str(tmp_path), RULES)
    assert list(build.files) == ["a.txt", "link"]
    assert build.skipped == [f"{tmp_path}/dangling: it is a dangling link"]
    assert build.size == 2


def test_the_name_of_the_manifest_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "sub" / "releases.json", b"{}")
    Build(str(tmp_path), RULES)
    write(tmp_path / "releases.json", b"{}")
    with pytest.raises(PublishError, match=r"releases\.json cannot be published"):
        Build(str(tmp_path), RULES)


def test_content_that_changes_during_a_run_is_an_error(tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt", b"before")
    build = Build(str(tmp_path), RULES)
    assert b"".join(build.pieces(build.files["a.txt"])) == b"before"
    file.write_bytes(b"after")
    with pytest.raises(PublishError, match=r"a\.txt .* changed during this run"):
        list(build.pieces(build.files["a.txt"]))
    file.unlink()
    with pytest.raises(PublishError, match=r"a\.txt cannot be read: it was removed"):
        list(build.pieces(build.files["a.txt"]))


def test_an_unreadable_folder_or_file_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "sub" / "a.txt", b"a")

    def fails(self: Folder, name: str) -> None:
        raise PermissionError(13, os.strerror(13))

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "open_file", fails)
        with pytest.raises(PublishError, match=r"sub/a\.txt cannot be read: Permission denied"):
            Build(str(tmp_path), RULES)

    def scan(self: object, on_skip: Callable[[str, OSError], None]) -> None:
        on_skip("sub", PermissionError(13, os.strerror(13)))

    monkeypatch.setattr("whitenoise_async.registry.directory.Directory.scan", scan)
    with pytest.raises(PublishError, match=r"^sub cannot be read: Permission denied$"):
        Build(str(tmp_path), RULES)
    with pytest.raises(PublishError, match="cannot be listed"):
        Build(str(tmp_path / "missing"), RULES)


def test_the_tag_depends_on_the_headers_alone() -> None:
    assert tag_of({"A": "1", "B": "2"}) == tag_of({"B": "2", "A": "1"}) != tag_of({"A": "2"})


def test_a_delta_is_a_variant_if_it_is_one_for_its_original(tmp_path: Path) -> None:
    app = write(tmp_path / "app.js", b"let a = 1;" * 99)
    write_delta(app, b"let a = 2;" * 99)
    foreign = f"app.js.{'0' * 16}.dcz"
    for name in (foreign, "app.js.dcz", f"gone.js.{'0' * 16}.dcz"):
        write(tmp_path / name, b"no delta")
    files = Build(str(tmp_path), RULES).files
    delta = files[f"app.js{suffix_of(b'let a = 2;' * 99)}"]
    assert (delta.original, delta.headers["Content-Encoding"]) == ("app.js", "dcz")
    assert delta.headers["Content-Type"] == files["app.js"].headers["Content-Type"]
    others = [file for file in files.values() if file not in (delta, files["app.js"])]
    assert len(others) == 3
    assert all(file.original is None for file in others)
