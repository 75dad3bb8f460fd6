"""Finds the store that an argument names."""

from __future__ import annotations

import os

from ..support.store_names import is_bucket
from .bucket import Bucket
from .bucket_lock import BucketLock
from .bucket_store import BucketStore
from .errors import PublishError
from .folder_store import FolderStore
from .store import Store


def open_store(name: str, build: str) -> Store:
    """Open a store.

    :param name: the path of a folder, or the URL of a bucket.
    :param build: the folder that will be published.
    :raises PublishError: if the store cannot be opened, or is a folder inside the build.
    """
    if not name:
        raise PublishError("the name of the store is empty: use a folder or a bucket")
    try:
        in_bucket = is_bucket(name)
    except ValueError as error:
        raise PublishError(str(error)) from None
    if in_bucket:
        bucket = Bucket(name.rstrip("/"))
        return BucketStore(bucket, BucketLock(bucket))
    store, source = os.path.realpath(name), os.path.realpath(build)
    if os.path.commonpath([store, source]) in (store, source):
        raise PublishError(f"{name} and {build} must not be inside each other")
    if os.path.lexists(name) and not os.path.isdir(name):
        raise PublishError(f"{name} is not a directory")
    return FolderStore(name)
