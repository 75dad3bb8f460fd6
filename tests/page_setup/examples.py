from pathlib import Path

from fastapi import FastAPI

Path("static").mkdir()
app = FastAPI()
