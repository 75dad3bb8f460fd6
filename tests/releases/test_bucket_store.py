"""Publishing to a bucket of a real S3 server: metadata, faults, simultaneous and killed runs."""

from __future__ import annotations

import datetime
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.buckets import Failure, Request, TestBucket, ask
from tests.helpers.builds import (
    KEEP_ONE,
    KEEP_TWO,
    delta_path,
    hashed_name,
    make_build,
    make_scripts,
    require_whole_pages,
    script_of,
    script_path,
    settings,
)
from tests.helpers.deltas import apply_delta
from tests.helpers.examples import some
from tests.helpers.files import write
from whitenoise_async.cli.publish import main
from whitenoise_async.releases import bucket as bucket_module
from whitenoise_async.releases.bucket import Bucket
from whitenoise_async.releases.bucket_lock import NAME as LOCK
from whitenoise_async.releases.bucket_lock import BucketLock
from whitenoise_async.releases.bucket_store import BucketStore
from whitenoise_async.releases.build import BuildRules
from whitenoise_async.releases.errors import PublishError
from whitenoise_async.releases.manifest import Manifest, parse_manifest
from whitenoise_async.releases.publish import check, publish
from whitenoise_async.releases.report import Action, Outcome, Report, Watcher
from whitenoise_async.releases.stores import open_store

pytestmark = pytest.mark.slow  # needs packages of the extra test-all

INTERVAL, PATIENCE = 0.2, 1.0

# Runs that take over a lock sooner.
SCRIPT = f"""
import sys
from whitenoise_async.cli.publish import main
from whitenoise_async.releases.bucket_lock import BucketLock
BucketLock.__init__.__defaults__ = ({INTERVAL}, {PATIENCE})
sys.exit(main(sys.argv[1:]))
"""
COMMAND = [sys.executable, "-c", SCRIPT]


@pytest.fixture(autouse=True)
def _short_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = datetime.timedelta(seconds=3)
    monkeypatch.setitem(bucket_module._RETRIES, "retry_timeout", limit)
    monkeypatch.setitem(bucket_module._RETRIES, "max_retries", 4)


def store_of(bucket: TestBucket) -> BucketStore:
    found = Bucket(bucket.url)
    return BucketStore(found, BucketLock(found, INTERVAL, PATIENCE))


def manifest_of(bucket: TestBucket) -> Manifest:
    return parse_manifest(bucket.contents()["releases.json"], "releases.json")


def build_of(folder: Path, release: int, chunks: int = 2) -> str:
    return str(make_build(folder / str(release), release, chunks))


def publish_release(bucket: TestBucket, folder: Path, release: int) -> Report:
    return publish(build_of(folder, release), store_of(bucket), KEEP_TWO)


def changes(bucket: TestBucket) -> list[Request]:
    return [each for each in bucket.proxy.requests if each.method in ("PUT", "POST", "DELETE")]


def test_an_url_opens_a_bucket(bucket: TestBucket) -> None:
    store = open_store(bucket.url + "/", "dist")
    assert isinstance(store, BucketStore)
    assert store.name == bucket.url
    assert store.read_manifest() is None


def test_each_object_has_the_headers_of_our_responses(bucket: TestBucket, tmp_path: Path) -> None:
    app = hashed_name("assets/c0", b"shared script")
    write(tmp_path / "1" / app, b"shared script" * 0 + b"shared script", compressed=False)
    report = publish_release(bucket, tmp_path, 1)
    assert report.release == 1
    heads = {path: bucket.head(path) for path in (app, "index.html", "index.html.gz")}
    names = ("ContentType", "CacheControl", "ContentEncoding")
    assert {path: [head.get(name) for name in names] for path, head in heads.items()} == {
        app: ['text/javascript; charset="utf-8"', "max-age=315360000, public, immutable", None],
        "index.html": ['text/html; charset="utf-8"', "max-age=60, public", None],
        "index.html.gz": ['text/html; charset="utf-8"', "max-age=60, public", "gzip"],
    }
    assert LOCK not in bucket.contents()
    assert bucket.head("releases.json")["CacheControl"] == "no-store"


