import os
import shutil
import subprocess
import sys
from pathlib import Path

import django

# The style sheets of the files that the page names. The numbers of its table are not compared.
admin = Path(django.__file__).parent / "contrib" / "admin" / "static" / "admin"
shutil.copytree(admin / "css", "static")

# A STATIC_ROOT right after collectstatic.
Path("collecting.py").write_text("""
INSTALLED_APPS = ["whitenoise_async.django", "django.contrib.staticfiles"]
STATIC_ROOT, STATIC_URL = "staticfiles", "/static/"
STATICFILES_DIRS = ["assets"]
STORAGES = {
    "staticfiles": {"BACKEND": "whitenoise_async.django.CompressedManifestStaticFilesStorage"}
}
""")
Path("assets").mkdir()
for letter in "abcdefgh":
    Path(f"assets/{letter}.css").write_text("body { color: black }\n" * 100)
path = os.pathsep.join([os.getcwd(), os.environ["PYTHONPATH"]])
collect = [sys.executable, "-m", "django", "collectstatic", "--noinput", "-v0"]
environ = {**os.environ, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "collecting"}
subprocess.run(collect, env=environ, check=True)

check = [sys.executable, "-m", "whitenoise_async.compress", "--check", "staticfiles"]
checked = subprocess.run(check, capture_output=True, text=True)
assert checked.returncode == 1, checked
assert {line.split()[1] for line in checked.stderr.splitlines()} == {
    f"staticfiles/staticfiles.json.{suffix}" for suffix in ("gz", "br", "zst")
}
