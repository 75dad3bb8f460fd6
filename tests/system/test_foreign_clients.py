"""Programs that people download with, each with the package on a real server."""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.cli.test_serve import publishing
from tests.helpers.files import MTIME
from tests.helpers.servers import running

pytestmark = pytest.mark.clients

SERVERS = ["uvicorn-httptools-uvloop", "gunicorn-gthread"]
#: Dates that packagers give to every file: the epoch, Nix's, and the first of a ZIP archive.
CONSTANT = [0, 1, 315_532_800]


class Published:
    """A folder, and a server that publishes it."""

    def __init__(self, server: str, folder: Path) -> None:
        self._server = server
        self._log = folder / "log"
        self.root = folder / "root"
        # It is checked at each request: see server_apps.py.
        self.folder = self.root / "changing"
        self.folder.mkdir(parents=True)
        (self.root / "site").mkdir()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Run the server; yields the URL of the folder."""
        with running(self._server, self.root, self._log, SERVED_ALONE="1") as server:
            yield f"http://127.0.0.1:{server.port}/changing"

    def write(self, name: str, content: bytes, mtime: float = MTIME) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.new")
        new.write_bytes(content)
        os.utime(new, (mtime, mtime))
        new.replace(path)
        return path


@pytest.fixture(params=SERVERS)
def published(request: pytest.FixtureRequest, tmp_path: Path) -> Published:
    return Published(request.param, tmp_path)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, which is the home folder as well."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    return folder


def needs(*programs: str) -> None:
    """Skip the test if one of the programs is missing."""
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


def run(*command: str | Path, **environ: str) -> str:
    """Run a program in the current folder; returns its output.

    It must succeed within a minute.
    """
    # A proxy in the environment cannot reach a server of the tests.
    clean = {name: value for name, value in os.environ.items() if not re.search("(?i)proxy", name)}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**clean, "LC_ALL": "C.UTF-8", "TZ": "UTC", **environ},
        timeout=60,
        check=False,
    )
    output = done.stdout.decode(errors="replace")
    assert done.returncode == 0, output
    return output


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that do not compress."""
    return random.Random(seed).randbytes(size)


def patched(content: bytes) -> bytes:
    """Another version that differs in several blocks, so that several ranges are fetched."""
    changed = bytearray(content)
    for number in range(1, 8):
        start = number * len(changed) // 8
        changed[start : start + 100] = noise(100, seed=number)
    return bytes(changed)


# Updates that fetch the changed parts, by several ranges in one request.


def test_zsync_fetches_the_blocks_that_have_changed(published: Published, here: Path) -> None:
    needs("zsync", "zsyncmake")
    old = noise(2_000_000)
    new = patched(old)
    path = published.write("image.iso", new)
    run("zsyncmake", "-u", "image.iso", "-o", published.folder / "image.iso.zsync", path)
    Path("old.iso").write_bytes(old)
    with published.serving() as url:
        output = run("zsync", "-i", "old.iso", "-o", "new.iso", f"{url}/image.iso.zsync")
    assert Path("new.iso").read_bytes() == new
    ((local, fetched),) = re.findall(r"used (\d+) local, fetched (\d+)", output)
    assert int(local) > 1_900_000
    assert int(fetched) < 100_000


def test_zsync_fetches_a_new_file(published: Published, here: Path) -> None:
    needs("zsync", "zsyncmake")
    path = published.write("image.iso", noise(500_000))
    run("zsyncmake", "-u", "image.iso", "-o", published.folder / "image.iso.zsync", path)
    with published.serving() as url:
        run("zsync", "-o", "new.iso", f"{url}/image.iso.zsync")
    assert Path("new.iso").read_bytes() == path.read_bytes()


def test_zchunk_fetches_the_chunks_that_have_changed(published: Published, here: Path) -> None:
    needs("zck", "zckdl")
    old = noise(2_000_000)
    new = patched(old)
    Path("old").write_bytes(old)
    Path("new").write_bytes(new)
    run("zck", "old")
    run("zck", "new")
    packed = published.write("new.zck", Path("new.zck").read_bytes())
    Path("new.zck").unlink()
    with published.serving() as url:
        output = run("zckdl", "-s", "old.zck", f"{url}/new.zck")
    assert Path("new.zck").read_bytes() == packed.read_bytes()
    (fetched,) = re.findall(r"Downloaded (\d+) bytes", output)
    assert 0 < int(fetched) < len(new) / 2