def test_releases_are_merged_and_dropped(bucket: TestBucket, tmp_path: Path) -> None:
    for release in (1, 2, 3):
        report = publish_release(bucket, tmp_path, release)
        assert not report.problems
        require_whole_pages(bucket.contents())
    assert report.dropped == (1,)
    assert len(report.of(Action.REMOVED)) == 2
    assert {each.number for each in manifest_of(bucket).releases} == {2, 3}
    assert not check(build_of(tmp_path, 3), store_of(bucket), KEEP_TWO).problems


def test_a_second_publish_of_5000_files_puts_nothing(bucket: TestBucket, tmp_path: Path) -> None:
    """It lists a thousand keys with each call."""
    chunks = some(4995)
    build = build_of(tmp_path, 1, chunks=chunks)
    report = publish(build, store_of(bucket), KEEP_ONE)
    assert len(report.of(Action.WRITTEN)) == chunks + 4
    bucket.proxy.requests.clear()
    report = publish(build, store_of(bucket), KEEP_ONE)
    assert report.outcomes == []
    assert not changes(bucket)
    listings = [each for each in bucket.proxy.requests if each.is_listing]
    assert len(listings) <= chunks // 1000 + 2
    assert len(bucket.proxy.requests) == len(listings) + 1  # and the manifest


def test_changed_headers_are_written(bucket: TestBucket, tmp_path: Path) -> None:
    build = build_of(tmp_path, 1)
    publish(build, store_of(bucket), KEEP_ONE)
    report = publish(build, store_of(bucket), settings(1, BuildRules(r"robots\.")))
    assert {each.path for each in report.of(Action.WRITTEN)} == {
        "robots.txt",
        *(name for name in bucket.contents() if name.startswith("assets/")),
    }
    assert bucket.head("robots.txt")["CacheControl"].endswith("immutable")


def test_a_large_file_is_written_in_parts(bucket: TestBucket, tmp_path: Path) -> None:
    content = random.Random(0).randbytes(12_000_000)
    write(tmp_path / "1" / "large.bin", content)
    publish_release(bucket, tmp_path, 1)
    assert bucket.contents()["large.bin"] == content
    assert any("partNumber" in each.target for each in bucket.proxy.requests)


@pytest.mark.parametrize("size", [10, 6_000_000])
def test_a_file_that_changes_is_not_written(bucket: TestBucket, tmp_path: Path, size: int) -> None:
    build = Path(build_of(tmp_path, 1))
    changing = write(build / "changing.bin", b"1" * size)

    class Changing(Watcher):
        def on_start(self, _: int) -> None:
            write(changing, b"2" * size)

    with pytest.raises(PublishError, match="changed during this run"):
        publish(str(build), store_of(bucket), KEEP_ONE, Changing())
    assert "changing.bin" not in bucket.contents()


def test_a_hashed_name_with_other_content_is_refused(bucket: TestBucket, tmp_path: Path) -> None:
    publish_release(bucket, tmp_path, 1)
    name = hashed_name("assets/c1", b"0 of 1")
    write(tmp_path / "2" / name, b"other")
    bucket.proxy.requests.clear()
    assert publish_release(bucket, tmp_path, 2).problems == [Outcome(name, Action.CONFLICT)]
    assert not changes(bucket)


def test_objects_of_another_tool_are_compared_by_content(
    bucket: TestBucket, tmp_path: Path
) -> None:
    same, other = (hashed_name(f"assets/c{each}", b"%d of 1" % (each - 1)) for each in (1, 2))
    bucket.put(same, b"0 of 1")
    bucket.put(other, b"another content")
    report = publish_release(bucket, tmp_path, 1)
    assert report.problems == [Outcome(other, Action.CONFLICT)]
    bucket.put(other, b"1 of 1")
    report = publish_release(bucket, tmp_path, 1)
    assert not report.problems
    assert bucket.head(same)["ContentType"].startswith("text/javascript")


