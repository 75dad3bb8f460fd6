from pathlib import Path

from fastapi import FastAPI

from whitenoise_async import ASGIWhiteNoise

Path("static").mkdir()
app = FastAPI()
