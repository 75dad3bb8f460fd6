import logging
import sys
from pathlib import Path

import httpx

Path("static").mkdir()
Path("static/app.css").write_text("body { color: black }\n")
Path("static/.env").write_text("PASSWORD=secret\n")


def get(application, path):
    transport = httpx.WSGITransport(application)
    with httpx.Client(transport=transport, base_url="http://example") as client:
        return client.get(path)


class PrintingHandler(logging.Handler):
    def emit(self, record):
        sys.stdout.write(f"{record.getMessage()}\n")


logging.getLogger("whitenoise_async").addHandler(PrintingHandler())
