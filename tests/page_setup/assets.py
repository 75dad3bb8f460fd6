import asyncio
import inspect
import json
import re
from pathlib import Path

import httpx

from tests.helpers.docs_pages import DOCS, blocks_of

FILES = {
    "static/css/site.css": 'body { background: url("../images/logo.svg") }\n',
    "static/images/logo.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
    "static/images/50 %.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
    "static/js/app.js": 'import chart from "./chart.js"\n',
    "static/js/chart.js": "export default 1\n",
}
# A build of Vite with a shared chunk.
MANIFEST = {
    "_vendor-CkT1v0aE.js": {"file": "assets/vendor-CkT1v0aE.js", "name": "vendor"},
    "src/main.js": {
        "file": "assets/main-D4x9yQ2K.js",
        "src": "src/main.js",
        "isEntry": True,
        "imports": ["_vendor-CkT1v0aE.js"],
        "css": ["assets/main-BxPdLzkW.css"],
    },
}
FILES["dist/.vite/manifest.json"] = json.dumps(MANIFEST)
for name in ["vendor-CkT1v0aE.js", "main-D4x9yQ2K.js", "main-BxPdLzkW.css"]:
    FILES[f"dist/assets/{name}"] = "\n"
TEMPLATES = [block.text for block in blocks_of(DOCS / "assets.md") if block.language == "html"]
for name, content in {**FILES, "templates/home.html": TEMPLATES[0]}.items():
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(content)


def get(application, path):
    """Send a GET request to a WSGI or ASGI application, without a server."""
    if not (inspect.iscoroutinefunction(application) or hasattr(application, "router")):
        with httpx.Client(
            transport=httpx.WSGITransport(application), base_url="http://example"
        ) as client:
            return client.get(path)

    async def get_async():
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://example") as client:
            return await client.get(path)

    return asyncio.run(get_async())


def check_page(page):
    app, assets, with_cdn = page["app"], page["application"].assets, page["with_cdn"]
    for template in TEMPLATES:
        rendered = app.jinja_env.from_string(template).render(assets=assets)
        for url in re.findall(' (?:href|src)="(.+?)"', rendered):
            assert "immutable" in get(page["application"], url).headers["cache-control"]
    assert with_cdn.url("js/app.js") == assets.url("js/app.js")
    assert assets.url("images/50 %.svg").endswith("50%20%25.fb91f9a03c20.svg")
    assert 'nonce="r4nd0m"' in assets.import_map(nonce="r4nd0m")
    assert "app." not in assets.import_map("js/chart.js")
