"""The application of workers that share a list, configured by environment variables."""

from __future__ import annotations

import gc
import os

from tests.benchmarks.apps import wsgi_application
from whitenoise_async import WhiteNoise

application = WhiteNoise(wsgi_application, os.environ["SCALE_ROOT"])
if os.environ["SCALE_FREEZE"]:
    gc.collect()
    gc.freeze()
