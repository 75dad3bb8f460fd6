"""Media types by file name, the charset parameter, and the script that generates the table."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import runpy
import shutil
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from whitenoise_async.http.media_type_table import BY_EXTENSION
from whitenoise_async.http.media_types import (
    BY_NAME,
    DEFAULT,
    MediaTypes,
    check_media_type,
    content_type,
    is_text,
)

SCRIPT = Path(__file__).parents[1] / "tools" / "generate_media_types.py"
OPEN_XML = "application/vnd.openxmlformats-officedocument"


# The tables of the package.


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        # The parts of a page.
        pytest.param("a.js", "text/javascript", id="js: RFC 9239"),
        pytest.param("a.mjs", "text/javascript", id="mjs: RFC 9239"),
        pytest.param("a.umd.cjs", "text/javascript", id="cjs: Fetch, nosniff"),
        pytest.param("a.css", "text/css", id="css: RFC 2318"),
        pytest.param("a.html", "text/html", id="html: HTML"),
        pytest.param("a.htm", "text/html", id="htm: HTML"),
        pytest.param("a.xhtml", "application/xhtml+xml", id="xhtml: HTML"),
        pytest.param("a.json", "application/json", id="json: RFC 8259"),
        pytest.param("a.js.map", "application/json", id="map: ECMA-426"),
        pytest.param(
            "a.webmanifest", "application/manifest+json", id="webmanifest: W3C appmanifest"
        ),
        pytest.param("a.wasm", "application/wasm", id="wasm: WebAssembly Web API"),
        pytest.param("a.appcache", "text/cache-manifest", id="appcache: HTML5"),
        pytest.param("a.htc", "text/x-component", id="htc"),
        # Images.
        pytest.param("a.svg", "image/svg+xml", id="svg: SVG"),
        pytest.param("a.svgz", "image/svg+xml", id="svgz: SVG"),
        pytest.param("a.ico", "image/x-icon", id="ico: MIME Sniffing 6.1"),
        pytest.param("a.cur", "image/x-icon", id="cur: MIME Sniffing 6.1"),
        pytest.param("a.png", "image/png", id="png: PNG"),
        pytest.param("a.apng", "image/apng", id="apng: PNG"),
        pytest.param("a.gif", "image/gif", id="gif: RFC 2045"),
        pytest.param("a.jpg", "image/jpeg", id="jpg: RFC 2045"),
        pytest.param("a.jpeg", "image/jpeg", id="jpeg: RFC 2045"),
        pytest.param("a.jfif", "image/jpeg", id="jfif: RFC 2045"),
        pytest.param("a.avif", "image/avif", id="avif: AVIF"),
        pytest.param("a.webp", "image/webp", id="webp: RFC 9649"),
        pytest.param("a.jxl", "image/jxl", id="jxl"),
        pytest.param("a.heic", "image/heic", id="heic"),
        pytest.param("a.bmp", "image/bmp", id="bmp: RFC 7903"),
        pytest.param("a.tif", "image/tiff", id="tif: RFC 3302"),
        pytest.param("a.psd", "image/vnd.adobe.photoshop", id="psd"),
        # Fonts.
        pytest.param("a.woff", "font/woff", id="woff: RFC 8081"),
        pytest.param("a.woff2", "font/woff2", id="woff2: RFC 8081"),
        pytest.param("a.ttf", "font/ttf", id="ttf: RFC 8081"),
        pytest.param("a.otf", "font/otf", id="otf: RFC 8081"),
        pytest.param("a.eot", "application/vnd.ms-fontobject", id="eot"),
        # Sound, film and subtitles.
        pytest.param("a.mp4", "video/mp4", id="mp4: RFC 4337"),
        pytest.param("a.webm", "video/webm", id="webm"),
        pytest.param("a.m3u8", "application/vnd.apple.mpegurl", id="m3u8: RFC 8216"),
        pytest.param("a.ts", "video/mp2t", id="ts: RFC 3555"),
        pytest.param("a.mpd", "application/dash+xml", id="mpd"),
        pytest.param("a.3gpp", "video/3gpp", id="3gpp: RFC 3839"),
        pytest.param("a.flv", "video/x-flv", id="flv"),
        pytest.param("a.m4a", "audio/mp4", id="m4a: RFC 4337"),
        pytest.param("a.mp3", "audio/mpeg", id="mp3: RFC 3003"),
        pytest.param("a.wav", "audio/wav", id="wav"),
        pytest.param("a.ogg", "audio/ogg", id="ogg: RFC 5334"),
        pytest.param("a.flac", "audio/flac", id="flac: RFC 9639"),
        pytest.param("a.vtt", "text/vtt", id="vtt: WebVTT"),
        # Three dimensions.
        pytest.param("a.gltf", "model/gltf+json", id="gltf"),
        pytest.param("a.glb", "model/gltf-binary", id="glb"),
        pytest.param("a.usdz", "model/vnd.usdz+zip", id="usdz"),
        # Text and data.
        pytest.param("a.txt", "text/plain", id="txt: RFC 2046"),
        pytest.param("a.log", "text/plain", id="log"),
        pytest.param("a.conf", "text/plain", id="conf"),
        pytest.param("a.ini", "text/plain", id="ini"),
        pytest.param("a.md", "text/markdown", id="md: RFC 7763"),
        pytest.param("a.csv", "text/csv", id="csv: RFC 4180"),
        pytest.param("a.ics", "text/calendar", id="ics: RFC 5545"),
        pytest.param("a.vcf", "text/vcard", id="vcf: RFC 6350"),
        pytest.param("a.xml", "application/xml", id="xml: RFC 7303"),
        pytest.param("a.xsl", "application/xml", id="xsl: RFC 7303"),
        pytest.param("a.dtd", "application/xml-dtd", id="dtd: RFC 7303"),
        pytest.param("a.mathml", "application/mathml+xml", id="mathml: MathML 3"),
        pytest.param("a.mml", "application/mathml+xml", id="mml: MathML 3"),
        pytest.param("a.rss", "application/rss+xml", id="rss"),
        pytest.param("a.atom", "application/atom+xml", id="atom: RFC 4287"),
        pytest.param("a.jsonld", "application/ld+json", id="jsonld: JSON-LD 1.1"),
        pytest.param("a.geojson", "application/geo+json", id="geojson: RFC 7946"),
        pytest.param("a.yaml", "application/yaml", id="yaml: RFC 9512"),
        pytest.param("a.yml", "application/yaml", id="yml: RFC 9512"),
        pytest.param("a.toml", "application/toml", id="toml"),
        pytest.param("a.sql", "application/sql", id="sql: RFC 6922"),
        pytest.param("a.sh", "application/x-sh", id="sh"),
        pytest.param("a.py", "text/x-python", id="py"),
        pytest.param("a.jsx", "text/jsx", id="jsx"),
        # Documents.
        pytest.param("a.pdf", "application/pdf", id="pdf: RFC 8118"),
        pytest.param("a.rtf", "application/rtf", id="rtf"),
        pytest.param("a.epub", "application/epub+zip", id="epub: EPUB"),
        pytest.param("a.doc", "application/msword", id="doc"),
        pytest.param("a.xls", "application/vnd.ms-excel", id="xls"),
        pytest.param("a.mpp", "application/vnd.ms-project", id="mpp"),
        pytest.param("a.docx", f"{OPEN_XML}.wordprocessingml.document", id="docx"),
        pytest.param("a.xlsx", f"{OPEN_XML}.spreadsheetml.sheet", id="xlsx"),
        pytest.param("a.pptx", f"{OPEN_XML}.presentationml.presentation", id="pptx"),
        # Archives and programs.
        pytest.param("a.gz", "application/gzip", id="gz: RFC 6713"),
        pytest.param("a.tgz", "application/gzip", id="tgz: RFC 6713"),
        pytest.param("a.tar.gz", "application/gzip", id="tar.gz: RFC 6713"),
        pytest.param("a.zst", "application/zstd", id="zst: RFC 8878"),
        pytest.param("a.zip", "application/zip", id="zip"),
        pytest.param("a.tar", "application/x-tar", id="tar"),
        pytest.param("a.bz2", "application/x-bzip2", id="bz2"),
        pytest.param("a.xz", "application/x-xz", id="xz"),
        pytest.param("a.7z", "application/x-7z-compressed", id="7z"),
        pytest.param("a.rar", "application/vnd.rar", id="rar"),
        pytest.param("a.apk", "application/vnd.android.package-archive", id="apk"),
        pytest.param("a.exe", "application/octet-stream", id="exe"),
        pytest.param("a.dmg", "application/octet-stream", id="dmg"),
        pytest.param("a.swf", "application/x-shockwave-flash", id="swf"),
        pytest.param("a.asc", "application/pgp-signature", id="asc: RFC 3156"),
        # RFC 7932 registers a content coding, but no media type.
        pytest.param("a.br", "application/octet-stream", id="br: RFC 7932"),
    ],
)
def test_an_extension_has_the_media_type_that_browsers_and_specifications_give_it(
    path: str, expected: str
) -> None:
    assert MediaTypes().media_type(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(
            ".well-known/apple-app-site-association", "application/json", id="associated domains"
        ),
        pytest.param("crossdomain.xml", "text/x-cross-domain-policy", id="cross-domain policy"),
        pytest.param("CrossDomain.XML", "text/x-cross-domain-policy", id="upper case"),
        pytest.param("my-crossdomain.xml", "application/xml", id="a name that only ends so"),
    ],
)
def test_a_whole_name_of_the_package_wins_over_its_extension(path: str, expected: str) -> None:
    assert MediaTypes().media_type(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/static/css/site.css", "text/css", id="absolute path"),
        pytest.param("static/site.min.css", "text/css", id="relative path"),
        pytest.param(os.sep.join(["static", "v1.2", "site.css"]), "text/css", id="os.sep"),
        pytest.param("v1.css/site", DEFAULT, id="a dot in a directory"),
        pytest.param("v1.css/", DEFAULT, id="a directory"),
        pytest.param("", DEFAULT, id="nothing"),
    ],
)
def test_only_the_last_component_of_a_path_counts(path: str, expected: str) -> None:
    assert MediaTypes().media_type(path) == expected


@pytest.mark.parametrize(
    "path", ["css", ".css", "..css", "static/.htaccess", "a.", "a.css.", "a.no-such-extension"]
)
def test_a_name_without_a_known_extension_has_the_default_media_type(path: str) -> None:
    assert MediaTypes().media_type(path) == "application/octet-stream"


@pytest.mark.parametrize("path", ["A.CSS", "a.Css", ".a.css", "a..css", "a b.css", "é.css"])
def test_an_extension_is_found_in_any_case_and_with_any_stem(path: str) -> None:
    assert MediaTypes().media_type(path) == "text/css"


def test_the_tables_have_lower_case_keys_and_media_types_as_values() -> None:
    for extension, media_type in BY_EXTENSION.items():
        assert extension.startswith(".") and extension == extension.lower()
        check_media_type(media_type)
    for name, media_type in BY_NAME.items():
        assert name == name.lower()
        check_media_type(media_type)


# The user's table.


@pytest.mark.parametrize(
    ("key", "path"),
    [
        pytest.param(".foo", "a.foo", id="new extension"),
        pytest.param(".css", "a.css", id="extension of the package"),
        pytest.param(".FOO", "a.foo", id="key in upper case"),
        pytest.param(".foo", "A.FOO", id="path in upper case"),
        pytest.param(".tar.gz", "a.tar.gz", id="compound extension"),
        pytest.param(".tar.gz", "a.1.0.tar.gz", id="compound extension after other dots"),
        pytest.param("LICENSE", "static/license", id="whole name without extension"),
        pytest.param("robots.txt", "robots.txt", id="whole name with extension"),
        pytest.param(".htaccess", ".htaccess", id="whole name with a leading dot"),
        pytest.param("crossdomain.xml", "crossdomain.xml", id="whole name of the package"),
        pytest.param(".xml", "crossdomain.xml", id="extension of a whole name of the package"),
    ],
)
def test_the_users_table_wins_over_those_of_the_package(key: str, path: str) -> None:
    assert MediaTypes({key: "application/x-user"}).media_type(path) == "application/x-user"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("backup.tar.gz", "application/x-name", id="whole name first"),
        pytest.param("a.tar.gz", "application/x-long", id="then the longest extension"),
        pytest.param("a.txt.gz", "application/x-short", id="then the shortest"),
        pytest.param("a.txt", "text/plain", id="then the package"),
    ],
)
def test_in_the_users_table_the_whole_name_and_the_longest_extension_come_first(
    path: str, expected: str
) -> None:
    media_types = MediaTypes(
        {
            ".gz": "application/x-short",
            ".tar.gz": "application/x-long",
            "backup.tar.gz": "application/x-name",
        }
    )
    assert media_types.media_type(path) == expected


def test_a_key_without_a_dot_is_not_an_extension() -> None:
    assert MediaTypes({"foo": "application/x-user"}).media_type("a.foo") == DEFAULT


def test_later_changes_of_the_users_table_have_no_effect() -> None:
    extra = {".foo": "application/x-user"}
    media_types = MediaTypes(extra)
    extra.clear()
    assert media_types.media_type("a.foo") == "application/x-user"


def test_an_invalid_media_type_of_the_user_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'javascript' is not a media type"):
        MediaTypes({".foo": "javascript"})


# The syntax of a media type.


@pytest.mark.parametrize(
    "value",
    [
        "text/html",
        "TEXT/HTML",
        "application/vnd.a+json",
        "a!#$%&'*+.^_`|~-/b!#$%&'*+.^_`|~-",
        "text/plain;charset=utf-8",
        "text/plain; charset=latin-1",
        "text/plain \t;\t charset=utf-8;format=flowed",
        'text/plain; charset="utf-8"',
        'text/plain; a=""',
        'text/plain; a="b c\t;/=\\"\\\\"; d=e',
        'text/plain; a="!#[]~\\\t\\ "',
    ],
)
def test_a_media_type_of_rfc_9110_section_8_3_1_is_accepted(value: str) -> None:
    check_media_type(value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="nothing"),
        pytest.param("text", id="no subtype"),
        pytest.param("text/", id="empty subtype"),
        pytest.param("/html", id="empty type"),
        pytest.param("text/html/5", id="two slashes"),
        pytest.param("text /html", id="space inside"),
        pytest.param(" text/html", id="space before"),
        pytest.param("text/html ", id="space after"),
        pytest.param("text/html, text/plain", id="a list"),
        pytest.param("text/html\n", id="LF at the end"),
        pytest.param("text/html\r\nX-Injected: 1", id="CRLF"),
        pytest.param("text/html\0", id="NUL"),
        pytest.param("text/h\u00e9", id="not ASCII"),
        pytest.param("text/html\u0661", id="a digit that is not ASCII"),
        pytest.param("text/html;", id="empty parameter"),
        pytest.param("text/html; charset", id="parameter without value"),
        pytest.param("text/html; charset=", id="token value that is empty"),
        pytest.param("text/html; charset = utf-8", id="space around the equals sign"),
        pytest.param("text/html; =utf-8", id="parameter without name"),
        pytest.param('text/html; a="b', id="quote left open"),
        pytest.param('text/html; a="b"c', id="text after the quoted string"),
        pytest.param('text/html; a="b"c"', id="a quote in the quoted string"),
        pytest.param('text/html; a="b\\"', id="nothing after a backslash"),
        pytest.param("text/html charset=utf-8", id="no semicolon"),
        pytest.param('text/html; a="b\nc"', id="LF in the quoted string"),
        pytest.param('text/html; a="b\\\rc"', id="CR after a backslash"),
        pytest.param('text/html; a="\u00e9"', id="quoted string that is not ASCII"),
    ],
)
def test_an_invalid_media_type_is_refused_with_a_message_that_names_it(value: str) -> None:
    with pytest.raises(ValueError, match="is not a media type") as raised:
        check_media_type(value)
    assert str(raised.value) == (
        f"{value!r} is not a media type: it must be type/subtype, such as 'text/html', with only"
        " well-formed '; name=value' parameters after it (RFC 9110 section 8.3.1)."
    )


# The charset parameter.


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        pytest.param("text/html", 'text/html; charset="utf-8"', id="html"),
        pytest.param("Text/HTML", 'Text/HTML; charset="utf-8"', id="upper case"),
        pytest.param("text/javascript", 'text/javascript; charset="utf-8"', id="RFC 9239"),
        pytest.param("text/xml", 'text/xml; charset="utf-8"', id="XML under text/"),
        pytest.param(
            "application/javascript",
            'application/javascript; charset="utf-8"',
            id="RFC 9239, application/javascript",
        ),
        pytest.param(
            "application/x-javascript",
            'application/x-javascript; charset="utf-8"',
            id="RFC 9239, application/x-javascript",
        ),
        pytest.param(
            "application/ecmascript",
            'application/ecmascript; charset="utf-8"',
            id="RFC 9239, application/ecmascript",
        ),
        pytest.param(
            "application/x-ecmascript",
            'application/x-ecmascript; charset="utf-8"',
            id="RFC 9239, application/x-ecmascript",
        ),
        pytest.param(
            "application/javascript;v=1",
            'application/javascript;v=1; charset="utf-8"',
            id="RFC 9239, with a parameter",
        ),
        pytest.param(
            "application/javascript ; v=1",
            'application/javascript ; v=1; charset="utf-8"',
            id="RFC 9239, with a space before a parameter",
        ),
        pytest.param(
            "text/plain ; format=flowed",
            'text/plain ; format=flowed; charset="utf-8"',
            id="another parameter",
        ),
        pytest.param(
            'text/plain; a="; charset=b"',
            'text/plain; a="; charset=b"; charset="utf-8"',
            id="the word inside a quoted string",
        ),
        pytest.param(
            "text/plain; xcharset=b",
            'text/plain; xcharset=b; charset="utf-8"',
            id="a parameter whose name ends so",
        ),
    ],
)
def test_the_charset_is_added_to_text_and_to_the_legacy_names_of_javascript(
    media_type: str, expected: str
) -> None:
    assert content_type(media_type, "utf-8") == expected


@pytest.mark.parametrize(
    "media_type",
    [
        pytest.param("application/json", id="RFC 8259 section 11"),
        pytest.param("application/manifest+json", id="JSON by its suffix"),
        pytest.param("application/xml", id="RFC 7303 section 3"),
        pytest.param("application/xhtml+xml", id="RFC 7303 section 3, xhtml"),
        pytest.param("image/svg+xml", id="RFC 7303 section 3, svg"),
        pytest.param("image/png", id="image"),
        pytest.param("application/octet-stream", id="default"),
        pytest.param("application/x; a=text/html", id="text/ in a parameter"),
    ],
)
def test_the_charset_is_not_added_to_other_media_types(media_type: str) -> None:
    assert content_type(media_type, "utf-8") == media_type


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain; charset=latin-1",
        "text/plain;CHARSET=latin-1",
        'text/plain; charset="latin-1"',
        "text/plain; format=flowed ; charset=latin-1",
        'text/plain; a="b;\\"" ; charset=latin-1',
    ],
)
def test_an_existing_charset_is_kept(media_type: str) -> None:
    assert content_type(media_type, "utf-8") == media_type


def test_no_charset_is_added_without_one() -> None:
    assert content_type("text/html", None) == "text/html"


# The script that generates the table.


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_media_types", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A small ``db.json`` with a conflict for each rule."""
    path = tmp_path / "db.json"
    content = {
        "text/javascript": {"source": "iana", "extensions": ["js"]},
        "application/javascript": {"source": "iana", "extensions": ["js"]},
        "audio/aaa": {"extensions": ["registered", "known"]},
        "audio/aab": {"source": "nginx", "extensions": ["registered", "known"]},
        "audio/aac": {"source": "apache", "extensions": ["registered", "known"]},
        "audio/x-zzz": {"source": "iana", "extensions": ["registered"]},
        "audio/vnd.a": {"source": "iana", "extensions": ["plain"]},
        "audio/prs.a": {"source": "iana", "extensions": ["plain"]},
        "audio/x-a": {"source": "iana", "extensions": ["plain"]},
        "audio/x.a": {"source": "iana", "extensions": ["plain"]},
        "audio/longer-than-the-others": {"source": "iana", "extensions": ["plain"]},
        "application/a": {"source": "iana", "extensions": ["face"]},
        "font/longer-than-the-other": {"source": "iana", "extensions": ["face"]},
        "image/b": {"source": "iana", "extensions": ["short"]},
        "image/aa": {"source": "iana", "extensions": ["short"]},
        "model/b": {"source": "iana", "extensions": ["same"]},
        "model/a": {"source": "iana", "extensions": ["same"]},
        "text/xml": {"source": "iana", "extensions": ["xml"]},
        "Application/XML": {"source": "iana", "extensions": ["XML"]},
        "application/none": {"source": "iana"},
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def generate(generator: ModuleType, *arguments: object) -> int:
    status: int = generator.main([str(argument) for argument in arguments])
    return status


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        pytest.param(".js", "text/javascript", id="obsolete names lose"),
        pytest.param(".registered", "audio/x-zzz", id="IANA wins"),
        pytest.param(".known", "audio/aac", id="then Apache httpd"),
        pytest.param(".plain", "audio/longer-than-the-others", id="a name without prefix wins"),
        pytest.param(".face", "font/longer-than-the-other", id="application loses"),
        pytest.param(".short", "image/b", id="the shorter wins"),
        pytest.param(".same", "model/a", id="then the alphabet"),
        pytest.param(".xml", "application/xml", id="overrides win, and case does not count"),
        pytest.param(".cur", "image/x-icon", id="overrides add"),
    ],
)
def test_the_generator_resolves_a_conflict_by_its_rules(
    generator: ModuleType, database: Path, tmp_path: Path, extension: str, expected: str
) -> None:
    output = tmp_path / "table.py"
    assert generate(generator, "--source", database, "--output", output) == 0
    assert runpy.run_path(str(output))["BY_EXTENSION"][extension] == expected


