"""Random sequences of changes and runs: no stale variant is trusted, and no file is lost."""

from __future__ import annotations

import gzip
import os
import random
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import brotli
import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.helpers.file_trees import ALL, below, require_right, snapshot, told, write_quietly
from tests.helpers.files import MTIME, write
from whitenoise_async.compression import check_tree, clean_tree, compress_tree
from whitenoise_async.compression.record import NAME, Record

# Equal lengths do not reveal a change. The last two are incompressible and small.
CONTENTS = [b"one " * 200, b"two " * 200, b"six " * 200, random.Random(0).randbytes(800), b"tiny"]
FILES = ["a.js", "b.js", "sub/c.css", "link.js"]
THEIRS = {
    ".gz": [gzip.compress(CONTENTS[0], 1), b"theirs"],
    ".br": [brotli.compress(CONTENTS[0], quality=1), b"theirs"],
}
files, contents = st.sampled_from(FILES), st.sampled_from(CONTENTS)
suffixes = st.sampled_from(list(THEIRS))
OPTIONS: list[dict[str, Any]] = [
    {"encodings": ["gzip"]},
    {"encodings": ["br"], "exclude": ["a.*"]},
    {"include": ["*.css"]},
    {"min_size": 900},
    {"min_saving": 99.5},
    {"levels": {"gzip": 1}},
]


@pytest.fixture(autouse=True)
def _the_disk_is_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


class Trees(RuleBasedStateMachine):
    """Our variants are right after each run over the whole tree, whatever happened before."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name) / "site"
        write(self.root / "a.js", CONTENTS[0])
        write(self.root / "sub" / "c.css", CONTENTS[1])
        compress_tree(self.root, jobs=1)
        self.theirs: dict[str, bytes] = {}

    def teardown(self) -> None:
        self.folder.cleanup()

    def existing(self, name: str) -> Path:
        assume((self.root / name).is_file())
        return self.root / name

    @rule(name=files, content=contents, mtime=st.sampled_from([MTIME, MTIME + 1]))
    def change(self, name: str, content: bytes, mtime: int) -> None:
        with suppress(OSError):  # a loop of links
            write(self.root / name, content, mtime=mtime)

    @rule(name=files, content=contents)
    def change_quietly(self, name: str, content: bytes) -> None:
        write_quietly(self.existing(name), content)

    @rule(name=files, content=contents)
    def replace_quietly(self, name: str, content: bytes) -> None:
        other = write(self.root.parent / "other", content)
        os.utime(other, ns=(0, self.existing(name).stat().st_mtime_ns))
        os.replace(other, self.root / name)

    @rule(name=files, mode=st.sampled_from([0o644, 0o600]))
    def chmod(self, name: str, mode: int) -> None:
        self.existing(name).chmod(mode)

    @rule(name=files)
    def remove(self, name: str) -> None:
        self.existing(name).unlink()

    @rule(leads_to=st.sampled_from(["a.js", "b.js", "../outside.js", "sub/c.css"]))
    def make_link(self, leads_to: str) -> None:
        with suppress(FileNotFoundError):
            (self.root / "link.js").unlink()
        (self.root / "link.js").symlink_to(leads_to)

    @rule(one=files, other=files)
    def rename(self, one: str, other: str) -> None:
        os.rename(self.existing(one), self.root / other)

    @rule(name=files, suffix=suffixes, number=st.integers(0, 1), quietly=st.booleans())
    def make_theirs(self, name: str, suffix: str, number: int, quietly: bool) -> None:
        path = self.root / (name + suffix)
        content = THEIRS[suffix][number]
        if quietly and path.exists():
            size = path.stat().st_size
            content = (content + bytes(size))[:size]
            write_quietly(path, content)
        else:
            write(path, content)
        self.theirs[name + suffix] = content

    @rule(name=files, suffix=suffixes)
    def remove_variant(self, name: str, suffix: str) -> None:
        (self.root / (name + suffix)).unlink(missing_ok=True)
        self.theirs.pop(name + suffix, None)

    @rule(options=st.sampled_from(OPTIONS))
    def run_in_part(self, options: dict[str, Any]) -> None:
        self.done(told(compress_tree(self.root, jobs=1, **options)))

    @rule(options=st.sampled_from([{}, {"encodings": ["gzip"]}, {"include": ["*.css"]}]))
    def clean(self, options: dict[str, Any]) -> None:
        clean_tree(self.root, **options)

    @rule()
    def be_killed(self) -> None:
        """Kill a run after it has written all variants, and before it has recorded them.

        The next run makes the same bytes and adopts these variants.
        """
        save = Record.save
        Record.save = lambda self: None  # type: ignore[method-assign]
        try:
            actions = told(compress_tree(self.root, jobs=1))
        finally:
            Record.save = save  # type: ignore[method-assign]
        self.done(actions)
        for name, action in actions.items():
            if action == "written":
                self.theirs[name] = (self.root / name).read_bytes()

    @rule()
    def lose_the_record(self) -> None:
        """Without a record, every variant counts as foreign."""
        (self.root / NAME).unlink(missing_ok=True)
        for name in below(self.root):
            if name.endswith(ALL):
                self.theirs[name] = (self.root / name).read_bytes()

    @rule()
    def run(self) -> None:
        before = snapshot(self.root)
        expected = compress_tree(self.root, jobs=1, dry_run=True)
        assert snapshot(self.root) == before
        report = compress_tree(self.root, jobs=1)
        self.done(told(report))
        assert {failure.path for failure in report.failures} <= {
            str(self.root / name) for name in self.theirs
        }
        if not report.failures:
            require_right(self.root, but_for=self.theirs)
            assert not check_tree(self.root).problems
        for name, action in told(expected).items():
            assert action in ("written", told(report).get(name))

    def done(self, actions: dict[str, str]) -> None:
        """A variant that replaces a foreign one is ours."""
        for name, action in actions.items():
            if action != "not worth it":
                assert action != "removed" or name not in self.theirs
                self.theirs.pop(name, None)

    @invariant()
    def theirs_is_there(self) -> None:
        for name, content in self.theirs.items():
            assert (self.root / name).read_bytes() == content

    @invariant()
    def nothing_else_is_left(self) -> None:
        assert not [name for name in below(self.root) if name.endswith(".tmp")]


TestTrees = Trees.TestCase
TestTrees.settings = settings(
    derandomize=True,
    deadline=None,
    max_examples=8,
    stateful_step_count=15,
    suppress_health_check=list(HealthCheck),
)
