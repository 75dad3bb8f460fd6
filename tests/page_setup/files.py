from pathlib import Path

import httpx


def write(path, content):
    """Write a file, and create its folder."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content)


def get(application, path):
    """Send a GET request that accepts gzip, without a server."""
    transport = httpx.WSGITransport(application)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        return client.get(path, headers={"Accept-Encoding": "gzip"})


write("base/css/app.css", b"base")
write("base/logo.svg", b"<svg/>")
write("theme/css/app.css", b"theme")
