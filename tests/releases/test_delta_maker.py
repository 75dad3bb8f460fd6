"""Deltas that a run makes: written, recorded, removed, checked, and made once."""

from __future__ import annotations

import base64
import errno
import io
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.builds import (
    KEEP_TWO,
    contents_of,
    delta_path,
    hashed_name,
    make_scripts,
    manifest_of,
    script_of,
    script_path,
    settings,
)
from tests.helpers.clients import call_wsgi, make_call
from tests.helpers.deltas import apply_delta, fields_of, write_delta
from tests.helpers.file_trees import snapshot
from tests.helpers.files import write
from whitenoise_async import WhiteNoise
from whitenoise_async.releases import delta_maker
from whitenoise_async.releases.errors import PublishError
from whitenoise_async.releases.folder_store import FolderStore
from whitenoise_async.releases.publish import check, preview, publish
from whitenoise_async.releases.report import Action, Delta, Report, Watcher

KEEP_THREE = settings(3)
NO_DELTAS = KEEP_TWO._replace(deltas=False)


class Folders:
    """Builds with scripts, and a store."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path / "store"

    @property
    def store(self) -> FolderStore:
        return FolderStore(str(self.root))

    def build(self, release: int, *names: str, compressed: bool = False) -> str:
        folder = self.path / str(release)
        return str(make_scripts(folder, release, *names, compressed=compressed))

    def publish(self, release: int, options: Any = KEEP_TWO, *names: str) -> Report:
        return publish(self.build(release, *names), self.store, options)

    def deltas(self) -> set[str]:
        return {name for name in contents_of(self.root) if name.endswith(".dcz")}


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return Folders(tmp_path)


def test_a_delta_is_made_against_each_kept_release(folders: Folders) -> None:
    assert folders.publish(1, KEEP_THREE).deltas == ()
    folders.publish(2, KEEP_THREE)
    report = folders.publish(3, KEEP_THREE)
    contents = contents_of(folders.root)
    assert folders.deltas() == {delta_path(1, 2), delta_path(1, 3), delta_path(2, 3)}
    assert {each.path for each in report.of(Action.WRITTEN)} == {
        script_path(3),
        delta_path(1, 3),
        delta_path(2, 3),
    }
    for old in (1, 2):
        assert apply_delta(script_of(old), contents[delta_path(old, 3)]) == script_of(3)
    size = len(contents[delta_path(1, 3)])
    assert Delta(delta_path(1, 3), size, len(script_of(3)), (1,)) in report.deltas
    assert not os.listdir(folders.path / "temporary")


def test_the_middleware_sends_the_delta(folders: Folders) -> None:
    folders.publish(1)
    folders.publish(2)
    application = WhiteNoise(None, str(folders.root), immutable_file_test=r"\.[0-9a-f]{12}\.")
    reply = call_wsgi(application, make_call(f"/{script_path(2)}", fields_of(script_of(1))))
    assert reply["content-encoding"] == "dcz"
    assert apply_delta(script_of(1), reply.body) == script_of(2)
    old = (folders.root / script_path(2)).stat()
    delta = (folders.root / delta_path(1, 2)).stat()
    assert (delta.st_mtime_ns, delta.st_mode) == (old.st_mtime_ns, old.st_mode)


@pytest.mark.parametrize("function", [publish, check, preview])
def test_the_same_release_again_makes_and_writes_nothing(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, function: Any
) -> None:
    folders.publish(1)
    folders.publish(2)
    before = snapshot(folders.root)
    monkeypatch.setattr(delta_maker, "DeltaEncoder", None)
    report = function(folders.build(2), folders.store, KEEP_TWO)
    assert report.outcomes == []
    assert [each.path for each in report.deltas] == [delta_path(1, 2)]
    assert snapshot(folders.root) == before


def test_a_delta_that_saves_too_little_is_not_tried_again(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    for release in (1, 2):
        content = base64.b85encode(random.Random(release).randbytes(800))
        write(folders.path / str(release) / hashed_name("app", content), content)
        report = publish(str(folders.path / str(release)), folders.store, KEEP_TWO)
    assert report.deltas == () and not folders.deltas()
    monkeypatch.setattr(delta_maker, "DeltaEncoder", None)
    again = publish(str(folders.path / "2"), folders.store, KEEP_TWO)
    assert again.release == 2 and again.outcomes == []


def test_a_delta_is_removed_with_the_release_that_it_starts_from(folders: Folders) -> None:
    folders.publish(1)
    folders.publish(2, KEEP_TWO)
    folders.publish(2, KEEP_TWO, "app", "other")  # the script stays
    assert folders.deltas() == set()
    assert manifest_of(folders.root).newest == 3
    assert delta_path(1, 2) not in manifest_of(folders.root).files


def test_a_delta_is_removed_with_its_target(folders: Folders) -> None:
    for release in (1, 2, 3, 4):
        report = folders.publish(release)
    assert folders.deltas() == {delta_path(3, 4)}
    assert delta_path(2, 3) in [each.path for each in report.of(Action.REMOVED)]


def test_an_older_release_that_is_published_again_gets_deltas(folders: Folders) -> None:
    folders.publish(1, KEEP_THREE)
    folders.publish(2, KEEP_THREE)
    report = folders.publish(1, KEEP_THREE)
    assert [each.path for each in report.deltas] == [delta_path(2, 1)]
    report = folders.publish(2, KEEP_THREE)
    assert [(each.path, each.against) for each in report.deltas] == [(delta_path(1, 2), (3,))]
    folders.publish(3, KEEP_THREE)
    assert delta_path(1, 2) in folders.deltas()


def test_a_name_without_a_hash_gets_a_delta_before_it_is_replaced(folders: Folders) -> None:
    for release in (1, 2):
        write(folders.path / str(release) / "plain.js", script_of(release))
        write(folders.path / str(release) / "index.html", script_of(release))
        report = publish(str(folders.path / str(release)), folders.store, KEEP_THREE)
    (delta,) = folders.deltas()
    assert apply_delta(script_of(1), (folders.root / delta).read_bytes()) == script_of(2)
    assert [each.against for each in report.deltas] == [(1,)]
    assert not publish(str(folders.path / "2"), folders.store, KEEP_THREE).outcomes
    write(folders.path / "2" / "plain.js", script_of(3))
    report = publish(str(folders.path / "2"), folders.store, KEEP_THREE)
    assert delta in [each.path for each in report.of(Action.REMOVED)]
    assert report.purge == ("/plain.js",)


def test_lost_and_damaged_deltas_are_problems_and_made_again(folders: Folders) -> None:
    folders.publish(1, KEEP_TWO, "a", "b")
    folders.publish(2, KEEP_TWO, "a", "b")
    lost, damaged = delta_path(1, 2, "a"), delta_path(1, 2, "b")
    before = contents_of(folders.root)
    (folders.root / lost).unlink()
    write(folders.root / damaged, b"damaged")
    found = check(folders.build(2, "a", "b"), folders.store, KEEP_TWO).problems
    assert {(each.path, each.action) for each in found} == {
        (lost, Action.MISSING),
        (damaged, Action.MISSING),
    }
    report = folders.publish(2, KEEP_TWO, "a", "b")
    assert {each.path for each in report.of(Action.WRITTEN)} == {lost, damaged}
    assert contents_of(folders.root) == before


def test_a_dry_run_names_the_deltas_and_writes_nothing(folders: Folders) -> None:
    folders.publish(1)
    before = snapshot(folders.root)
    report = preview(folders.build(2), folders.store, KEEP_TWO)
    assert delta_path(1, 2) in [each.path for each in report.of(Action.WRITTEN)]
    assert snapshot(folders.root) == before
    assert not os.listdir(folders.path / "temporary")


def test_a_delta_is_compared_with_the_best_variant(folders: Folders) -> None:
    publish(folders.build(1, compressed=True), folders.store, KEEP_TWO)
    report = publish(folders.build(2, compressed=True), folders.store, KEEP_TWO)
    variant = folders.root / f"{script_path(2)}.gz"
    assert [each.without for each in report.deltas] == [variant.stat().st_size]


def test_no_deltas_are_made_if_the_settings_say_so(folders: Folders) -> None:
    folders.publish(1, NO_DELTAS)
    assert folders.publish(2, NO_DELTAS).deltas == ()
    assert not folders.deltas()
    folders.publish(2)
    assert folders.deltas() == {delta_path(1, 2)}
    assert folders.publish(2, NO_DELTAS).outcomes == []  # those in the store stay


def test_without_the_library_a_warning_says_what_to_install(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    monkeypatch.setitem(sys.modules, name, None)
    assert folders.publish(1).warnings == []
    report = folders.publish(2)
    assert report.warnings == [
        f"no deltas are made: zstd needs {name}, which is not installed:"
        " pip install 'whitenoise_async[compress]'"
    ]
    assert not report.problems
    monkeypatch.undo()
    assert [each.path for each in folders.publish(2).of(Action.WRITTEN)] == [delta_path(1, 2)]


def test_of_several_files_with_one_name_the_most_similar_is_the_dictionary(
    folders: Folders,
) -> None:
    old = folders.path / "1"
    similar, other = script_of(1), script_of(1, "unlike")
    names = [hashed_name("js/app", content) for content in (similar, other)]
    for name, content in zip(names, (similar, other), strict=True):
        write(old / name, content)
    publish(str(old), folders.store, KEEP_TWO)
    report = folders.publish(2)
    assert folders.deltas() == {delta_path(1, 2)}
    assert report.warnings == [
        f"{script_path(2)}: the delta is made against {names[0]}, because it is the most similar"
        f" file of that name in {folders.root}. Clients with one of the others receive no delta:"
        f" {names[1]}"
    ]


def test_a_damaged_old_file_is_no_dictionary(folders: Folders) -> None:
    folders.publish(1, KEEP_TWO, "a", "b")
    write(folders.root / script_path(1, "a"), b"damaged, and so no content of the release")
    report = folders.publish(2, KEEP_TWO, "a", "b")
    assert folders.deltas() == {delta_path(1, 2, "b")}
    assert report.warnings == [
        f"no delta is made against {folders.root / script_path(1, 'a')}: its content is not that of"
        " its release"
    ]


def test_a_file_that_changes_during_the_run_is_an_error(folders: Folders) -> None:
    folders.publish(1)
    build = Path(folders.build(2))

    class Changing(Watcher):
        def on_start(self, _: int) -> None:
            write(build / script_path(2), script_of(3))

    with pytest.raises(PublishError, match="it was changed during this run"):
        publish(str(build), folders.store, KEEP_TWO, Changing())
    assert not folders.deltas() and manifest_of(folders.root).newest == 1
    assert not os.listdir(folders.path / "temporary")


def test_a_temporary_folder_that_cannot_be_created_is_an_error(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.publish(1)
    before = snapshot(folders.root)
    monkeypatch.setattr(tempfile, "tempdir", str(folders.path / "gone"))
    with pytest.raises(PublishError, match=r"^a temporary folder cannot be created: "):
        folders.publish(2)
    assert snapshot(folders.root) == before


def test_a_full_disk_for_temporary_files_is_an_error(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.publish(1)
    before = snapshot(folders.root)

    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(delta_maker, "open", lambda path, mode: Full(), raising=False)
    with pytest.raises(PublishError, match=r"cannot be written: No space left on device$"):
        folders.publish(2)
    assert snapshot(folders.root) == before


def test_an_interrupted_run_is_continued(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deltas that it has written are made again, have the same bytes, and stay."""
    folders.publish(1, KEEP_TWO, "a", "b")
    put = FolderStore.put

    def fails(self: FolderStore, file: Any, pieces: Any) -> None:
        if file.path == script_path(2, "b"):
            raise PublishError("the disk is full")
        put(self, file, pieces)

    with monkeypatch.context() as patched:
        patched.setattr(FolderStore, "put", fails)
        patched.setattr(FolderStore, "jobs", 1)
        with pytest.raises(PublishError, match="the disk is full"):
            folders.publish(2, KEEP_TWO, "a", "b")
    assert folders.deltas() == {delta_path(1, 2, "a")}
    report = folders.publish(2, KEEP_TWO, "a", "b")
    assert {each.path for each in report.of(Action.WRITTEN)} == {
        script_path(2, "b"),
        delta_path(1, 2, "b"),
    }
    assert not check(folders.build(2, "a", "b"), folders.store, KEEP_TWO).problems