def test_the_generated_module_is_sorted_and_names_its_source(
    generator: ModuleType, database: Path, tmp_path: Path
) -> None:
    output = tmp_path / "table.py"
    generate(generator, "--source", database, "--output", output)
    module = runpy.run_path(str(output))
    assert list(module["BY_EXTENSION"]) == sorted(module["BY_EXTENSION"])
    for words in (SCRIPT.name, "mime-db", generator.MIME_DB_VERSION, "MIT", "Do not edit"):
        assert words in module["__doc__"]


def test_check_distinguishes_current_and_outdated_tables(
    generator: ModuleType, database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "table.py"
    arguments = ("--check", "--source", database, "--output", output)
    assert generate(generator, *arguments) == 1
    assert not output.exists()
    generate(generator, *arguments[1:])
    capsys.readouterr()
    assert generate(generator, *arguments) == 0
    assert capsys.readouterr() == ("", "")
    changed = output.read_text(encoding="utf-8").replace("model/a", "model/b")
    output.write_text(changed, encoding="utf-8")
    assert generate(generator, *arguments) == 1
    assert str(output) in capsys.readouterr().err
    assert output.read_text(encoding="utf-8") == changed


def test_conflicts_are_printed_in_order_of_preference_and_nothing_is_written(
    generator: ModuleType, database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "table.py"
    assert generate(generator, "--conflicts", "--source", database, "--output", output) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ".known: audio/aac (apache) > audio/aab (nginx) > audio/aaa (mime-db)" in lines
    assert ".xml: text/xml (iana) > application/xml (iana); overruled by application/xml" in lines
    assert ".cur: not in mime-db; overruled by image/x-icon" in lines
    assert not output.exists()


def test_the_table_of_the_package_has_every_override(generator: ModuleType) -> None:
    assert generator.OVERRIDES.items() <= BY_EXTENSION.items()


def test_the_table_of_the_package_is_what_the_generator_writes(generator: ModuleType) -> None:
    assert generator.OUTPUT.read_text(encoding="utf-8") == generator.render(BY_EXTENSION)
    assert list(BY_EXTENSION) == sorted(BY_EXTENSION)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"{", "is not JSON", id="not JSON"),
        pytest.param(b"\xff", "is not JSON", id="not UTF-8"),
        pytest.param(b"[]", "is not a JSON object", id="a list"),
        pytest.param(b"{}", "has no extensions", id="an empty object"),
        pytest.param(b'{"a": {}}', "'a' in the place of a media type", id="no media type"),
        pytest.param(b'{"a/b": []}', "no list of extensions for a/b", id="entry is no object"),
        pytest.param(
            b'{"a/b": {"extensions": "c"}}', "no list of extensions for a/b", id="no list"
        ),
        pytest.param(
            b'{"a/b": {"extensions": ["\\""]}}', "as an extension of a/b", id="no extension"
        ),
    ],
)
def test_a_source_that_is_not_the_public_table_is_refused_in_one_line(
    generator: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    message: str,
) -> None:
    source = tmp_path / "db.json"
    source.write_bytes(content)
    output = tmp_path / "table.py"
    assert generate(generator, "--source", source, "--output", output) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not output.exists()


