"""The base class of the middleware and the wrapper: it serves files according to the settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings as django_settings

from ..applications import accepts
from ..assets.site import Site, registry_options
from ..base import BaseWhiteNoise, Wrapper
from ..options import HOOKS, has_method, is_set, set_option
from ..registry.interface import Registry, Root
from ..serving.response_cache import Line
from .finders import FindersRegistry, found_files
from .hashed_names import HashedFiles, hashed_files, manifest_names, recorded_deltas
from .settings import Configuration, configuration

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..options import OptionKeywords


class ConfiguredWhiteNoise(BaseWhiteNoise[Line]):
    """Serves ``STATIC_ROOT``, ``WHITENOISE_ROOT`` and the files that finders find.

    A later source in this order takes precedence, as with WhiteNoise.
    """

    #: Django answers, with a page of its own.
    _not_found_application: ClassVar[Wrapper | None] = None

    def __init__(
        self,
        application: Callable[..., Any] | None,
        settings: Any = django_settings,
        **options: Unpack[OptionKeywords],
    ) -> None:
        """
        :param application: answers every request that is not for a file.
        :param settings: an object with the settings as attributes.
        :param options: take precedence over the settings.
        :raises django.core.exceptions.ImproperlyConfigured: for a setting with a wrong value.
        :raises TypeError: for a subclass whose ``add_files`` takes other arguments.
        """
        self._configuration = configuration(settings)
        defaults: OptionKeywords = {**self._configuration.defaults}
        if self._configuration.static_root is not None:
            defaults["immutable_file_test"] = HashedFiles(self.static_prefix)
        for name, value in defaults.items():
            # A method of a subclass calls the default with ``super()``.
            if not is_set(self, name, BaseWhiteNoise) or (name in HOOKS and has_method(self, name)):
                set_option(self, name, value)
        keywords: OptionKeywords = {**self._configuration.options, **options}
        super().__init__(application, **keywords)
        self.site.script_name = self._configuration.script_name
        self._check_add_files()
        self._add_roots(self._configuration)

    @property
    def static_prefix(self) -> str:
        """The URL prefix of static files below the mount point, with a slash at both ends."""
        return self._configuration.static_prefix

    def _check_add_files(self) -> None:
        method = self.add_files
        if not accepts(method, "root", "prefix", followlinks=True, follow_wrapped=True):
            raise TypeError(
                f"{type(self).__name__}.add_files() must accept the arguments"
                " (root, prefix=None, followlinks=False)"
            )

    def _make_site(self, options: Mapping[str, object], prefix: str | None) -> Site:
        return super()._make_site(options, self.static_prefix)

    def _make_registry(self) -> Registry:
        options = self.resolved_options
        if options.autorefresh and self._configuration.use_finders:
            return FindersRegistry(self.static_prefix, registry_options(options))
        return super()._make_registry()

    def _add(self, root: Root, names: Iterable[str] | None = None) -> None:
        # The fallback belongs to WHITENOISE_ROOT. A page among the static files is another one.
        is_static = root.prefix.startswith(self.static_prefix) and self.static_prefix != "/"
        super()._add(root._replace(has_substitutes=not is_static), names)

    def _add_roots(self, configuration: Configuration) -> None:
        # Links are followed, as Django's finders and its static view do.
        if configuration.static_root is not None:
            self._add_static_root(configuration.static_root, configuration)
        if configuration.root is not None:
            self.add_files(configuration.root, followlinks=True)
        if configuration.use_finders and not self.resolved_options.autorefresh:
            for root, prefix, names in found_files():
                self.add_listed_files(root, self.static_prefix + prefix, names)

    def _add_static_root(self, root: str | os.PathLike[str], configuration: Configuration) -> None:
        if configuration.use_finders and not os.path.isdir(root):
            return  # the finders serve the files; there may be no collected ones
        hashed = hashed_files() if configuration.use_manifest else None
        if not hashed:
            self.add_files(root, self.static_prefix, followlinks=True)
            return
        # Not in one collection: a manifest of 50,000 files has 400,000 names.
        names = chain(manifest_names(hashed), recorded_deltas(root, hashed))
        self.add_listed_files(root, self.static_prefix, names)
