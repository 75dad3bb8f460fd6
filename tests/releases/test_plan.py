"""Plans: what is written, kept, removed, refused and purged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from whitenoise_async.releases.build import BuiltFile
from whitenoise_async.releases.manifest import Manifest
from whitenoise_async.releases.plan import Plan, Stored, make_plan, stage_of
from whitenoise_async.releases.retention import Retention

HASHED = "app.3f2a9c1b7d04.js"
OTHER = "app.a1b2c3d4e5f6.js"
NOW = 1_700_000_000


def built(**digests: str) -> dict[str, BuiltFile]:
    """Files by name. ``_`` stands for a dot; a name with a hash is hashed."""
    files = {}
    for name, digest in digests.items():
        path = name.replace("_", ".")
        original = path.removesuffix(".gz") if path.endswith(".gz") else None
        headers = {"Content-Encoding": "gzip"} if original else {"Content-Type": "x"}
        is_hashed = (original or path) in (HASHED, OTHER)
        files[path] = BuiltFile(path, len(digest), digest, is_hashed, headers, original)
    return files


class Stores:
    """A store that plans are carried out in."""

    def __init__(self) -> None:
        self.manifest = Manifest()
        self.stored: dict[str, Stored] = {}

    def plan(self, **options: Any) -> Plan:
        """Options are ``now``, ``keep``, ``keep_for``, and digests by file name."""
        now = options.pop("now", NOW)
        retention = Retention(options.pop("keep", 1), options.pop("keep_for", 0))
        return make_plan(built(**options), self.manifest, self.stored, self.stored, retention, now)

    def publish(self, **options: Any) -> Plan:
        plan = self.plan(**options)
        assert not plan.conflicts
        self.stored |= {file.path: Stored(file.digest, file.tag) for file in plan.puts}
        for path in plan.removals:
            del self.stored[path]
        self.manifest = plan.after
        return plan


FIRST = {"index_html": "1", HASHED.replace(".", "_"): "a"}
SECOND = {"index_html": "2", OTHER.replace(".", "_"): "b"}
APP = HASHED.replace(".", "_")


@pytest.fixture
def store() -> Stores:
    return Stores()


def paths(files: tuple[BuiltFile, ...]) -> list[str]:
    return [file.path for file in files]


def test_hashed_files_come_first_and_pages_last(store: Stores) -> None:
    names = ["index_html", "a_css", "index_html_gz", "a_css_gz", APP, f"{APP}_gz", "old_htm"]
    plan = store.plan(**dict.fromkeys(names, "x"))
    assert paths(plan.puts) == [
        HASHED,
        f"{HASHED}.gz",
        "a.css",
        "a.css.gz",
        "index.html",
        "old.htm",
        "index.html.gz",
    ]
    assert [stage_of(file) for file in plan.puts] == [0, 0, 1, 2, 3, 3, 4]


def test_the_same_release_again_is_no_work(store: Stores) -> None:
    assert store.publish(**FIRST).has_work
    plan = store.plan(now=NOW + 10**9, **FIRST)
    assert not plan.has_work
    assert plan.release == 1


def test_only_what_is_missing_is_put(store: Stores) -> None:
    store.publish(**FIRST)
    plan = store.plan(**{**FIRST, "index_html": "2"})
    assert paths(plan.puts) == ["index.html"]
    assert plan.release == 2


def test_a_lost_or_damaged_file_of_the_release_is_put_again(store: Stores) -> None:
    store.publish(**FIRST)
    store.stored[HASHED] = Stored("damaged", "")
    del store.stored["index.html"]
    plan = store.plan(**FIRST)
    assert paths(plan.puts) == [HASHED, "index.html"]
    assert not plan.conflicts
    assert plan.release == 1


def test_other_headers_are_put_again_and_purged(store: Stores) -> None:
    store.publish(**FIRST)
    files = {path: file._replace(headers={"X": "y"}) for path, file in built(**FIRST).items()}
    plan = make_plan(files, store.manifest, store.stored, store.stored, Retention(1, 0), NOW)
    assert paths(plan.puts) == [HASHED, "index.html"]
    assert plan.release == 1
    assert plan.purge == ("/index.html", "/")


def test_a_release_is_dropped_only_if_both_limits_allow_it(store: Stores) -> None:
    store.publish(**FIRST, now=NOW)
    assert store.plan(**SECOND, keep=2, now=NOW + 100).dropped == ()
    assert store.plan(**SECOND, keep=1, keep_for=1, now=NOW + 100).dropped == ()
    assert store.plan(**SECOND, keep=1, keep_for=0, now=NOW + 100).dropped == (1,)


def test_the_time_counts_from_when_a_newer_release_replaced_it(store: Stores) -> None:
    store.publish(**FIRST, keep_for=60)
    store.publish(**SECOND, keep_for=60, now=NOW + 1000)
    third = {**SECOND, "index_html": "3"}
    assert store.plan(**third, keep_for=60, now=NOW + 1059).dropped == ()
    assert store.plan(**third, keep_for=60, now=NOW + 1060).dropped == (1,)
    # The same release again drops what has become too old.
    plan = store.plan(**SECOND, keep_for=60, now=NOW + 1060)
    assert plan.dropped == (1,) and plan.has_work and not plan.puts


def test_a_file_is_removed_with_the_last_release_that_uses_it(store: Stores) -> None:
    store.publish(**FIRST, keep=2)
    second = store.publish(**SECOND, keep=2)
    assert second.removals == ()
    assert set(second.after.files) == {HASHED, OTHER, "index.html"}
    third = store.publish(**SECOND, other_css="3", keep=2)
    assert third.dropped == (1,)
    assert third.removals == (HASHED,)
    assert third.after.pending == (HASHED,)
    assert store.publish(**SECOND, other_css="3", keep=2).has_work is False


def test_a_removal_that_was_interrupted_is_made_up_for(store: Stores) -> None:
    store.publish(**FIRST)
    plan = store.publish(**SECOND)
    store.stored[HASHED] = Stored("a", "")
    again = store.plan(**SECOND)
    assert plan.removals == again.removals == (HASHED,)
    assert not again.puts and not again.changes_manifest


def test_files_of_others_are_not_removed(store: Stores) -> None:
    store.stored["mine.txt"] = Stored("m", "")
    store.publish(**FIRST)
    assert store.publish(**SECOND).removals == (HASHED,)


def test_files_of_others_stay_after_an_interrupted_run_that_would_replace_them(
    store: Stores,
) -> None:
    store.stored["robots.txt"] = Stored("mine", "")
    store.manifest = store.plan(**FIRST, robots_txt="1").before
    assert store.manifest.pending == (HASHED, "index.html")
    assert store.publish(**SECOND).removals == ()
    assert store.stored["robots.txt"] == Stored("mine", "")


def test_a_file_of_others_that_a_release_replaces_is_purged(store: Stores) -> None:
    store.stored["index.html"] = Stored("old", "")
    plan = store.plan(**FIRST)
    assert paths(plan.puts) == [HASHED, "index.html"]
    assert plan.purge == ("/index.html", "/")
    store.manifest = plan.before
    store.stored["index.html"] = Stored("1", plan.after.files["index.html"].tag)
    again = store.publish(**FIRST)  # after an interrupt
    assert paths(again.puts) == [HASHED]
    assert again.purge == ("/index.html", "/")
    assert store.plan(**FIRST).purge == ()


def test_a_variant_that_no_longer_belongs_to_its_original_is_removed(store: Stores) -> None:
    store.publish(index_html="1", index_html_gz="1z", **{APP: "a", f"{APP}_gz": "az"}, keep=2)
    plan = store.publish(index_html="2", **{APP: "a"}, keep=2)
    assert plan.removals == ("index.html.gz",)
    assert f"{HASHED}.gz" in plan.after.files


def test_a_hashed_name_with_other_content_is_a_conflict(store: Stores) -> None:
    store.publish(**FIRST)
    assert store.plan(**{**FIRST, APP: "changed"}).conflicts == (HASHED,)


def test_a_file_of_another_tool_with_a_hashed_name_is_a_conflict(store: Stores) -> None:
    store.stored[HASHED] = Stored("foreign", "")
    assert store.plan(**FIRST).conflicts == (HASHED,)
    store.stored[HASHED] = Stored("a", "")  # the same content, without our headers
    assert store.plan(**FIRST).conflicts == ()


def test_a_pending_file_may_get_other_content(store: Stores) -> None:
    """An interrupted run wrote it, and no release uses it."""
    store.manifest = store.plan(**FIRST).before
    store.stored[HASHED] = Stored("unfinished", "")
    assert store.manifest.pending == (HASHED, "index.html")
    assert store.plan(**FIRST).conflicts == ()


def test_hashed_names_are_listed_before_they_are_written(store: Stores) -> None:
    store.publish(**FIRST)
    listed = store.plan(**SECOND).before.files
    assert listed.keys() == {HASHED, OTHER, "index.html"}
    assert (listed[OTHER].digest, listed[OTHER].releases) == ("b", ())
    assert listed["index.html"].digest == "1"


def test_a_listed_name_of_an_interrupted_run_may_get_other_content(store: Stores) -> None:
    store.publish(**FIRST)
    store.manifest = store.plan(**SECOND).before
    changed = {**SECOND, OTHER.replace(".", "_"): "changed"}
    assert store.plan(**changed).conflicts == ()
    assert store.publish(**FIRST).after.files.keys() == {HASHED, "index.html"}


def test_a_pending_file_that_no_release_uses_is_removed(store: Stores) -> None:
    store.manifest = store.plan(**FIRST).before
    store.stored[HASHED] = Stored("a", "")
    plan = store.publish(**SECOND)
    assert plan.removals == (HASHED,)


def test_the_variant_of_a_hashed_file_may_change(store: Stores) -> None:
    store.publish(**{APP: "a", f"{APP}_gz": "az"})
    plan = store.plan(**{APP: "a", f"{APP}_gz": "bz"})
    assert plan.conflicts == ()
    assert paths(plan.puts) == [f"{HASHED}.gz"]
    assert plan.purge == ()


def test_lost_files_of_older_releases_are_reported_and_forgotten(store: Stores) -> None:
    store.publish(**FIRST, keep=2)
    del store.stored[HASHED]
    plan = store.publish(**SECOND, keep=2)
    assert plan.lost == (HASHED,)
    assert HASHED not in plan.after.files


def test_urls_of_changed_and_removed_names_are_purged(store: Stores) -> None:
    before = dict.fromkeys(["index_html", "a_css", "a_css_gz", "b_txt", "c_txt_gz", APP], "1")
    assert store.publish(**before, c_txt="1").purge == ()
    assert store.plan(**before, c_txt="1").purge == ()
    after = {**before, "index_html": "2", "a_css_gz": "2", "new_txt": "2"}
    del after["b_txt"], after["c_txt_gz"], after[APP]
    assert store.plan(**after).purge == ("/a.css", "/b.txt", "/c.txt", "/index.html", "/")


def test_urls_are_quoted() -> None:
    store = Stores()
    files = {"a b/ü.css": BuiltFile("a b/ü.css", 1, "1", False, {})}
    plan = make_plan(files, Manifest(), (), {}, Retention(1, 0), NOW)
    stored: Mapping[str, Stored] = {"a b/ü.css": Stored("1", files["a b/ü.css"].tag)}
    plan = make_plan(built(**FIRST), plan.after, stored, {}, Retention(1, 0), NOW)
    assert plan.purge == ("/a%20b/%C3%BC.css",)
    assert store.manifest == Manifest()


def test_what_an_interrupted_run_may_have_shown_is_purged(store: Stores) -> None:
    store.publish(**FIRST)
    store.manifest = store.plan(index_html="2").before
    store.stored["index.html"] = Stored("2", "")
    plan = store.plan(**FIRST)
    assert paths(plan.puts) == ["index.html"]
    assert plan.purge == ("/index.html", "/")


def test_a_clock_that_was_set_back_keeps_the_order_and_drops_nothing(store: Stores) -> None:
    store.publish(**FIRST, now=NOW, keep_for=60)
    plan = store.publish(**SECOND, now=0, keep_for=60)
    assert plan.dropped == ()
    assert [each.number for each in plan.after.releases] == [2, 1]
    assert [each.published for each in plan.after.releases] == [0, NOW]


def test_an_older_release_may_be_published_again(store: Stores) -> None:
    store.publish(**FIRST, keep=3)
    store.publish(**SECOND, keep=3)
    plan = store.publish(**FIRST, keep=3)
    assert plan.release == 3
    assert paths(plan.puts) == ["index.html"]
    assert plan.after.files[HASHED].releases == (1, 3)