def test_a_second_plan_of_a_run_makes_nothing_again(folders: Folders) -> None:
    """Another run has published in between."""
    unlike = script_of(1, "unlike")
    write(folders.path / "1" / hashed_name("js/app", unlike), unlike)
    folders.publish(1)
    made: list[int] = []

    class Between(Watcher):
        def on_start(self, size: int) -> None:
            made.append(size)
            if len(made) == 1:
                write(folders.path / "between" / "b.txt", b"b")
                publish(str(folders.path / "between"), folders.store, KEEP_THREE)

    report = publish(folders.build(2), folders.store, KEEP_THREE, Between())
    assert report.kept == (3, 2, 1)
    assert [each.path for each in report.deltas] == [delta_path(1, 2)]
    assert made[:2] == [len(script_of(2)), 0]
    assert len(report.warnings) == 1
    assert folders.deltas() == {delta_path(1, 2)}


def test_a_delta_of_the_build_is_published_as_a_variant(folders: Folders) -> None:
    folders.publish(1)
    build = Path(folders.build(2))
    own = write_delta(build / script_path(2), script_of(1))
    report = publish(str(build), folders.store, KEEP_TWO)
    assert (folders.root / delta_path(1, 2)).read_bytes() == own
    assert report.files == 2 and report.deltas == ()
    assert publish(str(build), folders.store, KEEP_TWO).outcomes == []
