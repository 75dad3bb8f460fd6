"""Deltas over two releases of a project: ``collectstatic``, and then the compression command."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application

from tests.helpers import django_project
from tests.helpers.clients import Reply, call_wsgi, make_call
from tests.helpers.collected_project import Project
from tests.helpers.deltas import apply_delta, fields_of, suffix_of
from tests.helpers.files import write
from whitenoise_async.cli.compress import main
from whitenoise_async.compression.record import NAME as RECORD

SCRIPT = b"".join(b"let a%d = %d;\n" % (number, number * 7919) for number in range(500))
STYLE = b"".join(b".c%d { width: %dpx }\n" % (each, each * 31 % 997) for each in range(300))
BACKENDS = [django_project.OURS_MANIFEST, django_project.DJANGO_MANIFEST]


def sources(release: int) -> dict[str, bytes]:
    """A script and a style sheet, in which the storage replaces the name of the picture."""
    return {
        "app.js": SCRIPT + b"let release = %d;\n" % release,
        "app.css": STYLE + b"body { background: url(picture.bmp); order: %d }\n" % release,
        "picture.bmp": b"BM%d" % release,
    }


class Releases:
    """A project with two collected releases. The first is kept in another folder."""

    def __init__(self, folder: Path, backend: str) -> None:
        self.project = Project(folder)
        self.project.use(backend)
        self.previous = folder / "previous"
        self.project.write(sources(1))
        self.project.collect()
        shutil.copytree(self.project.root, self.previous)
        self.old = self.contents()
        self.project.write(sources(2))
        self.project.collect(clear=True)
        self.new = self.contents()

    def contents(self) -> dict[str, tuple[str, bytes]]:
        """The hashed name and the content of each text file."""
        hashed = self.project.manifest()
        return {
            name: (hashed[name], (self.project.root / hashed[name]).read_bytes())
            for name in ("app.js", "app.css")
        }

    def compress(self) -> None:
        root = str(self.project.root)
        assert main([root, "-q", "--against", str(self.previous), "--encodings", "gzip"]) == 0

    def client(self, **settings: Any) -> Any:
        from whitenoise_async.django import DjangoWhiteNoise

        self.project.settings |= {"MIDDLEWARE": [], **settings}
        with self.project.in_force():
            application: Any = DjangoWhiteNoise(get_wsgi_application())

            def get(path: str, fields: dict[str, str]) -> Reply:
                with self.project.in_force():
                    return call_wsgi(application, make_call(path, fields))

            get("/static/app.js", {})
        return get


@pytest.fixture(params=BACKENDS, ids=["ours", "django"])
def releases(request: pytest.FixtureRequest, tmp_path: Path) -> Releases:
    return Releases(tmp_path, request.param)


@pytest.mark.parametrize("use_manifest", [False, True], ids=["walk", "manifest"])
def test_a_client_of_the_previous_release_receives_a_delta(
    releases: Releases, use_manifest: bool
) -> None:
    releases.compress()
    get = releases.client(WHITENOISE_USE_MANIFEST=use_manifest)
    for name in ("app.js", "app.css"):
        (_, old), (hashed, new) = releases.old[name], releases.new[name]
        reply = get(f"/static/{hashed}", fields_of(old))
        assert (reply["content-encoding"], reply["vary"]) == (
            "dcz",
            "Accept-Encoding, Available-Dictionary",
        )
        assert apply_delta(old, reply.body) == new
        stem, extension = name.split(".")
        assert reply["use-as-dictionary"] == f'match="../static/{stem}.*.{extension}"'
        other = get(f"/static/{hashed}", {"Accept-Encoding": "gzip"})
        assert other["content-encoding"] == "gzip"


def test_collecting_again_keeps_the_deltas(releases: Releases) -> None:
    releases.compress()
    before = releases.project.names()
    releases.project.collect()
    assert releases.project.names() == before
    hashed, _ = releases.new["app.js"]
    assert hashed + suffix_of(releases.old["app.js"][1]) in before


def test_without_a_readable_record_no_delta_is_listed(releases: Releases) -> None:
    releases.compress()
    write(releases.project.root / RECORD, b"[")
    get = releases.client(WHITENOISE_USE_MANIFEST=True)
    (_, old), (hashed, new) = releases.old["app.js"], releases.new["app.js"]
    fields = fields_of(old, "gzip;q=0, dcz")
    reply = get(f"/static/{hashed}", fields)
    assert reply.body == new


def test_only_deltas_of_files_in_the_manifest_are_listed(releases: Releases) -> None:
    write(releases.previous / "other.js", SCRIPT)
    write(releases.project.root / "other.js", SCRIPT + b"let b;\n")
    releases.compress()
    get = releases.client(WHITENOISE_USE_MANIFEST=True)
    assert get("/static/other.js", fields_of(SCRIPT)).body == b"/static/other.js"  # from the view
