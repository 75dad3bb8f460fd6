"""Finds the store that an argument names."""

from __future__ import annotations

import os
import re

from .bucket import Bucket
from .bucket_lock import BucketLock
from .bucket_store import BucketStore
from .errors import PublishError
from .folder_store import FolderStore
from .store import Store

_SCHEMES = ("s3", "gs", "az")


def open_store(name: str, build: str) -> Store:
    """Open a store.

    :param name: the path of a folder, or the URL of a bucket.
    :param build: the folder that will be published.
    :raises PublishError: if the store cannot be opened, or is a folder inside the build.
    """
    if (found := re.match(r"([a-z][a-z0-9+.-]*)://", name)) is not None:
        if found[1] not in _SCHEMES:
            known = ", ".join(f"{each}://" for each in _SCHEMES)
            raise PublishError(f"{name} is not a store: use a folder, or a bucket ({known})")
        bucket = Bucket(name.rstrip("/"))
        return BucketStore(bucket, BucketLock(bucket))
    store, source = os.path.realpath(name), os.path.realpath(build)
    if os.path.commonpath([store, source]) in (store, source):
        raise PublishError(f"{name} and {build} must not be inside each other")
    if os.path.lexists(name) and not os.path.isdir(name):
        raise PublishError(f"{name} is not a directory")
    return FolderStore(name)
