"""Which store an argument names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.helpers.files import write
from whitenoise_async.releases.errors import PublishError
from whitenoise_async.releases.folder_store import FolderStore
from whitenoise_async.releases.stores import open_store


def test_a_path_names_a_folder(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "store"), str(tmp_path / "dist"))
    assert isinstance(store, FolderStore)
    assert store.name == str(tmp_path / "store")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("store", ["dist", "dist/store", "."])
def test_a_store_and_a_build_must_not_be_inside_each_other(tmp_path: Path, store: str) -> None:
    (tmp_path / "dist").mkdir()
    with pytest.raises(PublishError, match="must not be inside each other"):
        open_store(str(tmp_path / store), str(tmp_path / "dist"))


def test_a_file_is_no_store(tmp_path: Path) -> None:
    write(tmp_path / "store", b"")
    with pytest.raises(PublishError, match="store is not a directory"):
        open_store(str(tmp_path / "store"), str(tmp_path / "dist"))


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(PublishError, match=r"^ftp://x is not a store: .*\(s3://, gs://, az://\)"):
        open_store("ftp://x", "dist")


@pytest.mark.parametrize("name", ["s3://bucket/static?a=1", "s3://bucket/static#1"])
def test_a_bucket_has_no_query_and_no_fragment(name: str) -> None:
    with pytest.raises(PublishError, match="is not a store: the URL of a bucket has no"):
        open_store(name, "dist")


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(PublishError, match="the name of the store is empty"):
        open_store("", "dist")


def test_a_bucket_needs_obstore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(PublishError, match=r"pip install 'whitenoise_async\[publish\]'"):
        open_store("s3://bucket", "dist")
