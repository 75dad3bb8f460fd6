"""Files whose names a build tool has hashed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.test import Client

from tests.helpers.collected_project import Project
from tests.helpers.django_project import OURS_MANIFEST
from tests.helpers.file_trees import ALL
from whitenoise_async.django import CompressedManifestStaticFilesStorage

SCRIPT = "ui/assets/index-CY_PVgSV.js"
STYLE = "ui/assets/index-B8yIsX_t.css"
PICTURE = "ui/assets/logo-D4m_k2Xa.svg"
FILES = {
    SCRIPT: b"import('./gone.js');\n//# sourceMappingURL=index-CY_PVgSV.js.map\n",
    STYLE: b"a { background: url(./logo-D4m_k2Xa.svg) } b { background: url(/static/gone.png) }\n",
    PICTURE: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "ui/assets/plain.css": b"a { background: url(logo-D4m_k2Xa.svg#top) }\n",
    "app.css": b"@import 'ui/assets/index-B8yIsX_t.css';\n",
}
BUILT = {SCRIPT, STYLE, PICTURE}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write(FILES)
    return made


def is_built(path: str, url: str) -> bool:
    assert Path(path).read_bytes()
    return url.startswith("/static/ui/assets/") and "-" in Path(path).name


@pytest.mark.parametrize("test", ["vite", r"/ui/assets/.+-[\w-]{8}\.\w+$", is_built])
@pytest.mark.parametrize("only_hashed", [False, True])
def test_a_file_that_the_setting_matches_keeps_its_name_and_content(
    project: Project, test: Any, only_hashed: bool
) -> None:
    project.use(
        OURS_MANIFEST,
        WHITENOISE_IMMUTABLE_FILE_TEST=test,
        WHITENOISE_KEEP_ONLY_HASHED_FILES=only_hashed,
    )
    for _ in range(2):
        project.collect()
        manifest = project.manifest()
        assert {name for name, hashed in manifest.items() if name == hashed} == BUILT
        plain = {name for name in project.names() if not name.endswith(ALL)}
        assert plain == set(manifest.values()) | (set() if only_hashed else set(FILES))
        assert {(project.root / name).read_bytes() for name in BUILT} == {
            FILES[name] for name in BUILT
        }
        for name, reference in (
            ("ui/assets/plain.css", b'url("logo-D4m_k2Xa.svg#top")'),
            ("app.css", b'@import url("ui/assets/index-B8yIsX_t.css")'),
        ):
            assert reference in (project.root / manifest[name]).read_bytes()


def test_the_static_tag_returns_the_name_of_the_build_tool(project: Project) -> None:
    project.use(OURS_MANIFEST, WHITENOISE_IMMUTABLE_FILE_TEST="vite")
    project.collect()
    assert project.with_storage(lambda storage: storage.url(SCRIPT)) == f"/static/{SCRIPT}"


def test_the_middleware_caches_the_file_permanently(project: Project) -> None:
    project.use(
        OURS_MANIFEST,
        WHITENOISE_IMMUTABLE_FILE_TEST="vite",
        MIDDLEWARE=["whitenoise_async.django.WhiteNoiseMiddleware"],
    )
    project.collect()
    with project.in_force():
        assert "immutable" in Client().get(f"/static/{SCRIPT}")["cache-control"]


def test_without_the_setting_all_files_are_hashed(project: Project) -> None:
    project.use(OURS_MANIFEST)
    with pytest.raises(CommandError, match=r"index-B8yIsX_t\.css: /static/gone\.png"):
        project.collect()
    project.use(OURS_MANIFEST, WHITENOISE_MANIFEST_MISSING="warn")
    project.collect()
    assert all(name != hashed for name, hashed in project.manifest().items())


def test_with_a_setting_that_matches_no_file_all_files_are_hashed(project: Project) -> None:
    (project.sources / STYLE).unlink()
    (project.sources / "app.css").unlink()
    project.use(OURS_MANIFEST, WHITENOISE_IMMUTABLE_FILE_TEST="parcel")
    project.collect()
    assert all(name != hashed for name, hashed in project.manifest().items())


class Suffixed(CompressedManifestStaticFilesStorage):
    def hash_key(self, name: str) -> str:
        return f"key of {name}"


def test_a_subclass_may_have_keys_of_its_own(project: Project) -> None:
    project.use(f"{__name__}.Suffixed", WHITENOISE_IMMUTABLE_FILE_TEST="vite")
    project.collect()
    assert project.manifest()[f"key of {SCRIPT}"] == SCRIPT
