from pathlib import Path

import httpx

Path("static/docs").mkdir(parents=True)
Path("static/app.css").write_text("body { color: black }\n")
Path("static/docs/index.html").write_text("<!doctype html><title>Docs</title>\n")


def get(application, path, headers=None):
    transport = httpx.WSGITransport(application)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        return client.get(path, headers=headers)


def application(environ, start_response):
    location = f"https://example{environ['PATH_INFO']}"
    start_response("301 Moved Permanently", [("Location", location)])
    return []