# Several connections, and resumed downloads.


def test_aria2_joins_what_several_connections_fetch(published: Published, here: Path) -> None:
    needs("aria2c")
    content = noise(16 * 1024 * 1024)
    published.write("film.mp4", content)
    with published.serving() as url:
        several = ["--split=4", "--max-connection-per-server=4", "--min-split-size=1M"]
        run("aria2c", "--no-conf", *several, f"{url}/film.mp4")
    assert Path("film.mp4").read_bytes() == content


@pytest.mark.parametrize(
    "command",
    [
        "aria2c --no-conf --continue=true {url}",
        "curl --silent --show-error -C - -o film.mp4 {url}",
        "wget --no-config --continue {url}",
    ],
    ids=lambda command: command.split()[0],
)
@pytest.mark.parametrize("had", [1, 2_500_000, 8_000_000])
def test_a_download_is_resumed(command: str, had: int, published: Published, here: Path) -> None:
    needs(command.split()[0])
    content = noise(8_000_000)
    published.write("film.mp4", content)
    Path("film.mp4").write_bytes(content[:had])
    with published.serving() as url:
        run(*command.format(url=f"{url}/film.mp4").split())
    assert Path("film.mp4").read_bytes() == content


def test_curl_reads_several_ranges(published: Published, here: Path) -> None:
    needs("curl")
    published.write("a.txt", b"0123456789" * 10)
    with published.serving() as url:
        output = run("curl", "--silent", "--range", "0-4,95-", f"{url}/a.txt")
    assert re.findall(r"\r\n\r\n(\d+)\r\n", output) == ["01234", "56789"]


# Checks for a new version.


@pytest.mark.parametrize("mtime", [MTIME, *CONSTANT])
def test_curl_sees_a_new_version(mtime: int, published: Published, here: Path) -> None:
    """By its date, if it has one, or by its ETag."""
    needs("curl")
    first, second = b"version 1\n", b"version 2\n"
    published.write("a.txt", first, mtime)
    by_date = ["curl", "--silent", "--remote-time", "-z", "by-date", "-o", "by-date"]
    by_tag = ["curl", "--silent", "--etag-compare", "tag", "--etag-save", "tag", "-o", "by-tag"]
    told = ["-w", "%{http_code}"]
    with published.serving() as url:
        assert run(*by_date, *told, f"{url}/a.txt").endswith("200")
        # It can keep its copy only if the file has a real date.
        assert run(*by_date, *told, f"{url}/a.txt") == ("304" if mtime == MTIME else "200")
        assert run(*by_tag, *told, f"{url}/a.txt") == "200"
        assert run(*by_tag, *told, f"{url}/a.txt") == "304"
        published.write("a.txt", second, mtime + 60 if mtime == MTIME else mtime)
        assert run(*by_date, *told, f"{url}/a.txt") == "200"
        assert run(*by_tag, *told, f"{url}/a.txt") == "200"
    assert Path("by-date").read_bytes() == Path("by-tag").read_bytes() == second


@pytest.mark.parametrize("mtime", [MTIME, *CONSTANT])
def test_wget_sees_a_new_version(mtime: int, published: Published, here: Path) -> None:
    needs("wget")
    first, second = b"version 1\n", b"version 2\n"
    published.write("a.txt", first, mtime)
    command = ["wget", "--no-config", "--no-verbose", "-N"]
    with published.serving() as url:
        run(*command, f"{url}/a.txt")
        again = run(*command, f"{url}/a.txt")
        assert ("a.txt" in again) == (mtime != MTIME)  # otherwise it prints nothing
        published.write("a.txt", second, mtime + 60 if mtime == MTIME else mtime)
        run(*command, f"{url}/a.txt")
    assert Path("a.txt").read_bytes() == second


# apt