def test_an_object_that_vanishes_during_the_plan_is_written(
    bucket: TestBucket, tmp_path: Path
) -> None:
    bucket.put("robots.txt", b"User-agent: *\n")
    found: list[Request] = []

    def vanish(request: Request) -> Failure | None:
        if request.method == "HEAD" and request.key.endswith("robots.txt") and not found:
            found.append(request)
            return Failure(404)
        return None

    bucket.proxy.decide = vanish
    report = publish_release(bucket, tmp_path, 1)
    assert found
    assert "robots.txt" in [each.path for each in report.of(Action.WRITTEN)]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_bucket_that_answers_500_and_503_in_between(
    bucket: TestBucket, tmp_path: Path, before: bool
) -> None:
    """Also if it has done what was asked before it failed."""
    generator = random.Random(1)

    def fail(request: Request) -> Failure | None:
        if generator.random() < 0.15:
            return Failure(generator.choice([500, 503]), "SlowDown", "Please reduce the rate.")
        return None

    if before:
        bucket.proxy.decide = fail
    else:
        bucket.proxy.decide_after = fail
    for release in (1, 2):
        publish_release(bucket, tmp_path, release)
    assert not check(build_of(tmp_path, 2), store_of(bucket), KEEP_TWO).problems
    require_whole_pages(bucket.contents())


def test_a_bucket_that_keeps_failing_is_an_error_and_the_run_is_resumed(
    bucket: TestBucket, tmp_path: Path
) -> None:
    publish_release(bucket, tmp_path, 1)
    script = hashed_name("assets/c2", b"1 of 2")
    bucket.proxy.decide = lambda request: (
        Failure(503, "SlowDown", "Please reduce your request rate.")
        if request.method == "PUT" and request.key.endswith(script)
        else None
    )
    with pytest.raises(PublishError) as raised:
        publish_release(bucket, tmp_path, 2)
    assert str(raised.value) == (
        f"{bucket.url}/{script} cannot be written: Please reduce your request rate (SlowDown)"
    )
    bucket.proxy.decide = lambda request: None
    require_whole_pages(bucket.contents())
    assert manifest_of(bucket).newest == 1
    assert hashed_name("assets/c1", b"0 of 2") in bucket.contents()
    assert [each.path for each in publish_release(bucket, tmp_path, 2).of(Action.WRITTEN)] == [
        script,
        "index.html",
        "index.html.gz",
    ]


ERRORS = [
    (Failure(403, "InvalidAccessKeyId", "The key does not exist."), "The key does not exist"),
    (Failure(403, "SignatureDoesNotMatch", "Signatures differ."), "Signatures differ"),
    (Failure(403), "403 Forbidden"),
    (
        Failure(403, "RequestTimeTooSkewed", "The clocks differ too much."),
        "The clocks differ too much (RequestTimeTooSkewed)",
    ),
    (Failure(404, "NoSuchBucket", "There is no such bucket."), "There is no such bucket"),
]


def refusal(bucket: TestBucket, build: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The only line that a run prints, which fails."""
    assert main([build, bucket.url]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith(f"{bucket.url}/releases.json cannot be read: ")
    return output.err


@pytest.mark.parametrize("failure, reason", ERRORS)
def test_a_refusal_is_an_error_of_one_line(
    bucket: TestBucket,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    failure: Failure,
    reason: str,
) -> None:
    bucket.proxy.decide = lambda request: failure
    assert reason in refusal(bucket, build_of(tmp_path, 1), capsys)


def test_wrong_credentials_are_an_error_of_one_line(
    bucket: TestBucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server checks them from now on."""
    build = build_of(tmp_path, 1)
    assert ask(bucket.port, "POST", "/moto-api/reset-auth", b"0")[0] == 200
    try:
        assert "(InvalidAccessKeyId)" in refusal(bucket, build, capsys)
    finally:
        ask(bucket.port, "POST", "/moto-api/reset-auth", b"99999999")


def test_a_bucket_that_cannot_be_reached_is_an_error_of_one_line(
    bucket: TestBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(PublishError, match=r"cannot be read: (?!.*\n).+") as raised:
        publish_release(bucket, tmp_path, 1)
    assert "Debug" not in str(raised.value)


def run(bucket: TestBucket, build: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, build, bucket.url, *options]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ)


def test_of_two_simultaneous_runs_one_fails_and_changes_nothing(
    bucket: TestBucket, tmp_path: Path
) -> None:
    build = build_of(tmp_path, 2)
    publish_release(bucket, tmp_path, 1)
    with store_of(bucket).locked(lambda: None):
        before = bucket.contents()
        done = run(bucket, build)
        assert bucket.contents() == before
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"{bucket.url}: waiting for another run to end",
        f"another run publishes to {bucket.url}: nothing was changed; run the command again when"
        " that run has ended",
    ]
    assert run(bucket, build).returncode == 0


