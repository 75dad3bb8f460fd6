"""References to missing files: errors, warnings, and subclasses that tolerate them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError

from tests.helpers.collected_project import MANIFEST, Project
from tests.helpers.django_project import DJANGO_MANIFEST, OURS_MANIFEST
from whitenoise_async.django import CompressedManifestStaticFilesStorage

PICTURE = {"img/a.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}
COMPLETE = {
    **PICTURE,
    "css/base.css": b"a { background: url(../img/a.svg#top) }\n",
    "css/app.css": b"@import 'base.css';\nb { background: url('../img/a.svg') }\n",
    "js/app.js": b"let a;\n//# sourceMappingURL=app.js.map\n",
    "js/app.js.map": b"{}",
}
INCOMPLETE = {
    **COMPLETE,
    "css/app.css": b"a { background: url(gone.png) } b { background: url(../img/a.svg) }\n",
    "css/deep/part.css": b"@import '../base.css';\n@import 'gone.css';\n",
}
NO_SOURCE_MAPS = {
    **PICTURE,
    "js/app.js": b"let a;\n//# sourceMappingURL=app.js.map\n",
    "js/map.css": b"b { background: url(../img/a.svg) }\n/*# sourceMappingURL=map.css.map */\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.use(OURS_MANIFEST)
    return made


def hashed(project: Project, name: str) -> bytes:
    return (project.root / project.manifest()[name]).read_bytes()


def test_a_missing_source_map_is_a_warning(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    project.write(NO_SOURCE_MAPS)
    project.collect()
    assert [each.getMessage() for each in caplog.records] == [
        "js/app.js: the source map app.js.map is missing",
        "js/map.css: the source map map.css.map is missing",
    ]
    assert hashed(project, "js/app.js") == NO_SOURCE_MAPS["js/app.js"]
    picture = project.manifest()["img/a.svg"].encode()
    assert hashed(project, "js/map.css") == (
        b'b { background: url("../' + picture + b'") }\n/*# sourceMappingURL=map.css.map */\n'
    )


def test_source_maps_are_rewritten_as_django_does(project: Project) -> None:
    project.write(
        {**COMPLETE, "b.css": b"b {}\n/*# sourceMappingURL=b.css.map */", "b.css.map": b"1"}
    )
    project.collect()
    ours, copy = project.manifest(), hashed(project, "b.css")
    assert f"/*# sourceMappingURL={ours['b.css.map']} */".encode() in copy
    assert ours["js/app.js.map"].encode().rpartition(b"/")[2] in hashed(project, "js/app.js")
    project.use(DJANGO_MANIFEST)
    project.collect(clear=True)
    assert (project.manifest(), hashed(project, "b.css")) == (ours, copy)


def test_the_setting_turns_missing_files_into_warnings(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    project.write(INCOMPLETE)
    project.use(OURS_MANIFEST, WHITENOISE_MANIFEST_MISSING="warn")
    project.collect()
    assert [each.getMessage() for each in caplog.records] == [
        "css/app.css: the file gone.png is missing",
        "css/deep/part.css: the file gone.css is missing",
    ]
    picture = project.manifest()["img/a.svg"].encode()
    expected = b'a { background: url(gone.png) } b { background: url("../' + picture + b'") }\n'
    assert hashed(project, "css/app.css") == expected


@pytest.mark.parametrize("value", ["ignore", None, True, "WARN"])
def test_another_value_of_the_setting_is_refused(project: Project, value: Any) -> None:
    project.write(COMPLETE)
    project.use(OURS_MANIFEST, WHITENOISE_MANIFEST_MISSING=value)
    with pytest.raises(
        ImproperlyConfigured, match="WHITENOISE_MANIFEST_MISSING must be 'error' or 'warn', got"
    ):
        project.collect()


def test_the_error_names_all_references(project: Project) -> None:
    project.write(INCOMPLETE)
    project.use(OURS_MANIFEST, WHITENOISE_MANIFEST_MISSING="error")
    with pytest.raises(CommandError) as caught:
        project.collect()
    assert str(caught.value) == (
        "These references lead to missing files:\n"
        "  css/app.css: gone.png\n"
        "  css/deep/part.css: gone.css"
    )
    assert "Post-processing 'css/app.css' failed!" in project.output.getvalue()
    assert not (project.root / MANIFEST).exists()


def test_references_in_comments_and_strings_are_ignored(project: Project) -> None:
    content = b"""/* url(gone.png) @import "gone.css"; */
