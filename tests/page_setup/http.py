import gzip
from pathlib import Path

import httpx

from whitenoise_async import WhiteNoise

text = b"body { color: black }\n" * 100
Path("static/docs").mkdir(parents=True)
Path("static/app.css").write_bytes(text)
Path("static/app.css.gz").write_bytes(gzip.compress(text))
Path("static/robots.txt").write_bytes(b"User-agent: *\n")
Path("static/docs/index.html").write_bytes(b"<!doctype html><title>Docs</title>\n")

site = WhiteNoise(None, "static", index_file=True)


def ask(path, method="GET", application=site, **fields):
    """Send a request without a server; If_Match stands for the header If-Match."""
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    headers.setdefault("Accept-Encoding", "")  # httpx has a value of its own
    transport = httpx.WSGITransport(application)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        return client.request(method, path, headers=headers)
