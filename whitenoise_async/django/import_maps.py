"""The import map of a project: browsers load the hashed copy of each module that is imported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from django.conf import STATICFILES_STORAGE_ALIAS
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.files.storage import storages
from django.templatetags.static import static
from django.utils.encoding import filepath_to_uri

from ..assets.import_map import import_map_element
from ..assets.markup import Markup
from .integrity import file_integrity

_SCRIPTS = (".js", ".mjs")


def import_map(*names: str, nonce: object = None) -> Markup:
    """Return the ``script`` element of an import map, from plain URLs to those of ``{% static %}``.

    This function is the template tag ``{% import_map %}``, and works in Jinja2 too.

    :param names: names of scripts, as for ``{% static %}``. Without names, all scripts of the
        storage's manifest.
    :param nonce: the nonce of the page's Content Security Policy. ``None`` or an empty value adds
        none.
    :returns: an empty string if ``{% static %}`` returns plain URLs: with ``DEBUG``, or if the
        storage does not hash names.
    :raises ValueError: for a name that is not in the manifest, as ``{% static %}`` does.
    """
    storage = storages[STATICFILES_STORAGE_ALIAS]
    imports: dict[str, str] = {}
    integrity: dict[str, str] = {}
    for name in names or _scripts(storage):
        url = static(name)
        hashed = _hashed_name(storage, name, url)
        if hashed is None:
            continue
        imports[_path(url).removesuffix(hashed) + filepath_to_uri(name)] = url
        value = file_integrity.value(storage, hashed)
        if value is not None:
            integrity[url] = value
    if not imports:
        return Markup()
    # A lazy nonce is false until it is converted to a string.
    text = "" if nonce is None else str(nonce)
    return import_map_element(imports, integrity, text or None)


def _scripts(storage: Any) -> Iterable[str]:
    """The names of all scripts that the storage has hashed."""
    # A copy: a storage without a manifest adds names while templates are rendered.
    hashed = list(getattr(storage, "hashed_files", ()))
    return [name for name in hashed if name.endswith(_SCRIPTS)]


def _hashed_name(storage: Any, name: str, url: str) -> str | None:
    """The name in the storage of the file at ``url``, or ``None`` if its name is not hashed.

    :param url: the URL that ``{% static %}`` returns for ``name``.
    """
    path = _path(url)
    if path.endswith(f"/{name}") or not isinstance(storage, HashedFilesMixin):
        return None
    hashed: str = storage.stored_name(name)
    # A subclass may give a URL that does not contain the name. Then the plain URL is not known.
    return hashed if path.endswith(f"/{hashed}") else None


def _path(url: str) -> str:
    """The part of a URL before a query, as Django's storages return it: decoded."""
    return unquote(url.partition("?")[0])
