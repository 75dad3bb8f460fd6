from pathlib import Path

Path("static").mkdir()
Path("static/app.css").write_text("body { color: black }\n" * 100)
Path("static/robots.txt").write_text("User-agent: *\n")
Path("static/photo.jpg").write_bytes(bytes(1000))