def test_simultaneous_processes_leave_a_whole_store(bucket: TestBucket, tmp_path: Path) -> None:
    builds = [build_of(tmp_path, each, chunks=60) for each in range(4)]
    commands = [[*COMMAND, "-q", "--keep", "9", each, bucket.url] for each in builds]
    processes = [subprocess.Popen(each, stderr=subprocess.PIPE) for each in commands]
    errors = [process.communicate()[1].decode() for process in processes]
    statuses = [process.returncode for process in processes]
    assert 0 in statuses and set(statuses) <= {0, 1}
    assert ["another run" in error for error in errors] == list(map(bool, statuses))
    assert len(manifest_of(bucket).releases) == statuses.count(0)
    require_whole_pages(bucket.contents())
    for build, status in zip(builds, statuses, strict=True):
        scripts = {path.name for path in Path(build, "assets").iterdir() if "c0" not in path.name}
        found = {name.rpartition("/")[2] for name in bucket.contents()}
        assert scripts <= found if status == 0 else scripts.isdisjoint(found)


def test_the_lock_of_a_killed_run_is_taken_over(bucket: TestBucket, tmp_path: Path) -> None:
    bucket.put(LOCK, b'{"run": "killed"}')
    waits: list[str] = []

    class Waiter(Watcher):
        def on_wait(self, store: str) -> None:
            waits.append(store)

    report = publish(build_of(tmp_path, 1), store_of(bucket), KEEP_ONE, Waiter())
    assert report.release == 1
    assert waits == [bucket.url]
    assert LOCK not in bucket.contents()


def test_a_manifest_that_was_changed_is_not_replaced(bucket: TestBucket) -> None:
    store = store_of(bucket)
    store.read_manifest()
    bucket.put("releases.json", b"{}")
    with pytest.raises(PublishError, match=r"releases\.json was changed by another run"):
        store.write_manifest(b"[]")
    assert bucket.contents()["releases.json"] == b"{}"


def test_runs_that_are_killed_at_random_leave_whole_pages(
    bucket: TestBucket, tmp_path: Path
) -> None:
    generator = random.Random(5)
    publish(build_of(tmp_path, 0, chunks=100), store_of(bucket), KEEP_TWO)
    build, killed = build_of(tmp_path, 1, chunks=100), 0
    for release in range(2, 2 + max(some(4), 2)):
        bucket.proxy.requests.clear()
        process = subprocess.Popen([*COMMAND, "-q", build, bucket.url], env=os.environ)
        puts = generator.randrange(120)
        while process.poll() is None and len(bucket.proxy.of("PUT")) < puts:
            time.sleep(0.005)
        process.kill()
        contents = bucket.contents()
        require_whole_pages(contents)
        parse_manifest(contents["releases.json"], "releases.json")
        if process.wait() != 0:
            killed += 1
        else:
            build = build_of(tmp_path, release, chunks=100)
    assert killed
    report = publish(build, store_of(bucket), settings(9))
    assert not report.problems
    assert not check(build, store_of(bucket), settings(9)).problems
    assert json.loads(bucket.contents()["releases.json"])["pending"] == []


def scripts(folder: Path, release: int, *names: str) -> str:
    return str(make_scripts(folder / str(release), release, *names))


def reads(bucket: TestBucket) -> list[str]:
    """The paths of the objects whose content was read, without the manifest and the lock."""
    found = [each.key.partition("/site/")[2] for each in bucket.proxy.of("GET")]
    return [each for each in found if each not in ("", "releases.json", LOCK)]


