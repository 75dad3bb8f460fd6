"""The project of the page: its settings are in force while the page runs."""

import json
import re
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings as project_settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.storage import storages
from django.core.management import call_command
from django.template import engines
from django.templatetags.static import static
from django.test import Client, override_settings
from django.utils.functional import empty

from tests.helpers import django_project
from tests.helpers.docs_pages import DOCS, blocks_of
from whitenoise_async.django import import_map

django_project.configure()

BASE_DIR = Path.cwd()
for path, content in (
    ("files/app.css", "body { color: black }\n" * 20),
    ("files/js/draw.js", 'import "./wave.js";\n'),
    ("files/js/wave.js", "export const wave = 1;\n"),
    ("top/robots.txt", "User-agent: *\n"),
):
    Path(path).parent.mkdir(exist_ok=True, parents=True)
    Path(path).write_text(content)

MODULES = ("draw", "wave")
FILE_SYSTEM = "django.core.files.storage.FileSystemStorage"
NAMED = {
    "INSTALLED_APPS": ["whitenoise_async.django", "django.contrib.staticfiles"],
    "MIDDLEWARE": [
        "django.middleware.security.SecurityMiddleware",
        "whitenoise_async.django.WhiteNoiseMiddleware",
    ],
    "STATIC_URL": "static/",
    "STATIC_ROOT": BASE_DIR / "staticfiles",
    "STORAGES": {
        "default": {"BACKEND": FILE_SYSTEM},
        "staticfiles": {"BACKEND": "whitenoise_async.django.CompressedManifestStaticFilesStorage"},
    },
}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
project = override_settings(STATICFILES_DIRS=[BASE_DIR / "files"], TEMPLATES=TEMPLATES, **NAMED)
project.enable()


def collect():
    # override_settings of Django 4.2 forgets OPTIONS.
    storages._backends = project_settings.STORAGES
    staticfiles_storage._wrapped = empty
    call_command("collectstatic", interactive=False, verbosity=0)


collect()
call_command("check", tags=["staticfiles"], fail_level="WARNING")


def get(path):
    """Request a path of the project, as a browser does."""
    return Client().get(path, HTTP_ACCEPT_ENCODING="gzip, deflate, br, zstd")


def check_page(page):
    """Check the settings that the page shows."""
    shown = {name: page[name] for name in NAMED if name != "STORAGES"}
    assert shown == {name: NAMED[name] for name in shown}
    fewer_encodings(page["STORAGES"])
    another_folder(page["ELSEWHERE"])
    another_host(page["ON_A_CDN"])
    settings_of_tests(page["FOR_TESTS"])
    import_maps(page["template"])


def clean_up():
    project.disable()
    staticfiles_storage._wrapped = empty


def fewer_encodings(changed):
    with override_settings(STORAGES=changed, STATIC_ROOT=BASE_DIR / "fewer"):
        collect()
    made = {each.suffix for each in Path("fewer").glob("app.*.css*")}
    assert made == {".css", ".gz", ".br"}, made


def another_folder(storage):
    changed = {**NAMED["STORAGES"], "staticfiles": storage}
    with override_settings(STORAGES=changed, STATIC_ROOT=None):
        collect()
        assert get("/assets/app.css").status_code == 200
        assert "color: black" in Path("assets/app.css").read_text()


def another_host(path):
    with override_settings(STATIC_URL="https://cdn.example" + path):
        url = static("app.css")
        assert url.startswith("https://cdn.example/static/app.")
        reply = get(url.removeprefix("https://cdn.example"))
        assert (reply.status_code, reply["access-control-allow-origin"]) == (200, "*")


def import_maps(jinja2_template):
    """Render the templates of the page, with the nonces of Django and of django-csp."""
    blocks = [*blocks_of(DOCS / "django.md")]
    templates = [block.text for block in blocks if block.language == "html"]
    (shown,) = [block.text for block in blocks if block.text.startswith("<script type=")]
    request = SimpleNamespace(csp_nonce="of-request")
    context = {"csp_nonce": "of-context", "request": request}
    rendered = [engines["django"].from_string(each).render(context) for each in templates]
    nonces = [re.findall(' nonce="(.*?)">', each) for each in rendered]
    assert nonces == [[], ["of-context"], ["of-request"]], nonces
    for each in rendered:
        content = json.loads(re.search(">({.*})</script>", each)[1])
        assert content["imports"] == {f"/static/js/{n}.js": static(f"js/{n}.js") for n in MODULES}
        assert content["integrity"].keys() == set(content["imports"].values())
    assert shown.replace("\n", "").partition("{…}")[0] in rendered[0]
    assert f'src="{static("js/draw.js")}"' in rendered[0]
    in_jinja2 = jinja2_template.render(request=request)
    assert in_jinja2 == import_map("js/draw.js", nonce="of-request")


def settings_of_tests(changed):
    nothing_collected = override_settings(STATIC_ROOT=BASE_DIR / "missing")
    with warnings.catch_warnings(), nothing_collected, override_settings(**changed):
        warnings.simplefilter("error")
        assert b"color: black" in Client().get(static("app.css")).content
    with nothing_collected:
        with pytest.warns(UserWarning, match="No directory at: .*missing"):
            reply = get("/static/app.css")
        assert reply.content == b"/static/app.css"  # the view
        with pytest.raises(ValueError, match="Missing staticfiles manifest entry"):
            static("app.css")
