"""The lock of a bucket: held, taken over, and lost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.helpers.buckets import Failure, Request, TestBucket
from whitenoise_async.releases.bucket import Bucket
from whitenoise_async.releases.bucket_lock import NAME as LOCK
from whitenoise_async.releases.bucket_lock import BucketLock
from whitenoise_async.releases.errors import PublishError

pytestmark = pytest.mark.slow  # needs packages of the extra test-all

INTERVAL, PATIENCE = 0.2, 1.0


def lock_of(bucket: TestBucket, patience: float = PATIENCE) -> BucketLock:
    return BucketLock(Bucket(bucket.url), INTERVAL, patience)


def nothing() -> None:
    pass


def test_a_lock_that_its_holder_renews_is_not_taken_over(bucket: TestBucket) -> None:
    waits: list[bool] = []
    with lock_of(bucket).held(nothing):
        other = lock_of(bucket, 60)
        with (
            pytest.raises(PublishError, match="another run"),
            other.held(lambda: waits.append(True)),
        ):
            pass
    assert waits == [True]


def test_a_lock_that_is_removed_by_its_holder_is_not_taken_over(bucket: TestBucket) -> None:
    bucket.put(LOCK, b"1")
    lock = lock_of(bucket, 60)
    with pytest.raises(PublishError, match="another run"), lock.held(lambda: delete(bucket)):
        pass


def test_of_two_runs_that_take_a_lock_over_one_fails(bucket: TestBucket) -> None:
    bucket.put(LOCK, b"1")
    writes: list[Request] = []

    def take(request: Request) -> None:
        """Another run writes the lock just before this one does."""
        if request.method == "PUT":
            if writes:
                bucket.put(LOCK, b"2")
            writes.append(request)

    bucket.proxy.decide = take
    with pytest.raises(PublishError, match="another run"), lock_of(bucket, 0.1).held(nothing):
        pass
    assert len(writes) == 2


def delete(bucket: TestBucket) -> None:
    bucket.client().delete_object(Bucket=bucket.name, Key=f"site/{LOCK}")


def wait_until_lost(lock: BucketLock) -> Iterator[None]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lock.check()
        time.sleep(0.02)
        yield


def test_a_run_whose_lock_was_taken_over_ends(bucket: TestBucket) -> None:
    lock = lock_of(bucket)
    with lock.held(nothing):
        bucket.put(LOCK, b"2")
        with pytest.raises(PublishError, match="another run has taken over"):
            list(wait_until_lost(lock))
    assert bucket.head(LOCK)["ContentLength"] == 1  # it stays, because it is not ours


def test_a_run_that_cannot_renew_its_lock_ends(bucket: TestBucket) -> None:
    lock = lock_of(bucket)
    with lock.held(nothing):
        bucket.proxy.decide = lambda request: Failure(403, "AccessDenied", "No.")
        with pytest.raises(PublishError, match=r"publish\.lock cannot be written: No"):
            list(wait_until_lost(lock))
