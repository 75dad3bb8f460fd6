from pathlib import Path

for folder in ("static", "uploads", "wheels"):
    Path(folder).mkdir()
Path("static/app.css").write_text("body { color: black }\n")
Path("static/index.html").write_text("<!doctype html><title>Home</title>\n")
Path("uploads/cat.jpg").write_bytes(b"\xff\xd8\xff")