def test_a_missing_source_is_reported_in_one_line(
    generator: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(generator, "--source", tmp_path / "missing.json") == 2
    error = capsys.readouterr().err
    assert "missing.json" in error and error.count("\n") == 1


def test_missing_npm_is_reported_in_one_line(
    generator: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert generate(generator, "--output", tmp_path / "table.py") == 2
    error = capsys.readouterr().err
    assert "npm is not on the PATH" in error and error.count("\n") == 1


def write_tarball(path: Path, name: str, content: bytes | None) -> None:
    with tarfile.open(path, "w:gz") as tarball:
        member = tarfile.TarInfo(name)
        if content is None:
            member.type = tarfile.DIRTYPE
        else:
            member.size = len(content)
        tarball.addfile(member, io.BytesIO(content or b""))


def test_the_table_is_read_from_the_tarball_of_the_package(
    generator: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "mime-db.tgz"
    write_tarball(path, "package/db.json", b"{}")
    assert generator.read_tarball(path) == b"{}"


def test_a_tarball_without_the_table_is_refused(generator: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "mime-db.tgz"
    write_tarball(path, "package/package.json", b"{}")
    with pytest.raises(generator.GenerationError, match=r"mime-db\.tgz has no package/db\.json"):
        generator.read_tarball(path)
    write_tarball(path, "package/db.json", None)
    with pytest.raises(generator.GenerationError, match="is not a file"):
        generator.read_tarball(path)
    path.write_bytes(b"not a tarball")
    with pytest.raises(generator.GenerationError, match="cannot be read as a tarball"):
        generator.read_tarball(path)


def stand_in_for_npm(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = directory / "npm"
    npm.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory), prepend=os.pathsep)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for npm is a shell script")
def test_npm_fetches_the_pinned_version(
    generator: ModuleType, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tarball = tmp_path / "mime-db.tgz"
    write_tarball(tarball, "package/db.json", database.read_bytes())
    asked = tmp_path / "asked"
    script = f"printf '%s' \"$*\" > '{asked}'; cp '{tarball}' ."
    stand_in_for_npm(tmp_path, script, monkeypatch)
    output = tmp_path / "table.py"
    assert generate(generator, "--output", output) == 0
    assert asked.read_text(encoding="utf-8").endswith(f" mime-db@{generator.MIME_DB_VERSION}")
    assert generate(generator, "--check", "--source", database, "--output", output) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for npm is a shell script")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param(
            "echo 'npm error code E404' >&2; echo more >&2; exit 1",
            "failed with status 1: npm error code E404",
            id="npm fails",
        ),
        pytest.param("exit 3", "failed with status 3: no message", id="npm fails silently"),
        pytest.param("exit 0", "wrote 0 tarballs", id="npm writes nothing"),
        pytest.param(
            "echo x > mime-db.tgz", "cannot be read as a tarball", id="npm writes no tarball"
        ),
    ],
)
def test_failing_npm_is_reported_in_one_line(
    generator: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: str,
    message: str,
) -> None:
    stand_in_for_npm(tmp_path, script, monkeypatch)
    output = tmp_path / "table.py"
    assert generate(generator, "--output", output) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not output.exists()


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("text/css", True),
        ("Text/JavaScript; charset=utf-8", True),
        ("application/javascript", True),
        ("application/json", True),
        ("application/manifest+json", True),
        ("image/svg+xml", True),
        ("application/xml", True),
        ("application/wasm", False),
        ("image/png", False),
        ("application/octet-stream", False),
    ],
)
def test_documents_scripts_style_sheets_and_data_are_text(media_type: str, expected: bool) -> None:
    assert is_text(media_type) is expected
