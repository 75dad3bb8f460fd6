"""Sets up the option ``store``: what a replica serves from a store of releases."""

from __future__ import annotations

from ..options import ResolvedOptions
from ..registry.hashed_urls import has_hash
from ..registry.interface import check_prefix, normalized_prefix
from ..support.store_names import is_bucket
from ..support.url_tests import same
from .bucket import Bucket
from .bucket_reader import BucketReader
from .errors import PublishError
from .folder_reader import FolderReader
from .kept_files import KeptFiles, KeptNames
from .reader import StoreReader


def kept_files(options: ResolvedOptions, store: str, prefix: str | None) -> KeptFiles:
    """The files that the store supplies below ``prefix``.

    :param store: the path of a folder, absolute, or the URL of a bucket.
    :raises TypeError: for a prefix of the wrong type.
    :raises ValueError: for a prefix that is a URL, or a bucket that cannot be used here.
    """
    check_prefix("prefix", prefix)
    names = KeptNames(
        normalized_prefix(prefix), options.exclude, options.store_test or same(has_hash)
    )
    interval = 0 if options.autorefresh else options.check_interval
    return KeptFiles(_reader(store), names, interval)


def _reader(store: str) -> StoreReader:
    if not is_bucket(store):
        return FolderReader(store)
    try:
        return BucketReader(Bucket(store, is_hurried=True))
    except PublishError as error:
        raise ValueError(f"store: {error}") from error
