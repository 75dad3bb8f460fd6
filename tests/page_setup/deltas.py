import base64
import hashlib
import random
from pathlib import Path

import httpx

words = random.Random(0).choices([f"word{number}" for number in range(2000)], k=4000)
old_content = " ".join(words)
new_content = " ".join([*words[:2000], "changed", *words[2000:]])

for folder, name, content in (
    ("previous", "app.0123456789ab.js", old_content),
    ("dist", "app.ba9876543210.js", new_content),
    # The files of both releases, as they stay on a server for open pages.
    ("dist", "app.0123456789ab.js", old_content),
    ("previous/assets", "index-AbCdEf12.js", old_content),
    ("dist/assets", "index-BcD12_-x.js", new_content),
    # The files that Django has collected.
    ("static", "app.ba9876543210.js", new_content),
):
    Path(folder).mkdir(exist_ok=True)
    Path(folder, name).write_text(content)


def application(environ, start_response):
    raise AssertionError("only files are requested")


def hash_of(response):
    digest = hashlib.sha256(response.content).digest()
    return f":{base64.b64encode(digest).decode()}:"


def ask(path, **fields):
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    transport = httpx.WSGITransport(application)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        return client.get(path, headers=headers)
