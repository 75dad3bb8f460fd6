"""A project for ``collectstatic``: sources, the folder they are collected into, and settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import call_command
from django.test import override_settings

from whitenoise_async.compression.record import NAME as RECORD

MANIFEST = "staticfiles.json"


class Project:
    """A folder of sources, the folder that they are collected into, and the settings."""

    def __init__(self, folder: Path) -> None:
        self.sources = folder / "sources"
        self.root = folder / "static"
        self.output = StringIO()
        self.settings: dict[str, Any] = {}

    def write(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            path = self.sources / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def use(self, backend: str, options: Mapping[str, Any] | None = None, **settings: Any) -> None:
        storage = {"BACKEND": backend, "OPTIONS": dict(options or {})}
        self.settings |= {
            "STATIC_ROOT": str(self.root),
            "STATICFILES_DIRS": [str(self.sources)],
            "STATICFILES_FINDERS": ["django.contrib.staticfiles.finders.FileSystemFinder"],
            "STORAGES": {"staticfiles": storage},
            **settings,
        }

    @contextmanager
    def in_force(self) -> Iterator[None]:
        with override_settings(**self.settings):
            # override_settings of Django 4.2 ignores OPTIONS; a settings file does not.
            storages._backends = self.settings["STORAGES"]
            yield

    def collect(self, **options: Any) -> str:
        """Run the command; returns what it printed."""
        output = StringIO()
        with self.in_force():
            try:
                call_command(
                    "collectstatic", interactive=False, stdout=output, stderr=output, **options
                )
            finally:
                self.output = output
        return output.getvalue()

    def with_storage(self, ask: Callable[[Any], Any]) -> Any:
        with self.in_force():
            return ask(staticfiles_storage)

    def save(self, name: str, content: bytes) -> Any:
        return self.with_storage(lambda storage: storage.save(name, ContentFile(content)))

    def names(self) -> set[str]:
        """The names of the collected files, without the manifest and the record."""
        found = {
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }
        return found - {MANIFEST, RECORD}

    def manifest(self) -> dict[str, str]:
        paths: dict[str, str] = json.loads((self.root / MANIFEST).read_bytes())["paths"]
        return paths
