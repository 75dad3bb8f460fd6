"""Methods of WhiteNoise's and ServeStatic's classes that this package never calls.

A subclass that overrides one of them would have no effect, and might publish files that it meant
to keep private. So the subclass is refused, and the message names the replacement.
"""

from __future__ import annotations

from collections.abc import Mapping

_SELECT = "the options include and exclude select files, and find(url) finds one"
_ADD = "add_files() adds a folder, and the options include and exclude select files"
_HEADERS = "the hook add_headers_function sets headers"
_CACHE = "use the options max_age and immutable_file_test, or the hook add_headers_function"
_IMMUTABLE = "the hook immutable_file_test says which files never change"
_CALL = "override __call__"
_STORAGE = "use OPTIONS['compress'] of the storage"

#: Methods of applications and middlewares, and their replacements.
UNCALLED_APPLICATION_METHODS: Mapping[str, str] = {
    "find_file": _SELECT,
    "find_file_at_path": _SELECT,
    "find_file_at_path_with_indexes": "the option index_file serves index files",
    "candidate_paths_for_url": _ADD,
    "add_file_to_dictionary": _SELECT,
    "update_files_dictionary": _ADD,
    "insert_directory": _ADD,
    "path_is_child_of": "add_files(followlinks=...) says whether links to folders are followed",
    "path_within_root": "add_files(followlinks=...) says whether links to folders are followed",
    "url_is_canonical": "a URL is served only if it is exactly the URL of a file",
    "is_compressed_variant": "the option exclude keeps variants out, as in exclude=['*.gz']",
    "get_static_file": _HEADERS,
    "add_mime_headers": "use the options mimetypes and charset, or the hook add_headers_function",
    "add_cache_headers": _CACHE,
    "add_cors_headers": "use the option allow_all_origins, or the hook add_headers_function",
    "add_extra_headers": _HEADERS,
    "add_stat_headers": _HEADERS,
    "get_charset": "use the option charset",
    "redirect": "the option index_file redirects to the URL of the folder",
    "serve": _CALL,
    "aserve": _CALL,
    "process_request": _CALL,
    "get_name_without_hash": _IMMUTABLE,
    "get_static_url": _IMMUTABLE,
    "add_files_from_finders": "use the setting WHITENOISE_USE_FINDERS",
    "add_files_from_manifest": "use the setting WHITENOISE_USE_MANIFEST",
    "default_static_prefix": "use the setting WHITENOISE_STATIC_PREFIX",
    "configure_from_settings": "set options in __init__, before super().__init__()",
}

#: Hooks of the wrappers that :class:`Assets` does not have, and their replacements.
UNCALLED_ASSETS_METHODS: Mapping[str, str] = {"is_immutable_file": _IMMUTABLE}

#: Methods of storages, and their replacements.
UNCALLED_STORAGE_METHODS: Mapping[str, str] = {
    "create_compressor": _STORAGE,
    "compress_files": _STORAGE,
    "post_process_with_compression": "override post_process",
    "make_helpful_exception": "the error of collectstatic names all missing references",
    "keep_only_hashed_files": "use the setting WHITENOISE_KEEP_ONLY_HASHED_FILES",
}

# A class with its own ``__call__`` may call methods of these names itself.
_COMMON_NAMES = frozenset({"process_request", "redirect"})


def find_uncalled_override(kind: type, replacements: Mapping[str, str]) -> str | None:
    """Describe the first method that ``kind`` overrides in vain.

    :param kind: a subclass of one of this package's classes.
    :param replacements: the methods that are never called, with their replacements.
    :returns: ``None`` if there is no such method.
    """
    package = __name__.partition(".")[0]
    foreign = [each for each in kind.__mro__ if each.__module__.partition(".")[0] != package]
    calls_itself = any("__call__" in vars(each) for each in foreign)
    for each in foreign:
        for name, replacement in replacements.items():
            if name in vars(each) and not (calls_itself and name in _COMMON_NAMES):
                where = "" if each is kind else f" of {each.__name__}"
                return f"{kind.__name__}: {name}(){where} is never called; {replacement}"
    return None
