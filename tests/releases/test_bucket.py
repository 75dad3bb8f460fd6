"""The calls of obstore: conditions, and errors of one line."""

from __future__ import annotations

import pytest

from tests.helpers.buckets import Failure, TestBucket
from whitenoise_async.releases.bucket import Bucket, OtherRunError, Revision, _reason
from whitenoise_async.releases.errors import PublishError

pytestmark = pytest.mark.slow  # needs packages of the extra test-all


def test_a_put_that_was_done_before_its_failure_is_no_conflict(bucket: TestBucket) -> None:
    found = Bucket(bucket.url)
    failures = [Failure(500)]
    bucket.proxy.decide_after = lambda request: (
        failures.pop() if request.method == "PUT" and failures else None
    )
    revision = found.put_if("a", b"1", None)
    assert found.put_if("a", b"2", revision)
    with pytest.raises(OtherRunError):
        found.put_if("a", b"3", revision)
    delete_all = [path for path, _ in found.list_objects()]
    found.delete(delete_all)
    found.delete([])
    with pytest.raises(OtherRunError):
        found.put_if("a", b"3", revision)


def test_reasons_are_short() -> None:
    text = "Generic S3 error: Error performing GET http://x in 1s - HTTP error:  it\nbroke"
    assert _reason(f"{text}\n\nDebug source:\nGeneric") == "HTTP error: it broke"
    assert len(_reason("x" * 1000)) == 300


def test_an_invalid_url_is_an_error() -> None:
    pytest.importorskip("obstore")
    with pytest.raises(PublishError, match=r"^s3:// cannot be opened: "):
        Bucket("s3://")


def test_a_condition_has_the_etag_and_the_version(
    bucket: TestBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google Cloud Storage needs the version, which S3 has only for some buckets."""
    modes: list[object] = []

    def put(*arguments: object, mode: object, **options: object) -> dict[str, str | None]:
        modes.append(mode)
        return {"e_tag": "1", "version": None}

    monkeypatch.setattr("obstore.put", put)
    found = Bucket(bucket.url)
    assert found.put_if("a", b"", Revision("2", "20")) == Revision("1", None)
    found.put_if("a", b"", Revision("1", None))
    assert modes == [{"e_tag": "2", "version": "20"}, {"e_tag": "1"}]