def test_deltas_are_made_from_the_objects_that_are_needed(
    bucket: TestBucket, tmp_path: Path
) -> None:
    """Each is read once. The unchanged script and the page are not."""
    for release in (1, 2):
        write(tmp_path / str(release) / hashed_name("same", b"same" * 99), b"same" * 99)
        write(tmp_path / str(release) / "index.html", b"page %d" % release * 99)
        bucket.proxy.requests.clear()
        publish(scripts(tmp_path, release, "a", "b"), store_of(bucket), KEEP_TWO)
    assert sorted(reads(bucket)) == sorted(script_path(1, name) for name in "ab")
    contents = bucket.contents()
    for name in "ab":
        delta = delta_path(1, 2, name)
        assert apply_delta(script_of(1, name), contents[delta]) == script_of(2, name)
        head = bucket.head(delta)
        assert [head[each] for each in ("ContentEncoding", "ContentType", "CacheControl")] == [
            "dcz",
            'text/javascript; charset="utf-8"',
            "max-age=315360000, public, immutable",
        ]
    assert manifest_of(bucket).files[delta_path(1, 2, "a")].against == (1,)


def test_a_second_publish_with_deltas_reads_no_object(bucket: TestBucket, tmp_path: Path) -> None:
    for release in (1, 2):
        publish(scripts(tmp_path, release), store_of(bucket), KEEP_TWO)
    bucket.proxy.requests.clear()
    for function in (publish, check):
        report = function(scripts(tmp_path, 2), store_of(bucket), KEEP_TWO)
        assert report.outcomes == []
        assert [each.path for each in report.deltas] == [delta_path(1, 2)]
    assert not changes(bucket) and not reads(bucket)
    assert len(bucket.proxy.requests) == 4  # the manifest and the list, twice


def test_deltas_are_removed_with_the_release_that_they_start_from(
    bucket: TestBucket, tmp_path: Path
) -> None:
    for release in (1, 2, 3):
        publish(scripts(tmp_path, release), store_of(bucket), KEEP_TWO)
    assert {name for name in bucket.contents() if name.endswith(".dcz")} == {delta_path(2, 3)}


def test_a_lost_delta_is_a_problem_and_made_again(bucket: TestBucket, tmp_path: Path) -> None:
    for release in (1, 2):
        publish(scripts(tmp_path, release), store_of(bucket), KEEP_TWO)
    before = bucket.contents()
    bucket.client().delete_object(Bucket=bucket.name, Key=f"site/{delta_path(1, 2)}")
    lost = Outcome(delta_path(1, 2), Action.MISSING, len(before[delta_path(1, 2)]))
    assert check(scripts(tmp_path, 2), store_of(bucket), KEEP_TWO).problems == [lost]
    publish(scripts(tmp_path, 2), store_of(bucket), KEEP_TWO)
    assert bucket.contents() == before


def test_a_check_compares_the_recorded_headers_without_a_request_for_each_object(
    bucket: TestBucket, tmp_path: Path
) -> None:
    """Here the rule for hashed names has changed, and with it ``Cache-Control``."""
    for release in (1, 2):
        publish(scripts(tmp_path, release), store_of(bucket), KEEP_TWO)
    write(tmp_path / "2" / "plain.txt", b"plain")
    publish(str(tmp_path / "2"), store_of(bucket), settings(3))
    bucket.proxy.requests.clear()
    changed = settings(3, BuildRules(r"plain|\.[0-9a-f]{12}\."))
    report = check(str(tmp_path / "2"), store_of(bucket), changed)
    assert ("plain.txt", Action.MISSING) in [each[:2] for each in report.problems]
    assert len(bucket.proxy.requests) == 2


def test_a_delta_with_other_headers_that_cannot_be_made_again_is_removed(
    bucket: TestBucket, tmp_path: Path
) -> None:
    for release in (1, 2):
        write(tmp_path / str(release) / "plain.js", script_of(release))
        publish(str(tmp_path / str(release)), store_of(bucket), KEEP_TWO)
    (delta,) = (name for name in bucket.contents() if name.endswith(".dcz"))
    assert bucket.head(delta)["CacheControl"] == "max-age=60, public"
    publish(str(tmp_path / "2"), store_of(bucket), settings(2, BuildRules("plain[.]")))
    assert delta not in bucket.contents()  # the old content of this name is gone
