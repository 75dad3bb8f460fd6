"""A file and all files that it reaches through style sheets, as they were at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..files.content import sha256
from ..registry.entries import StaticFile
from ..registry.hashed_urls import HASH_LENGTH
from .contents import Content

if TYPE_CHECKING:
    from .stylesheets import Reference


class Link(NamedTuple):
    """A reference of a style sheet to a listed file."""

    reference: Reference
    path: str  # the path of the reference, decoded
    rest: str  # its query and fragment, as they are
    target: str  # the plain URL of the file


class Node(NamedTuple):
    """A file of a graph."""

    file: StaticFile
    content: Content
    links: tuple[Link, ...] = ()
    #: The version of the rewriting if it is a style sheet; ``None`` for other files.
    version: int | None = None
    #: Whether references to the file stay as they are, because its name has a hash already.
    keeps_url: bool = False


#: Nodes by plain URL. A node is there for the target of each link.
Graph = Mapping[str, Node]


def reached_from(graph: Graph, url: str) -> set[str]:
    """The plain URLs of all files that a file reaches; of itself too, if it is in a circle."""
    reached: set[str] = set()
    waiting = [url]
    while waiting:
        targets = {each.target for each in graph[waiting.pop()].links}
        waiting += targets - reached
        reached |= targets
    return reached


def hash_of(graph: Graph, url: str) -> str:
    """The hash of the file with a plain URL.

    That of a style sheet covers all files that it reaches. So references in a circle are no
    problem: every hash is computed from original bytes only.

    :returns: twelve hexadecimal digits of SHA-256.
    """
    node = graph[url]
    digest = node.content.digest
    if node.version is not None:
        combined = sha256(digest)
        for each in sorted(reached_from(graph, url)):
            other = graph[each]
            name = each.encode("utf-8", "surrogateescape")
            combined.update(b"%b\0%b%d" % (name, other.content.digest, other.keeps_url))
        combined.update(b"%d" % node.version)
        digest = combined.digest()
    return digest.hex()[:HASH_LENGTH]