class Apt:
    """An apt that neither reads nor writes the files of the machine's apt."""

    def __init__(self, folder: Path, url: str) -> None:
        for name in (
            *("etc/apt.conf.d", "etc/preferences.d", "etc/sources.list.d", "etc/trusted.gpg.d"),
            *("state/lists/partial", "cache/archives/partial", "log"),
        ):
            (folder / name).mkdir(parents=True)
        (folder / "state" / "status").touch()
        (folder / "etc" / "sources.list").write_text(f"deb [trusted=yes] {url} debian/\n")
        self._config = folder / "apt.conf"
        self._config.write_text(f"""
            Dir::Etc "{folder}/etc"; Dir::State "{folder}/state"; Dir::Cache "{folder}/cache";
            Dir::State::status "{folder}/state/status"; Dir::Log "{folder}/log";
            APT::Architecture "amd64"; APT::Architectures "amd64";
            Acquire::Languages "none"; Acquire::Retries "0"; Acquire::http::Proxy "DIRECT";
            Acquire::AllowInsecureRepositories "true";
        """)
        if os.geteuid() == 0:  # otherwise it runs as a user who may not enter the tests' folder
            with self._config.open("a") as config:
                config.write('APT::Sandbox::User "root";')
        self.archives = folder / "cache" / "archives"

    def __call__(self, *command: str) -> str:
        return run(*command, APT_CONFIG=str(self._config))


def release(published: Published, version: str, mtime: float) -> None:
    """Publish a flat repository with one version of one package."""
    folder = published.folder.parent.parent / f"hello-{version}"
    (folder / "DEBIAN").mkdir(parents=True)
    # A body that does not compress, and that needs several packets.
    (folder / "hello").write_bytes(noise(300_000, seed=int(version[0])))
    about = f"Package: hello\nVersion: {version}\nArchitecture: all\nMaintainer: A <a@a.example>\n"
    (folder / "DEBIAN" / "control").write_text(f"{about}Description: a package\n")
    package = folder.with_suffix(".deb")
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, package)
    content = package.read_bytes()
    published.write("debian/hello.deb", content, mtime)
    listed = (
        f"{about}Filename: debian/hello.deb\nSize: {len(content)}\n"
        f"SHA256: {hashlib.sha256(content).hexdigest()}\nDescription: a package\n\n"
    ).encode()
    published.write("debian/Packages", listed, mtime)
    published.write(
        "debian/Release",
        b"Date: Thu, 01 Jan 1970 00:00:00 UTC\nSHA256:\n %s %d Packages\n"
        % (hashlib.sha256(listed).hexdigest().encode(), len(listed)),
        mtime,
    )


@pytest.mark.parametrize("mtime", [MTIME, *CONSTANT])
def test_apt_sees_a_new_release(
    mtime: int, published: Published, here: Path, tmp_path: Path
) -> None:
    """Even one whose files have the lengths and dates of the last release."""
    needs("apt-get", "apt-cache", "dpkg-deb")
    release(published, "1.0", mtime)
    with published.serving() as url:
        apt = Apt(tmp_path / "apt", url)
        apt("apt-get", "update")
        assert "Candidate: 1.0" in apt("apt-cache", "policy", "hello")
        again = apt("apt-get", "update")
        # It skips the download only if the files have real dates.
        assert (f"Hit:2 {url} debian/ Release" in again) == (mtime == MTIME), again
        release(published, "2.0", mtime + 60 if mtime == MTIME else mtime)
        apt("apt-get", "update")
        assert "Candidate: 2.0" in apt("apt-cache", "policy", "hello")
        apt("apt-get", "download", "hello")
    assert (
        Path("hello_2.0_all.deb").read_bytes()
        == (published.folder / "debian/hello.deb").read_bytes()
    )


def test_apt_resumes_the_download_of_a_package(
    published: Published, here: Path, tmp_path: Path
) -> None:
    needs("apt-get", "dpkg-deb")
    release(published, "1.0", MTIME)
    content = (published.folder / "debian" / "hello.deb").read_bytes()
    with published.serving() as url:
        apt = Apt(tmp_path / "apt", url)
        apt("apt-get", "update")
        part = apt.archives / "partial" / "hello_1.0_all.deb"
        part.write_bytes(content[:200_000])
        os.utime(part, (MTIME, MTIME))
        output = apt("apt-get", "--yes", "--download-only", "install", "hello")
    assert (apt.archives / "hello_1.0_all.deb").read_bytes() == content
    assert f"Fetched {round((len(content) - 200_000) / 1000)} kB" in output, output


# pip


