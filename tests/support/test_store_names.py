"""The names of stores."""

from __future__ import annotations

import pytest

from whitenoise_async.support.store_names import is_bucket


def test_a_bucket_has_a_scheme() -> None:
    assert is_bucket("s3://bucket/prefix")
    assert is_bucket("gs://bucket")
    assert is_bucket("az://container")
    assert not is_bucket("store")
    assert not is_bucket("/srv/s3://x")
    with pytest.raises(ValueError, match=r"^file:///x is not a store: .*\(s3://, gs://, az://\)$"):
        is_bucket("file:///x")
