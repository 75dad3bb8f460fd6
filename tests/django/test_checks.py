"""The system checks, and the ``runserver`` command."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from whitenoise_async.django import CompressedStaticFilesStorage, WhiteNoiseMiddleware

OURS = "whitenoise_async.django"
MIDDLEWARE = f"{OURS}.WhiteNoiseMiddleware"
COMMAND = f"{OURS}.management.commands.runserver"
SECURITY = "django.middleware.security.SecurityMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"


def found(**changed: Any) -> list[tuple[str, str]]:
    """Run the checks with these settings; returns the id and text of each message."""
    from whitenoise_async.django.checks import check_settings

    changed = {"STATIC_ROOT": "/", "MIDDLEWARE": [SECURITY, MIDDLEWARE], **changed}
    with override_settings(**changed):
        return [(each.id.rpartition(".")[2], str(each)) for each in check_settings(None)]


def test_correct_settings_raise_no_message() -> None:
    assert found() == []
    assert found(MIDDLEWARE=[]) == []


@pytest.mark.parametrize(
    ("changed", "number", "said"),
    [
        ({"WHITENOISE_MAX_AGE": -1}, "E001", "WHITENOISE_MAX_AGE must be 0 or more seconds"),
        (
            {"WHITENOISE_MIMETYPES": {"/": "a"}},
            "E001",
            "WHITENOISE_MIMETYPES must have keys",
        ),
        ({"WHITENOISE_STATIC_PREFIX": 3}, "E001", "WHITENOISE_STATIC_PREFIX must be a URL path"),
        (
            {"WHITENOISE_SKIP_COMPRESS_EXTENSIONS": "jpg"},
            "E001",
            "WHITENOISE_SKIP_COMPRESS_EXTENSIONS must be a list of extensions such as 'jpg'",
        ),
        (
            {"WHITENOISE_SKIP_COMPRESS_EXTENSIONS": [1]},
            "E001",
            "WHITENOISE_SKIP_COMPRESS_EXTENSIONS must be a list of extensions such as 'jpg'",
        ),
        (
            {"WHITENOISE_MANIFEST_MISSING": "warning"},
            "E001",
            "WHITENOISE_MANIFEST_MISSING must be 'error' or 'warn', got 'warning'",
        ),
        ({"WHITENOISE_MAXAGE": 1}, "W001", "Did you mean WHITENOISE_MAX_AGE?"),
        ({"WHITENOISE_QQQ": 1}, "W001", "HINT: The settings are WHITENOISE_"),
        (
            {"MIDDLEWARE": [SECURITY, MIDDLEWARE, "whitenoise.middleware.WhiteNoiseMiddleware"]},
            "W002",
            "HINT: Remove whitenoise.middleware.WhiteNoiseMiddleware.",
        ),
        ({"MIDDLEWARE": [MIDDLEWARE, SECURITY]}, "W003", f"comes before {SECURITY}"),
        (
            {"MIDDLEWARE": [SECURITY, SESSIONS, MIDDLEWARE]},
            "W004",
            f"Each request for a static file passes through {SESSIONS} first",
        ),
        (
            {"INSTALLED_APPS": ["django.contrib.staticfiles", OURS]},
            "W005",
            f"{OURS} comes after django.contrib.staticfiles",
        ),
        (
            {"INSTALLED_APPS": ["django.contrib.staticfiles", OURS]},
            "W005",
            f"HINT: Put {OURS} before django.contrib.staticfiles.",
        ),
        ({"WHITENOISE_ROOT": "/none"}, "W006", "WHITENOISE_ROOT is not a directory: /none"),
        (
            {"WHITENOISE_ROOT": "/none"},
            "W006",
            "HINT: Create the directory, or set WHITENOISE_ROOT",
        ),
        ({"WHITENOISE_ROOT": "/no\nERROR a"}, "W006", r"is not a directory: /no\nERROR a"),
        ({"STATIC_ROOT": None}, "W007", "No files will be served: neither STATIC_ROOT nor"),
        ({"STATIC_ROOT": None}, "W007", "HINT: Set STATIC_ROOT to the folder for collectstatic."),
    ],
)
def test_each_mistake_has_its_message(changed: dict[str, Any], number: str, said: str) -> None:
    ((id_, message),) = found(**changed)
    assert (id_, said in message) == (number, True), message


def test_some_middlewares_may_come_first() -> None:
    first = [
        *("django_prometheus.middleware.PrometheusBeforeMiddleware", SECURITY),
        *("corsheaders.middleware.CorsMiddleware", "csp.middleware.CSPMiddleware"),
        "debug_toolbar.middleware.DebugToolbarMiddleware",
    ]
    assert found(MIDDLEWARE=[*first, MIDDLEWARE]) == []
    ((id_, message),) = found(MIDDLEWARE=[*first, SESSIONS, MIDDLEWARE])
    assert (id_, f"passes through {SESSIONS} first" in message) == ("W004", True)


class Own(WhiteNoiseMiddleware):
    """A class of a project, which reads its own settings."""

    longest = getattr(settings, "WHITENOISE_MAX_AGE_HTML", 60)


class OwnStorage(CompressedStaticFilesStorage):
    pass


Generated = type("Generated", (WhiteNoiseMiddleware,), {"__module__": "itertools"})


@pytest.mark.parametrize(
    ("changed", "is_theirs"),
    [
        ({"MIDDLEWARE": [f"{__name__}.Own"]}, True),
        ({"MIDDLEWARE": [f"{__name__}.Own", MIDDLEWARE]}, True),
        ({"STORAGES": {"staticfiles": {"BACKEND": f"{__name__}.OwnStorage"}}}, True),
        ({"MIDDLEWARE": [f"{__name__}.Generated"]}, True),
        ({"MIDDLEWARE": ["none.Such", "json.dumps", SESSIONS, MIDDLEWARE]}, False),
        ({"STORAGES": {}}, False),
    ],
)
def test_a_subclass_may_have_its_own_settings(changed: dict[str, Any], is_theirs: bool) -> None:
    ids = [number for number, _ in found(WHITENOISE_QQQ=1, **changed)]
    assert ("W001" not in ids) is is_theirs
    # A name that resembles one of ours causes a warning, unless the class reads it.
    misspelled = {
        "WHITENOISE_MAX_" + "AGES": 1
    }  # split, so that this module does not contain the word
    ((id_, said), *_) = found(**misspelled, **changed)
    assert (id_, "Did you mean WHITENOISE_MAX_AGE?" in said) == ("W001", True)


def test_a_setting_that_a_subclass_reads_is_not_misspelled() -> None:
    assert found(WHITENOISE_MAX_AGE_HTML=1, MIDDLEWARE=[SECURITY, f"{__name__}.Own"]) == []
    ((id_, _),) = found(WHITENOISE_MAX_AGE_HTML=1)
    assert id_ == "W001"


def test_manage_check_runs_the_checks(capsys: pytest.CaptureFixture[str]) -> None:
    applications = [OURS, "django.contrib.staticfiles"]
    with override_settings(INSTALLED_APPS=applications, WHITENOISE_MAXAGE=3, STATIC_ROOT="/"):
        call_command("check", "--tag", "staticfiles")
    assert "(whitenoise_async.W001) Unknown setting WHITENOISE_MAXAGE" in capsys.readouterr().err


def test_the_public_names_exist() -> None:
    import whitenoise_async.django as package

    assert set(package.__all__) <= set(dir(package))
    for name in package.__all__:
        assert getattr(package, name).__module__.startswith(OURS)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        package.Nothing  # noqa: B018


SETTINGS = """
DEBUG = True
SECRET_KEY = "tests"
ROOT_URLCONF = "project"
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [__file__.rpartition("/")[0] + "/files"]
INSTALLED_APPS = {applications}
MIDDLEWARE = ["whitenoise_async.django.WhiteNoiseMiddleware"]
WHITENOISE_MAX_AGE = 7
"""


@pytest.mark.parametrize(
    ("first", "options", "served_by_us"),
    [
        ([OURS], [], True),
        pytest.param([OURS, "daphne"], [], True, marks=pytest.mark.slow),
        pytest.param([], [], False, marks=pytest.mark.slow),
        pytest.param([], ["--nostatic"], True, marks=pytest.mark.slow),
    ],
)
def test_runserver_leaves_static_files_to_the_middleware(
    tmp_path: Path, first: list[str], options: list[str], served_by_us: bool
) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.css").write_text("a { color: black }")
    applications = [*first, "django.contrib.staticfiles"]
    project = SETTINGS.format(applications=applications) + "urlpatterns = []\n"
    if "daphne" in first:
        project += "from django.core.asgi import get_asgi_application\n"
        project += 'ASGI_APPLICATION = "serving.application"\n'
        serving = "from django.core.asgi import get_asgi_application as get\napplication = get()\n"
        (tmp_path / "serving.py").write_text(serving)
    (tmp_path / "project.py").write_text(project)
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "django", "runserver", "--noreload", *options, address]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as server:
        try:
            with closing(ask(f"http://{address}/static/a.css", server)) as reply:
                assert reply.read() == b"a { color: black }"
                assert (reply.headers["Cache-Control"] == "max-age=7, public") is served_by_us
        finally:
            server.kill()
            server.communicate()


def free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def ask(url: str, server: subprocess.Popen[bytes]) -> Any:
    """Retry until the server listens."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return urlopen(url, timeout=30)
        except URLError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    return {**os.environ, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "project"}


@pytest.mark.parametrize(
    ("applications", "default"),
    [
        ([OURS, "django.contrib.staticfiles"], False),
        ([OURS, "django.contrib.messages", "django.contrib.staticfiles"], False),
        ([OURS], None),
    ],
)
def test_runserver_extends_the_next_application(applications: list[str], default: object) -> None:
    with override_settings(INSTALLED_APPS=applications):
        command = importlib.reload(importlib.import_module(COMMAND)).Command()
        parser = command.create_parser("manage.py", "runserver")
    assert parser.get_default("use_static_handler") is default


def test_the_help_of_runserver_says_that_the_middleware_serves_files(tmp_path: Path) -> None:
    (tmp_path / "project.py").write_text(
        SETTINGS.format(applications=[OURS, "django.contrib.staticfiles"])
    )
    command = [sys.executable, "-m", "django", "runserver", "--help"]
    said = subprocess.run(
        command, env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert "The middleware serves static files instead (--nostatic)." in " ".join(
        said.stdout.split()
    )
