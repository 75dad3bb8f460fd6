from pathlib import Path

for folder in ("static", "downloads"):
    Path(folder).mkdir()
