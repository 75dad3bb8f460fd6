import subprocess
from pathlib import Path

import httpx


def get(application, path):
    transport = httpx.WSGITransport(application)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        return client.get(path)


for name, text in {
    "static/app.css": "body { color: black }\n",
    "releases/1/app.aaaaaaaa.js": "let old\n",
    "releases/1/index.html": "<script src=app.aaaaaaaa.js></script>\n",
    "releases/2/app.bbbbbbbb.js": "let new\n",
    "releases/2/index.html": "<script src=app.bbbbbbbb.js></script>\n",
}.items():
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)

# A commit, whose date the variants get.
author = ["-c", "user.name=Author", "-c", "user.email=author@example.com"]
try:
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", *author, "commit", "-q", "--allow-empty", "-m", "Release"], check=True)
except FileNotFoundError:  # then the command that calls git is left out too
    pass


async def pages(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"Hello from the application\n"})
