"""``python -m whitenoise_async.compress``: create and update compressed variants of files."""

from __future__ import annotations

import sys

from .cli.compress import main

if __name__ == "__main__":
    sys.exit(main())
