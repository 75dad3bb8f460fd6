"""Write ``whitenoise_async/http/media_type_table.py`` from the public table mime-db.

The table comes from the npm package ``mime-db`` at the version that ``MIME_DB_VERSION`` pins.
``npm pack`` fetches it into a temporary directory, from whichever registry npm is configured
for; nothing is installed.  To take a newer version, change the pin, run the script, and read the
difference and ``--conflicts``.

If mime-db gives an extension to several media types, the first rule that prefers one decides:

1. a name that an RFC has made obsolete (``OBSOLETE``) loses to one that is in force;
2. a name registered with IANA wins over one known to Apache httpd, that over one known to nginx,
   and that over one that mime-db added by itself;
3. a name without a prefix wins over a vendor, personal or unregistered one (``vnd.``, ``prs.``,
   ``x-``, ``x.``: RFC 6838 section 3);
4. a specific top-level type, such as ``font`` or ``video``, wins over ``application``;
5. the shorter name wins; if the lengths are equal, the first in alphabetical order.

``OVERRIDES`` has the last word.

Exit status: 0 if the table was written or is up to date. 1 if ``--check`` finds a difference.
2 if the table could not be generated, or the arguments are wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

MIME_DB_VERSION = "1.54.0"

OUTPUT = Path(__file__).resolve().parents[2] / "whitenoise_async" / "http" / "media_type_table.py"

SOURCES = ("iana", "apache", "nginx")

PREFIXES = ("vnd.", "prs.", "x-", "x.")

OBSOLETE = frozenset(
    {
        # RFC 9239 section 6: text/javascript stands for all of these.
        "application/ecmascript",
        "application/javascript",
        "application/x-ecmascript",
        "application/x-javascript",
        "text/ecmascript",
        "text/x-ecmascript",
        "text/x-javascript",
        # RFC 8081: the top-level type font replaces these.
        "application/font-sfnt",
        "application/font-woff",
    }
)

OVERRIDES: dict[str, str] = {
    # RFC 3839 registers both 3GPP types for the extension; audio/3gpp is for a file without
    # pictures, and .3gp, the same format, is video/3gpp in mime-db.
    ".3gpp": "video/3gpp",
    # An .asc file on a web site is usually the detached signature of a download (RFC 3156).
    # Apache httpd's table has the same type.
    ".asc": "application/pgp-signature",
    # Bundlers name builds for the script element .umd.cjs.  With X-Content-Type-Options: nosniff
    # a browser runs a script only under a JavaScript media type (WHATWG Fetch, "should response
    # to request be blocked due to nosniff"), and application/node is none.
    ".cjs": "text/javascript",
    # Not in mime-db.  WHATWG MIME Sniffing section 6.1 has one name for icons and cursors.
    ".cur": "image/x-icon",
    # RFC 9239 section 6: application/ecmascript, the only candidate, is obsolete.
    ".ecma": "text/javascript",
    # RFC 9639 registers audio/flac; mime-db still ties the extension to audio/x-flac.
    ".flac": "audio/flac",
    # image/vnd.microsoft.icon is the registered name, but image/x-icon is the one that WHATWG
    # MIME Sniffing section 6.1 gives, that nginx and Apache httpd send, and that the compression
    # and caching lists of proxies name.  Browsers take both.
    ".ico": "image/x-icon",
    # A JFIF file is an ordinary JPEG image; image/pjpeg was Internet Explorer's name for
    # progressive ones.
    ".jfif": "image/jpeg",
    # MathML 3 appendix B gives .mml to this type; text/mathml was never registered.
    ".mml": "application/mathml+xml",
    # A Microsoft Project file, which a browser given application/dash-patch+xml would try to
    # show as XML.  The player that asks for a DASH patch does not go by the media type.
    ".mpp": "application/vnd.ms-project",
    # Not in mime-db.  The name that Python's own mimetypes module gives.
    ".py": "text/x-python",
    # text/rtf is shorter, but a text type takes a charset parameter, and RTF names its code page
    # in the file.
    ".rtf": "application/rtf",
    # Not in mime-db.  A compressed archive has the media type of its outermost format, as it has
    # when it is named .tar.bz2, .tar.gz or .tar.xz.
    ".tbz2": "application/x-bzip2",
    ".tgz": "application/gzip",
    ".txz": "application/x-xz",
    # RFC 6350 section 10.1; text/x-vcard is the name from before that registration.
    ".vcf": "text/vcard",
    # No name for it in mime-db is registered.  This is the one that browsers and authors use in
    # <source type>; Apache httpd's audio/x-wav would win by rule 2.
    ".wav": "audio/wav",
    # RFC 7303 section 9.2 makes text/xml an alias.  It is shorter, but takes a charset parameter,
    # which would overrule the encoding that the file declares (section 3).
    ".xml": "application/xml",
    # RFC 9512 section 2.1; text/yaml, the only candidate, is not registered.
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    # RFC 8878; mime-db has the type without an extension.
    ".zst": "application/zstd",
}

# mime-db's licence asks that this notice go with every substantial portion of it.
HEADER = '''\
"""Media types by file name extension.

