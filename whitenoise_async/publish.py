"""``python -m whitenoise_async.publish``: publish releases to a folder or a bucket."""

from __future__ import annotations

import sys

from .cli.publish import main

if __name__ == "__main__":
    sys.exit(main())