def publish_wheel(published: Published, version: str, mtime: float) -> None:
    """Publish a package index of one project with one version."""
    name = f"hello_you-{version}-py3-none-any.whl"
    wheel = published.folder / "wheels" / name
    wheel.parent.mkdir(exist_ok=True)
    folder = f"hello_you-{version}.dist-info"
    with ZipFile(wheel, "w") as archive:
        archive.writestr("hello_you.bin", noise(100_000))
        archive.writestr(
            f"{folder}/METADATA", f"Metadata-Version: 2.1\nName: hello-you\nVersion: {version}\n"
        )
        archive.writestr(
            f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{folder}/RECORD", "")
    os.utime(wheel, (mtime, mtime))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    link = f'<a href="../../wheels/{name}#sha256={digest}">{name}</a>'
    page = f"<!DOCTYPE html><html><head><title>hello-you</title></head><body>{link}</body></html>"
    published.write("simple/hello-you/index.html", page.encode(), mtime)


def pip_download(*options: str) -> None:
    """Let pip download ``hello-you`` to the folder ``wheels``."""
    if find_spec("pip") is None:
        pytest.skip("pip is not installed")
    pip = [sys.executable, "-I", "-m", "pip", "--isolated", "--disable-pip-version-check"]
    command = [*pip, "download", "--no-input", "--dest", "wheels", *options, "hello.you"]
    run(*command, PIP_CONFIG_FILE=os.devnull)


@pytest.mark.parametrize("mtime", [MTIME, 1])
@pytest.mark.parametrize("lazily", [False, True], ids=["whole", "fast-deps"])
def test_pip_downloads_from_an_index_of_files(
    mtime: int, lazily: bool, published: Published, here: Path
) -> None:
    """With ``fast-deps`` it reads the metadata in a wheel by ranges from its end."""
    options = ["--cache-dir", str(here / "cache")]
    if lazily:
        options += ["--use-feature=fast-deps"]
    publish_wheel(published, "1.0", mtime)
    # The next version exists when the server starts, but no page links to it yet.
    publish_wheel(published, "2.0", mtime)
    publish_wheel(published, "1.0", mtime)
    with published.serving() as url:
        options += ["--index-url", f"{url}/simple/"]
        pip_download(*options)
        assert os.listdir("wheels") == ["hello_you-1.0-py3-none-any.whl"]
        publish_wheel(published, "2.0", mtime + 60 if mtime == MTIME else mtime)
        pip_download(*options)
    assert sorted(os.listdir("wheels"))[1:] == ["hello_you-2.0-py3-none-any.whl"]
    for wheel in Path("wheels").iterdir():
        assert wheel.read_bytes() == (published.folder / "wheels" / wheel.name).read_bytes()


def test_pip_finds_links_in_a_list_of_the_files(published: Published, here: Path) -> None:
    for version in ("1.0", "2.0"):
        publish_wheel(published, version, MTIME)
    with publishing(published.folder / "wheels", "--list", "--port=0", "--prefix=a b") as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        pip_download("--cache-dir", str(here / "cache"), "--no-index", "--find-links", url)
    assert os.listdir("wheels") == ["hello_you-2.0-py3-none-any.whl"]


# git over "dumb" HTTP


def git(*arguments: str | Path) -> str:
    environ = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    return run("git", "-c", "user.name=A", "-c", "user.email=a@a.example", *arguments, **environ)


def push(published: Published, name: str, content: bytes) -> None:
    """Commit a file, and push it to the published repository."""
    Path("work", name).write_bytes(content)
    git("-C", "work", "add", name)
    git("-C", "work", "commit", "--message", f"Add {name}")
    git("-C", "work", "push", "origin", "HEAD:main")
    bare = published.folder / "project.git"
    git("-C", bare, "update-server-info")
    for path in bare.rglob("*"):
        os.utime(path, (1, 1))


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_git_clones_and_pulls(packed: bool, published: Published, here: Path) -> None:
    needs("git")
    bare = published.folder / "project.git"
    git("init", "--bare", "--initial-branch=main", bare)
    git("clone", bare, "work")
    push(published, "film.mp4", noise(3_000_000))
    if packed:
        git("-C", bare, "gc")
        push(published, "page.html", b"<title>page</title>")
    with published.serving() as url:
        git("clone", f"{url}/project.git", "clone")
    push(published, "new.txt", b"new")
    # The server finds new files when it starts.
    with published.serving() as url:
        git("-C", "clone", "remote", "set-url", "origin", f"{url}/project.git")
        git("-C", "clone", "pull", "--ff-only")
    git("-C", "clone", "fsck", "--strict")
    for path in Path("work").iterdir():
        if path.name != ".git":
            assert Path("clone", path.name).read_bytes() == path.read_bytes()