Generated by ``tests/tools/generate_media_types.py`` from version {version} of the public table
mime-db (npm package ``mime-db``, MIT licence).  Do not edit: change the script, and run it.
"""

# The licence of mime-db:
#
# Copyright (c) 2014 Jonathan Ong <me@jongleberry.com>
# Copyright (c) 2015-2022 Douglas Christopher Wilson <doug@somethingdoug.com>
#
# Permission is hereby granted, free of charge, to any person obtaining
# a copy of this software and associated documentation files (the
# 'Software'), to deal in the Software without restriction, including
# without limitation the rights to use, copy, modify, merge, publish,
# distribute, sublicense, and/or sell copies of the Software, and to
# permit persons to whom the Software is furnished to do so, subject to
# the following conditions:
#
# The above copyright notice and this permission notice shall be
# included in all copies or substantial portions of the Software.
#
# THE SOFTWARE IS PROVIDED 'AS IS', WITHOUT WARRANTY OF ANY KIND,
# EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
# MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT.
# IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY
# CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT,
# TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
# SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

from __future__ import annotations

BY_EXTENSION: dict[str, str] = {{
'''

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_EXTENSION = re.compile(r"\.[a-z0-9_-]+")


class GenerationError(Exception):
    """The table cannot be made; the message is one line for the user."""


def download(version: str) -> bytes:
    """Return ``db.json`` of a version of mime-db, fetched with ``npm pack``.

    Raises:
        GenerationError: npm is missing or fails, or what it fetched is not mime-db.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise GenerationError("npm is not on the PATH; install it, or give --source db.json")
    package = f"mime-db@{version}"
    with tempfile.TemporaryDirectory() as directory:
        command = [npm, "pack", "--loglevel=error", "--ignore-scripts", package]
        try:
            done = subprocess.run(
                command,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=300,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GenerationError(f"npm pack {package} did not run: {error}") from error
        if done.returncode != 0:
            reason = next(filter(None, map(str.strip, done.stderr.splitlines())), "no message")
            raise GenerationError(
                f"npm pack {package} failed with status {done.returncode}: {reason}"
            )
        tarballs = sorted(Path(directory).glob("*.tgz"))
        if len(tarballs) != 1:
            raise GenerationError(f"npm pack {package} wrote {len(tarballs)} tarballs, not one")
        return read_tarball(tarballs[0])


def read_tarball(path: Path) -> bytes:
    """Return ``package/db.json`` of an npm tarball.

    Raises:
        GenerationError: the file is not a tarball or has no ``package/db.json``.
    """
    try:
        with tarfile.open(path, "r:gz") as tarball:
            member = tarball.extractfile("package/db.json")
            if member is None:
                raise GenerationError(f"package/db.json in {path.name} is not a file")
            return member.read()
    except KeyError as error:
        raise GenerationError(f"{path.name} has no package/db.json") from error
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise GenerationError(f"{path.name} cannot be read as a tarball: {error}") from error


def candidates(content: bytes, name: str) -> dict[str, dict[str, str | None]]:
    """Return, for each extension in ``db.json``, its media types, each with its source.

    Raises:
        GenerationError: the content, called ``name`` in the message, is not mime-db's table.
    """
    try:
        database = json.loads(content)
    except ValueError as error:
        raise GenerationError(f"{name} is not JSON: {error}") from error
    if not isinstance(database, dict):
        raise GenerationError(f"{name} is not a JSON object of media types")
    found: dict[str, dict[str, str | None]] = {}
    for key, entry in database.items():
        media_type = key.lower()
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise GenerationError(f"{name} has {key!r} in the place of a media type")
        extensions = entry.get("extensions", []) if isinstance(entry, dict) else None
        if not isinstance(extensions, list):
            raise GenerationError(f"{name} has no list of extensions for {key}")
        for extension in extensions:
            suffix = f".{extension}".lower()
            if not _EXTENSION.fullmatch(suffix):
                raise GenerationError(f"{name} has {extension!r} as an extension of {key}")
            found.setdefault(suffix, {})[media_type] = entry.get("source")
    if not found:
        raise GenerationError(f"{name} has no extensions")
    return found


def preference(media_type: str, source: str | None) -> tuple[bool, int, bool, bool, int, str]:
    """Return the sort key of a candidate under the rules of the module; the least is chosen."""
    top_level, _, subtype = media_type.partition("/")
    return (
        media_type in OBSOLETE,
        SOURCES.index(source) if source in SOURCES else len(SOURCES),
        subtype.startswith(PREFIXES),
        top_level == "application",
        len(media_type),
        media_type,
    )


def choose(media_types: Mapping[str, str | None]) -> str:
    """Return the media type that the rules choose among several, without the overrides."""
    return min(media_types, key=lambda media_type: preference(media_type, media_types[media_type]))


def build(found: Mapping[str, Mapping[str, str | None]]) -> dict[str, str]:
    """Return the table: one media type for each extension, in alphabetical order."""
    table = {extension: choose(media_types) for extension, media_types in found.items()}
    table.update(OVERRIDES)
    return dict(sorted(table.items()))


def render(table: Mapping[str, str]) -> str:
    """Return the source text of the Python module that holds the table."""
    rows = (f'    "{extension}": "{media_type}",\n' for extension, media_type in table.items())
    return HEADER.format(version=MIME_DB_VERSION) + "".join(rows) + "}\n"


def conflicts(found: Mapping[str, Mapping[str, str | None]]) -> list[str]:
    """Return a line for each extension with several candidates or an override."""
    lines = []
    for extension in sorted(found.keys() | OVERRIDES.keys()):
        media_types = found.get(extension, {})
        override = OVERRIDES.get(extension)
        if override is None and len(media_types) < 2:
            continue
        ranked = sorted(media_types, key=lambda name: preference(name, found[extension][name]))
        names = [f"{name} ({media_types[name] or 'mime-db'})" for name in ranked]
        line = f"{extension}: {' > '.join(names) or 'not in mime-db'}"
        lines.append(line if override is None else f"{line}; overruled by {override}")
    return lines


def run(options: argparse.Namespace) -> int:
    """Do what the arguments ask for, and return the exit status.

    Raises:
        GenerationError: the table cannot be made.
        OSError: a file cannot be read or written.
    """
    source: Path | None = options.source
    output: Path = options.output
    content = download(MIME_DB_VERSION) if source is None else source.read_bytes()
    found = candidates(content, "db.json" if source is None else str(source))
    if options.conflicts:
        print("\n".join(conflicts(found)))
        return 0
    text = render(build(found))
    if not options.check:
        output.write_text(text, encoding="utf-8", newline="\n")
        return 0
    if output.exists() and output.read_text(encoding="utf-8", errors="replace") == text:
        return 0
    print(f"{output} is not what {Path(__file__).name} generates; run it", file=sys.stderr)
    return 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return its exit status."""
    parser = argparse.ArgumentParser(
        prog=Path(__file__).name,
        description="Write the table of media types by extension from mime-db.",
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with status 1 if the file differs from what would be written",
    )
    action.add_argument(
        "--conflicts",
        action="store_true",
        help="write nothing; print each extension with several media types or an override",
    )
    parser.add_argument(
        "--source",
        type=Path,
        metavar="DB_JSON",
        help=f"read this file, from mime-db {MIME_DB_VERSION}, instead of running npm",
    )
    parser.add_argument("--output", type=Path, default=OUTPUT, help="default: %(default)s")
    try:
        return run(parser.parse_args(arguments))
    except (GenerationError, OSError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
