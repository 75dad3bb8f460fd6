"""``python -m whitenoise_async.gzip``: write a ``.gz`` next to each file that it makes smaller."""

from __future__ import annotations

import sys

from .cli.gzip import main

if __name__ == "__main__":
    sys.exit(main())
