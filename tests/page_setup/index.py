from pathlib import Path

Path("static").mkdir()
Path("static/app.css").write_text("body { color: black }\n")


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"application"]