a { content: "url(gone.png)"; background: /* url(x) */ url(../img/a.svg) }
"""
    project.write({**PICTURE, "css/app.css": content})
    project.collect()
    expected = content.replace(
        b"url(../img/a.svg)", f'url("../{project.manifest()["img/a.svg"]}")'.encode()
    )
    assert hashed(project, "css/app.css") == expected


def test_spaces_around_the_quotes_of_a_url_are_allowed(project: Project) -> None:
    project.write(
        {**PICTURE, "css/app.css": b"""a { b: url( "../img/a.svg" ) url( '../img/a.svg') }"""}
    )
    project.collect()
    picture = project.manifest()["img/a.svg"]
    assert hashed(project, "css/app.css").count(f'url("../{picture}")'.encode()) == 2


class WithModules(CompressedManifestStaticFilesStorage):
    support_js_module_import_aggregation = True


MODULES = b"""import { a } from "./lib/a.js";
import gone from "lodash";
// import "./gone.js";
const text = "import './gone.js';";
/* export { b } from './gone.js'; */
"""


def test_only_code_of_modules_is_rewritten(project: Project) -> None:
    project.write({"js/app.js": MODULES, "js/lib/a.js": b"export const a = 1;\n"})
    project.use(f"{__name__}.WithModules")
    project.collect()
    a = project.manifest()["js/lib/a.js"].encode()
    assert hashed(project, "js/app.js") == MODULES.replace(b"./lib/a.js", b"./" + a[3:])


class AcceptsInConverter:
    def url_converter(self, *args: Any, **kwargs: Any) -> Any:
        convert = super().url_converter(*args, **kwargs)  # type: ignore[misc]

        def converter(match: Any) -> Any:
            try:
                return convert(match)
            except ValueError:
                return match["matched"]

        return converter


class AcceptsInPostProcess:
    def post_process(self, *args: Any, **kwargs: Any) -> Any:
        for name, hashed_name, processed in super().post_process(*args, **kwargs):  # type: ignore[misc]
            if not isinstance(processed, ValueError):
                yield name, hashed_name, processed


class AcceptsInHashedName:
    def hashed_name(self, name: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().hashed_name(name, *args, **kwargs)  # type: ignore[misc]
        except ValueError:
            return name


class AcceptsNames:
    manifest_strict = False


# Each pair is the same subclass of Django's storage and of ours.
class DjangoConverter(AcceptsInConverter, ManifestStaticFilesStorage): ...  # type: ignore[misc]


class OursConverter(AcceptsInConverter, CompressedManifestStaticFilesStorage): ...


class DjangoPostProcess(AcceptsInPostProcess, ManifestStaticFilesStorage): ...  # type: ignore[misc]


class OursPostProcess(AcceptsInPostProcess, CompressedManifestStaticFilesStorage): ...


class DjangoHashedName(AcceptsInHashedName, ManifestStaticFilesStorage): ...  # type: ignore[misc]


class OursHashedName(AcceptsInHashedName, CompressedManifestStaticFilesStorage): ...


class DjangoNames(AcceptsNames, ManifestStaticFilesStorage): ...  # type: ignore[misc]


class OursNames(AcceptsNames, CompressedManifestStaticFilesStorage): ...


def outcome(project: Project, backend: str) -> dict[str, bytes]:
    """The hashed names and the contents that a storage makes."""
    project.use(f"{__name__}.{backend}", {"compress": {}} if backend.startswith("Ours") else None)
    project.collect(clear=True)
    return {name: hashed(project, original) for original, name in project.manifest().items()}


@pytest.mark.parametrize("files", [COMPLETE, INCOMPLETE, NO_SOURCE_MAPS])
@pytest.mark.parametrize("kind", ["Converter", "PostProcess", "HashedName"])
def test_a_subclass_that_accepts_missing_files_works_as_with_django(
    project: Project, kind: str, files: dict[str, bytes]
) -> None:
    project.write(files)
    ours = outcome(project, f"Ours{kind}")
    assert ours == outcome(project, f"Django{kind}")
    assert len(ours) == len(files)


def test_a_subclass_that_is_not_strict_works_as_with_django(project: Project) -> None:
    project.write(COMPLETE)
    assert outcome(project, "OursNames") == outcome(project, "DjangoNames")
    for backend in ("OursNames", "DjangoNames"):
        project.use(f"{__name__}.{backend}")
        project.collect(clear=True)
        (project.root / "late.css").write_bytes(b"a {}")
        assert project.with_storage(url_of_late_file) == "/static/late.3d1a83e550d5.css"
        with pytest.raises(ValueError, match=r"missing\.css"):
            project.with_storage(url_of_missing_file)


def url_of_late_file(storage: Any) -> Any:
    return storage.url("late.css")


def url_of_missing_file(storage: Any) -> Any:
    return storage.url("missing.css")


def test_an_accepted_error_lets_the_run_end_normally(project: Project) -> None:
    project.write({**INCOMPLETE, "left.txt": b"1"})
    project.use(f"{__name__}.OursPostProcess", WHITENOISE_KEEP_ONLY_HASHED_FILES=True)
    project.collect()
    assert not (project.root / "css/app.css").exists()
    assert (project.root / f"{project.manifest()['left.txt']}").exists()


class AcceptsOneFile(CompressedManifestStaticFilesStorage):
    def post_process(self, *args: Any, **kwargs: Any) -> Any:
        for each in super().post_process(*args, **kwargs):
            if not (isinstance(each[2], ValueError) and each[0] == "css/app.css"):
                yield each


def test_an_error_for_another_file_ends_the_run(project: Project) -> None:
    project.write(INCOMPLETE)
    project.use(f"{__name__}.AcceptsOneFile")
    with pytest.raises(CommandError) as caught:
        project.collect()
    assert str(caught.value).splitlines()[1:] == ["  css/deep/part.css: gone.css"]
    # The error keeps the generator, which must not keep the lock.
    with pytest.raises(CommandError):
        project.collect()


class AcceptsAll(CompressedManifestStaticFilesStorage):
    def post_process(self, *args: Any, **kwargs: Any) -> Any:
        for each in super().post_process(*args, **kwargs):
            if not isinstance(each[2], RuntimeError):
                yield each


def test_a_circle_of_imports_can_be_accepted(project: Project) -> None:
    project.write({"a.css": b"@import 'b.css';", "b.css": b"@import 'a.css';"})
    project.use(f"{__name__}.AcceptsAll")
    project.collect()
    assert project.manifest().keys() == {"a.css", "b.css"}
