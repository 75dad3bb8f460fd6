from pathlib import Path

from whitenoise_async.cli.publish import main

# The store has a release with the script and another page.
Path("dist/assets").mkdir(parents=True)
Path("dist/index.html").write_text("<!doctype html><p>1</p>")
Path("dist/assets/app.3f2a9c1b7d04.js").write_text("export default 1")
assert main(["-q", "dist", "store"]) == 0
Path("dist/index.html").write_text("<!doctype html><p>two</p>")
