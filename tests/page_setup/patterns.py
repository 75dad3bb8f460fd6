import gzip
import os
import re
import shutil
from datetime import datetime
from itertools import count
from pathlib import Path

import brotli
import httpx

import whitenoise_async
from tests.helpers.docs_pages import DOCS

PAGE = b"<!doctype html><title>App</title>\n"
WASM = b"\0asm\1\0\0\0" * 50

FILES = {
    "dist/index.html": PAGE,
    "dist/assets/index-CY_PVgSV.js": b"let a = 1\n" * 50,
    "site/index.html": b"<!doctype html><title>Home</title>\n",
    "site/about.html": b"<!doctype html><title>About</title>\n",
    "site/404.html": b"<!doctype html><title>Missing</title>\n",
    'shared/files/"Übersicht" 2026.pdf': b"%PDF-1.7\n",
    "shared/manual.pdf": b"%PDF-1.7\n" * 50_000,
    "static/app.css": b"body { color: black }\n",
    "static/text.woff2": b"wOF2",
    "media/film.mp4": bytes(5_000_000),
    "unity/index.html": PAGE,
    "unity/Build/game.data.br": brotli.compress(b"data" * 50),
    "unity/Build/game.framework.js.br": brotli.compress(b"let a = 1\n" * 50),
    "unity/Build/game.wasm.br": brotli.compress(WASM),
    "unity/Build/game.loader.js": b"let a = 1\n",
}
for name, content in FILES.items():
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(content)


# As Kubernetes mounts a ConfigMap.
versions = count(1)


def write_config_map(contents):
    """Write a new version, switch to it with one rename, and remove the old version."""
    new = f"..2026_11_30_08_10_38.{next(versions)}"
    for name, content in contents.items():
        Path("config", new).mkdir(parents=True, exist_ok=True)
        Path("config", new, name).write_text(content)
    current = Path("config/..data")
    old = current.readlink() if current.is_symlink() else None
    Path("config/..data_tmp").symlink_to(new)
    Path("config/..data_tmp").rename(current)
    for name in contents:
        if not Path("config", name).is_symlink():
            Path("config", name).symlink_to(f"..data/{name}")
    for link in Path("config").iterdir():
        if link.is_symlink() and link.name not in {*contents, current.name}:
            link.unlink()
    if old:
        shutil.rmtree(Path("config", old))


write_config_map({"colors.json": '["white"]', "old.json": "{}"})


def app(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"application"]


def get(application, path, **fields):
    """Send a GET request without a server."""

    def encoded(environ, start_response):
        # httpx puts characters there; PEP 3333 wants their bytes as Latin-1.
        environ["PATH_INFO"] = environ["PATH_INFO"].encode().decode("latin-1")
        return application(environ, start_response)

    transport = httpx.WSGITransport(encoded)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        return client.get(path, headers=fields)


def status_and_text(application, path):
    reply = get(application, path)
    return reply.status_code, reply.text


def check_config_map(pattern):
    """Check the table of changes, and the purpose of the pattern."""
    at_once, never = (
        whitenoise_async.WhiteNoise(None, "config", check_interval=interval)
        for interval in (0, None)
    )
    (dated,) = Path("config").glob("..2026*")
    assert get(at_once, f"/{dated.name}/colors.json").status_code == 200
    excluding = whitenoise_async.WhiteNoise(None, "config", exclude=[pattern])
    assert get(excluding, f"/{dated.name}/colors.json").status_code == 404
    for each in (at_once, never):
        assert status_and_text(each, "/colors.json") == (200, '["white"]')
        assert get(each, "/old.json").status_code == 200
    write_config_map({"colors.json": '["pink"]', "new.json": "{}"})
    assert status_and_text(at_once, "/colors.json") == (200, '["pink"]')
    assert status_and_text(never, "/colors.json") == (200, '["white"]')
    assert get(at_once, "/old.json").status_code == 404
    assert get(at_once, "/new.json").status_code == 404
    restarted = whitenoise_async.WhiteNoise(None, "config")
    assert get(restarted, "/new.json").status_code == 200


def etags(date, **options):
    """The ETags of two contents of the same length with the same date."""
    for content in ("release 1", "release 2"):
        Path("static/version.txt").write_text(content)
        os.utime("static/version.txt", (date, date))
        application = whitenoise_async.WhiteNoise(None, "static", **options)
        yield get(application, "/version.txt").headers["etag"]


def check_dates(page):
    rows = re.findall(r"^\| .+ \| (\d{4}-\d\d-\d\d [\d:]+) \| (.+) \|$", page, re.M)
    assert len(rows) == 3
    for date, source in rows:
        seconds = datetime.fromisoformat(f"{date}+00:00").timestamp()
        old, new = etags(seconds)
        assert (old == new) == ("from the date" in source)
        old, new = etags(seconds, etag="content")
        assert old != new


def check_variants():
    """Variants match if the builder of an image gives all files one date."""
    url, date = "/assets/index-CY_PVgSV.js", 1_700_000_000
    original = Path("dist" + url)
    Path(f"{original}.gz").write_bytes(gzip.compress(original.read_bytes()))
    Path(f"{original}.br").write_bytes(brotli.compress(original.read_bytes()))
    for path in original.parent.iterdir():
        os.utime(path, (date, date))
    built = whitenoise_async.WhiteNoise(None, "dist", etag="content", check_interval=None)
    for coding in ("gzip", "br"):
        reply = get(built, url, Accept_Encoding=coding)
        assert reply.headers["content-encoding"] == coding
        assert reply.content == original.read_bytes()


def check_unity(application):
    for name, media_type in {
        "data": "application/octet-stream",
        "framework.js": 'text/javascript; charset="utf-8"',
    }.items():
        reply = get(application, f"/game/Build/game.{name}.br")
        assert reply.headers["content-type"] == media_type
        assert reply.headers["content-encoding"] == "br"
    loader = get(application, "/game/Build/game.loader.js")
    assert "content-encoding" not in loader.headers


def check_page(page):
    text = (DOCS / "patterns.md").read_text("utf-8")
    (pattern,) = re.findall(r'"config", prefix="config", exclude=\["(.+)"\]', text)
    check_config_map(pattern)
    check_dates(text)
    check_variants()
    check_unity(page["application"])
