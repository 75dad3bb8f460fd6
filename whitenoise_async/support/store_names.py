"""The names of stores: the path of a folder, or the URL of a bucket."""

from __future__ import annotations

import re

_SCHEMES = ("s3", "gs", "az")


def is_bucket(name: str) -> bool:
    """Whether a store is a bucket.

    :raises ValueError: for a URL with another scheme, or with a query or fragment.
    """
    found = re.match(r"([a-z][a-z0-9+.-]*)://", name)
    if found is None:
        return False
    if found[1] not in _SCHEMES:
        known = ", ".join(f"{each}://" for each in _SCHEMES)
        raise ValueError(f"{name} is not a store: use a folder, or a bucket ({known})")
    if "?" in name or "#" in name:
        raise ValueError(f"{name} is not a store: the URL of a bucket has no '?' and no '#'")
    return True
