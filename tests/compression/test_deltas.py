"""Runs that write, check and remove deltas against an older release."""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.deltas import apply_delta, suffix_of
from tests.helpers.files import write
from whitenoise_async.cli.compress import main
from whitenoise_async.compression import (
    Action,
    CompressionError,
    EncodingError,
    Failure,
    Report,
    check_tree,
    clean_tree,
    compress_tree,
)
from whitenoise_async.compression.delta_encoder import Dictionary
from whitenoise_async.compression.listing import list_tree
from whitenoise_async.files.content import digest_of

RANDOM = random.Random(0)
OLD = RANDOM.randbytes(10_000).hex().encode()
NEW = OLD[:8000] + b"changed" + OLD[8500:]
OTHER = RANDOM.randbytes(10_000).hex().encode()
OLD_NAME, NAME = "app.0123456789ab.js", "app.ba9876543210.js"
DELTA = NAME + suffix_of(OLD)
FAST: dict[str, Any] = {"encodings": ["gzip"]}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    write(tmp_path / "old" / OLD_NAME, OLD)
    return tmp_path / "old"


@pytest.fixture
def new(tmp_path: Path) -> Path:
    write(tmp_path / "new" / NAME, NEW)
    return tmp_path / "new"


def deltas_below(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.dcz"))


def results(report: Report) -> dict[str, Action]:
    assert not report.failures
    return {each.variant: each.action for each in report.outcomes}


def test_a_changed_file_gets_a_delta_next_to_its_other_variants(old: Path, new: Path) -> None:
    report = compress_tree(new, against=old, **FAST)
    assert results(report) == {NAME + ".gz": Action.WRITTEN, DELTA: Action.WRITTEN}
    delta = (new / DELTA).read_bytes()
    assert apply_delta(OLD, delta) == NEW
    assert report.totals["dcz"].bytes_after == len(delta)
    assert (new / DELTA).stat().st_mtime_ns == (new / NAME).stat().st_mtime_ns
    assert not deltas_below(old)


def test_the_next_run_keeps_it_and_compresses_nothing(old: Path, new: Path) -> None:
    compress_tree(new, against=old, **FAST)
    before = (new / DELTA).stat()
    state = before.st_ino, before.st_mtime_ns
    for against in (old, None):
        assert set(results(compress_tree(new, against=against, **FAST)).values()) == {
            Action.UNCHANGED
        }
        after = (new / DELTA).stat()
        assert (after.st_ino, after.st_mtime_ns) == state


def test_deltas_against_several_releases_are_kept(old: Path, new: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    write(older / "app.001122334455.js", OLD + b"older")
    for release in (older, old):
        compress_tree(new, against=release, **FAST)
    names = sorted([DELTA, NAME + suffix_of(OLD + b"older")])
    assert deltas_below(new) == names
    assert not check_tree(new, **FAST).problems
    write(new / NAME, NEW + b"changed again")
    report = compress_tree(new, against=old, **FAST)
    assert results(report)[NAME + suffix_of(OLD + b"older")] is Action.REMOVED
    assert apply_delta(OLD, (new / DELTA).read_bytes()) == NEW + b"changed again"
    assert deltas_below(new) == [DELTA]


def test_a_file_without_changes_without_a_pair_or_without_text_gets_no_delta(
    old: Path, new: Path
) -> None:
    write(old / "same.0123456789ab.js", OLD)
    write(new / "same.0123456789ab.js", OLD)
    write(new / "alone.0123456789ab.js", NEW)
    write(old / "data.bin", OLD)
    write(new / "data.bin", NEW)
    write(old / "tiny.js", b"1234567")
    write(new / "tiny.js", NEW)
    write(new / "small.js", NEW[:99])
    write(old / "small.js", OLD[:99])
    write(old / "page.html", OLD)
    write(new / "page.html", NEW)
    second = write(new / "app.999999999999.js", NEW + b"of the same name")
    compress_tree(new, against=old, **FAST)
    names = [NAME, "page.html", second.name]
    assert deltas_below(new) == sorted(name + suffix_of(OLD) for name in names)


def test_a_delta_that_saves_less_than_a_third_of_the_best_variant_is_not_kept(
    old: Path, new: Path
) -> None:
    """Half of the content is new. The variant in gzip has about half the bytes of the original."""
    write(new / NAME, OLD[:8000] + OTHER[:12_000])
    write(old / "b.js", OLD)
    write(new / "b.js", OLD[:4000] + OTHER[:16_000])
    assert results(compress_tree(new, against=old, **FAST)) == {
        NAME + ".gz": Action.WRITTEN,
        DELTA: Action.WRITTEN,
        "b.js.gz": Action.WRITTEN,
        "b.js" + suffix_of(OLD): Action.NOT_WORTH,
    }
    again = results(compress_tree(new, against=old, **FAST))
    assert again["b.js" + suffix_of(OLD)] is Action.NOT_WORTH
    assert deltas_below(new) == [DELTA]
    assert not check_tree(new, against=old, **FAST).problems


def test_of_several_files_of_one_name_the_most_similar_is_the_dictionary(
    old: Path, new: Path
) -> None:
    write(old / "app.111111111111.js", OTHER)
    report = compress_tree(new, against=old, **FAST)
    assert deltas_below(new) == [DELTA]
    (warning,) = report.warnings
    assert warning == (
        f"{NAME}: the delta is made against {OLD_NAME}, because it is the most similar file of that"
        f" name in {old}. Clients with one of the others receive no delta: app.111111111111.js"
    )


@pytest.mark.parametrize("immutable", ["vite", r"-[\w-]{8}\.js$", r"-([\w-]{8})"])
def test_names_of_a_build_tool_are_paired(tmp_path: Path, immutable: str) -> None:
    write(tmp_path / "old" / "assets" / "index-BcD12_-x.js", OLD)
    write(tmp_path / "new" / "assets" / "index-AbCdEf12.js", NEW)
    new = tmp_path / "new"
    compress_tree(new, against=tmp_path / "old", immutable=immutable, **FAST)
    assert deltas_below(new) == ["assets/index-AbCdEf12.js" + suffix_of(OLD)]
    clean_tree(new)
    compress_tree(new, against=tmp_path / "old", **FAST)
    assert not deltas_below(new)


def test_a_check_decompresses_deltas_if_the_release_is_named(old: Path, new: Path) -> None:
    compress_tree(new, against=old, **FAST)
    for against in (old, None):
        report = check_tree(new, against=against, **FAST)
        assert results(report)[DELTA] is Action.UNCHANGED
        assert not report.problems


@pytest.mark.parametrize("is_against", [True, False])
def test_a_check_finds_missing_and_damaged_deltas(old: Path, new: Path, is_against: bool) -> None:
    compress_tree(new, against=old, **FAST)
    against = old if is_against else None
    delta = new / DELTA
    content = delta.read_bytes()
    damages = {
        Action.STALE: (content[:-1], content[:60] + b"x" + content[61:], b"", content[40:]),
        Action.MISSING: (None,),
    }
    for action, damaged in damages.items():
        for each in damaged:
            delta.unlink()
            if each is not None:
                write(delta, each)
            report = check_tree(new, against=against, **FAST)
            assert [(each.variant, each.action) for each in report.problems] == [(DELTA, action)]
            if each is not None:
                write(delta, content)


def test_a_check_finds_a_delta_whose_original_has_changed(old: Path, new: Path) -> None:
    compress_tree(new, against=old, **FAST)
    write(new / NAME, NEW + b"x")
    for against in (None, old):
        problems = {
            each.variant: each.action for each in check_tree(new, against=against, **FAST).problems
        }
        assert DELTA in problems


def test_a_check_finds_a_delta_that_no_server_sends(old: Path, new: Path) -> None:
    """It is as it was recorded, and the record was changed too."""
    compress_tree(new, against=old, **FAST)
    wrong = (new / DELTA).read_bytes()[40:]
    write(new / DELTA, wrong)
    record_path = new / ".whitenoise_async-compress.json"
    record = json.loads(record_path.read_text())
    for token, made in record["files"][NAME].items():
        if token.startswith("dcz"):
            made[3] = digest_of([wrong])
    record_path.write_text(json.dumps(record))
    (problem,) = check_tree(new, **FAST).problems
    assert problem.reason.startswith("a server does not send it: ")


def test_a_check_finds_a_delta_that_was_never_made(old: Path, new: Path) -> None:
    compress_tree(new, **FAST)
    problems = check_tree(new, against=old, **FAST).problems
    assert [(each.variant, each.action) for each in problems] == [(DELTA, Action.MISSING)]


def test_clean_removes_deltas_and_a_dry_run_writes_none(old: Path, new: Path) -> None:
    assert results(compress_tree(new, against=old, dry_run=True, **FAST))[DELTA] is Action.WRITTEN
    assert [path.name for path in new.iterdir()] == [NAME]
    compress_tree(new, against=old, **FAST)
    assert results(clean_tree(new))[DELTA] is Action.REMOVED
    assert [path.name for path in new.iterdir()] == [NAME]


def test_a_delta_of_another_tool_is_replaced_but_no_other_file(old: Path, new: Path) -> None:
    stranger = write(new / DELTA, b"something else")
    report = compress_tree(new, against=old, **FAST)
    (failure,) = report.failures
    assert failure.path == str(stranger)
    assert stranger.read_bytes() == b"something else"


def test_an_unreadable_old_release_is_a_failure(
    old: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(root: Any, settings: Any, recorded: Any, report: Report) -> Any:
        report.add(Failure(str(old / "sub"), "sub cannot be listed"))
        return list_tree(root, settings, recorded, report)

    monkeypatch.setattr("whitenoise_async.compression.old_release.list_tree", failing)
    report = compress_tree(new, against=old, **FAST)
    assert [each.reason for each in report.failures] == ["sub cannot be listed"]


def test_an_unreadable_dictionary_concerns_no_other_variant(
    old: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(root: str, path: str) -> Any:
        raise CompressionError(path, f"{path} cannot be read: Input/output error")

    monkeypatch.setattr(Dictionary, "of", failing)
    report = compress_tree(new, against=old, **FAST)
    assert [each.path for each in report.failures] == [OLD_NAME]
    assert [each.variant for each in report.outcomes] == [NAME + ".gz"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"against": 3}, TypeError, "against must be a folder, got 3"),
        ({"against": "/nowhere"}, ValueError, "against must be a folder, got '/nowhere'"),
        ({"immutable": "vite"}, ValueError, "immutable has no effect without against"),
    ],
)
def test_invalid_options_are_refused(
    new: Path, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        compress_tree(new, **options)


def test_without_zstd_deltas_are_refused(
    old: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EncodingError, match="zstd needs"):
        compress_tree(new, against=old, **FAST)


def test_the_command_writes_and_counts_deltas(
    old: Path, new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(new), "--encodings", "gzip", "--against", str(old)]
    assert main(command) == 0
    assert "dcz" in capsys.readouterr().out
    assert deltas_below(new) == [DELTA]
    assert main([*command, "--check"]) == 0
    capsys.readouterr()
    assert main([*command, "--json"]) == 0
    (root,) = json.loads(capsys.readouterr().out)["roots"]
    assert root["encodings"]["dcz"]["variants"] == 1
    assert main([str(new), "--clean"]) == 0
    assert not deltas_below(new)


def test_the_command_refuses_a_release_that_is_no_folder(
    new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, message in [
        (["--against", "/nowhere"], "--against must be a folder, got '/nowhere'"),
        (["--against", str(new), "--immutable", "vit"], "--immutable must be a regular expression"),
    ]:
        with pytest.raises(SystemExit) as caught:
            main([str(new), *arguments])
        assert caught.value.code == 2
        assert message in capsys.readouterr().err


def test_a_copied_release_needs_no_new_deltas(old: Path, new: Path, tmp_path: Path) -> None:
    compress_tree(new, against=old, **FAST)
    copied = shutil.copytree(new, tmp_path / "copied")
    assert results(compress_tree(copied, against=old, **FAST))[DELTA] is Action.UNCHANGED
