import gzip
from pathlib import Path

import httpx

FILES = {
    "app.css": b"body { color: black }\n",
    "app.0a1b2c3d.js": b"let a = 1\n",
    "docs/index.html": b"<!doctype html><title>Docs</title>\n",
    "assets/index-CY_PVgSV.js": b"let a = 1\n",
    "data.foo": b"foo\n",
    "LICENSE": b"Do as you like.\n",
    "legacy.es6": b"let a = 1\n",
    "drawing.svgz": gzip.compress(b"<svg/>"),
    ".git/HEAD": b"ref: refs/heads/main\n",
    "app.css.map": b"{}\n",
    "drafts/plan.html": b"<!doctype html><title>Plan</title>\n",
    "docs/drafts/plan.html": b"<!doctype html><title>Plan</title>\n",
}
for name, content in FILES.items():
    Path("static", name).parent.mkdir(parents=True, exist_ok=True)
    Path("static", name).write_bytes(content)

Path("components").mkdir()
Path("components/card.jinja").write_text("<p>{{ secret }}</p>\n")
Path("components/card.css").write_text("p { color: red }\n")


Path("pages").mkdir()
Path("pages/404.html").write_text("<!doctype html><title>Missing</title>\n")
Path("dist").mkdir()
Path("dist/index.html").write_text("<!doctype html><title>App</title>\n")


def get(application, path, **fields):
    """Send a GET request without a server."""
    transport = httpx.WSGITransport(application)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        return client.get(path, headers=fields)


def application(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"application"]
