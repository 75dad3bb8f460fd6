import json
from pathlib import Path

import httpx


def write(path, content="let a = 1\n"):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(content)


def get(application, path, **fields):
    """Send a GET request without a server; If_None_Match stands for If-None-Match."""
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    transport = httpx.WSGITransport(application)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        return client.get(path, headers=headers)


def application(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"application"]


# The manifest of Vite 8 for a style sheet, a worker, and a script that is loaded later.
MADE_BY_VITE = {
    "index.html": {
        "file": "assets/index-BFfpb9gF.js",
        "isEntry": True,
        "dynamicImports": ["src/lazy.js"],
        "css": ["assets/index-CQ7CxT2y.css"],
        "assets": ["assets/worker-mcvvyaWX.js", "assets/bg-BVV0u32a.png"],
    },
    "src/bg.png": {"file": "assets/bg-BVV0u32a.png", "src": "src/bg.png"},
    "src/lazy.js": {"file": "assets/lazy-Dy39-i7N.js", "isDynamicEntry": True},
}
write("dist/.vite/manifest.json", json.dumps(MADE_BY_VITE))
write("dist/index.html", "<!doctype html><title>Home</title>\n")
for name in [
    "index-BFfpb9gF.js",
    "index-BFfpb9gF.js.map",
    "index-CQ7CxT2y.css",
    "worker-mcvvyaWX.js",
    "bg-BVV0u32a.png",
    "lazy-Dy39-i7N.js",
    # From the public folder.
    "photo-IMG_1234.jpg",
    "google-OpenSans.ttf",
]:
    write(f"dist/assets/{name}")
write("dist/photos/photo-IMG_1234.jpg")

# The output of `webpack --json=stats.json`. Source maps are not among its assets.
MADE_BY_WEBPACK = {
    "assets": [
        {"name": "main.d67425efc6ddf9f867d6.js", "info": {"immutable": True, "size": 2631}},
        {"name": "5c487c5ebb631b0ab243.png", "info": {"immutable": True, "size": 9000}},
        {"name": "index.html", "info": {"size": 120}},
    ]
}
write("stats.json", json.dumps(MADE_BY_WEBPACK))
for asset in MADE_BY_WEBPACK["assets"]:
    write(f"webpacked/{asset['name']}")

# The output of `esbuild --metafile=meta.json`. The name of the entry has no hash.
outputs = ["app.js", "app.js.map", "lazy-TMMUWLUV.js", "lazy-TMMUWLUV.js.map", "big-MHRP3T3V.png"]
write("meta.json", json.dumps({"inputs": {}, "outputs": {f"out/{name}": {} for name in outputs}}))
for name in [*outputs, "LICENSE-OVERVIEW.txt"]:
    write(f"out/{name}")

write("root/base.27e20196a850.css")
write("root/staticfiles.json", '{"paths": {"base.css": "base.27e20196a850.css"}, "version": "1.0"}')

write("static/app.js")
write("static/index.html", "<!doctype html><title>Home</title>\n")
