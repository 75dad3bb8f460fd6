"""Reads Django's requests as the adapters read theirs."""

from __future__ import annotations

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from ..http.paths import below_mounts, has_encoded_slash, restore_slash
from ..serving.response_cache import RawFields
from ..wsgi.environ import has_encoded_slash_in, relevant_headers


def url_of(request: HttpRequest) -> str:
    """The path below the mount point, as the other adapters read it."""
    path: str = request.path_info
    if not isinstance(request, ASGIRequest):
        # Most paths have their slash.
        return path if path[:1] == "/" else restore_slash(path, request.META.get("SCRIPT_NAME", ""))
    mount = request.script_name
    if not mount:
        return path
    # Versions of Django remove the mount point in different ways. Any other path was set by a
    # middleware.
    whole = request.scope["path"]
    if path in (whole, whole.removeprefix(mount), whole.removeprefix(mount.rstrip("/"))):
        return below_mounts(whole, mount, request.scope.get("app_root_path") or "")
    return path


def names_encoded_slash(request: HttpRequest) -> bool:
    """Whether the client encoded a slash in the path, if the server passes the original path."""
    if not isinstance(request, ASGIRequest):
        return has_encoded_slash_in(request.META)
    return has_encoded_slash(request.scope.get("raw_path"), request.script_name)


def method_of(request: HttpRequest) -> str:
    """The method of the request, as it was sent."""
    # Under ASGI, Django converts the method to upper case, in META as well.
    is_asgi = isinstance(request, ASGIRequest)
    method: str = request.scope["method"] if is_asgi else request.META["REQUEST_METHOD"]
    return method


def method_and_headers(request: HttpRequest) -> tuple[str, RawFields]:
    """The method of the request, as it was sent, and the headers that matter."""
    return method_of(request), relevant_headers(request.META)


def target_of(request: HttpRequest) -> tuple[str, str]:
    """The path of the request, or the mount point if it is empty, and the query as Latin-1 text."""
    query = request.META.get("QUERY_STRING", "")
    if isinstance(request, ASGIRequest):
        query = query.encode().decode("latin-1")
    return request.path_info or request.path, query
