from pathlib import Path

import httpx


def write(path, content):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(content)


def get(application, path, **fields):
    transport = httpx.WSGITransport(application)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        return client.get(path, headers=fields)


write("dist/index.html", "<!doctype html><title>App</title>\n")
write("top/robots.txt", "User-agent: *\n")
