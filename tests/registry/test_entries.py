"""The entries of a registry."""

from __future__ import annotations

from whitenoise_async.registry.entries import Redirect, StaticFile, Unresolved


def test_a_file_has_no_variants_and_follows_every_link_by_default() -> None:
    file = StaticFile("/root/a.css", "/a.css")
    assert (file.path, file.url) == ("/root/a.css", "/a.css")
    assert (file.suffixes, file.is_variant, file.root) == ((), False, None)
    file = StaticFile("/root/a.gz", "/a.gz", (".br",), is_variant=True, root="/root")
    assert (file.suffixes, file.is_variant, file.root) == ((".br",), True, "/root")


def test_a_file_knows_its_path_below_its_root() -> None:
    assert StaticFile("/root/a.css", "/a.css").path_below_root == "a.css"
    file = StaticFile("/root/docs/index.html", "/static/docs/", below="docs/")
    assert file.path_below_root == "docs/index.html"


def test_two_files_are_never_equal() -> None:
    """A responder keeps the state of a file by its entry. A replaced entry must not find it."""
    one, other = (StaticFile("/root/a.css", "/a.css") for _ in range(2))
    assert one != other
    assert len({one, other}) == 2


def test_redirects_and_unresolved_urls_are_plain_values() -> None:
    file = StaticFile("/root/docs/index.html", "/docs/")
    assert Redirect(file, "./") == Redirect(file, "./") != Redirect(file, None)
    assert Unresolved("/a").kind is None
    assert Unresolved("/a") == Unresolved("/a") != Unresolved("/b")
