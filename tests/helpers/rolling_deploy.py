"""Two replicas behind nginx's cache, and the steps of a rolling deploy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.helpers.caches import free_port, started
from tests.helpers.recording_origin import end
from tests.helpers.releases import Release
from tests.helpers.server_processes import wait_for, watched
from tests.helpers.waiting import until
from whitenoise_async.releases.build import BuildRules
from whitenoise_async.releases.folder_store import FolderStore
from whitenoise_async.releases.publish import Settings, publish
from whitenoise_async.releases.retention import Retention

#: Where the responses come from, in the header ``X-Replica``. Other values are the cache's.
REPLICAS = ("first", "second")

#: The path of the page that the application renders. Caches do not keep it.
RENDERED = "/app"

_ROOT = Path(__file__).parents[2]
_APPLICATION = "tests.helpers.replica_apps:application"
_SERVERS = {
    "uvicorn": ["--log-level", "warning", "--lifespan", "off", "--port", "{port}"],
    "gunicorn": ["--worker-class", "gthread", "--threads", "4", "--bind", "127.0.0.1:{port}"],
}
_OPTIONS = {"index_file": True, "immutable_file_test": r"\.[0-9a-f]{12}\.", "max_age": 1}

# nginx asks the other replica if one refuses or resets a connection: that is its default. By
# default it then leaves the replica alone for ten seconds, so that a new one would get no requests.
_SITE = """
  proxy_cache_path {folder}/cache keys_zone=static:8m inactive=1h;
  upstream replicas {{
    server 127.0.0.1:{first} max_fails=0;
    server 127.0.0.1:{second} max_fails=0;
    keepalive 16;
  }}
  map $upstream_addr $replica {{
    default "several"; "" "cache"; 127.0.0.1:{first} "first"; 127.0.0.1:{second} "second";
  }}
  log_format sources "$replica $uri";
  server {{
    listen 127.0.0.1:{port};
    access_log {log} sources;
    keepalive_requests 100000;
    location / {{
      proxy_pass http://replicas;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_cache {zone};
      proxy_cache_lock on;
      proxy_cache_revalidate on;
      add_header X-Replica $replica always;
    }}
  }}
"""


class Kind(NamedTuple):
    """A way to serve the files of a release."""

    server: str
    middleware: str  # "asgi", "wsgi", or "whitenoise"
    serves_store: bool = False  # serves the store; otherwise the build of its release
    uses_store: bool = False  # has the option store=
    has_cache: bool = True  # nginx keeps responses

    @property
    def publishes(self) -> bool:
        """Whether releases are published into the store."""
        return self.serves_store or self.uses_store


class _Replica:
    """A server process on a port of its own, with one release after another."""

    def __init__(self, kind: Kind, store: Path, log: Path) -> None:
        self.port = free_port()
        self._kind = kind
        self._store = store
        self._log = log
        self._stack = ExitStack()

    def start(self, release: Release) -> None:
        """Run the server with a release, and wait until it listens."""
        kind = self._kind
        settings = {
            "middleware": kind.middleware,
            "root": str(self._store if kind.serves_store else release.folder),
            "page": str(release.folder / "index.html"),
            "path": RENDERED,
            "options": {**_OPTIONS, **({"store": str(self._store)} if kind.uses_store else {})},
        }
        arguments = [each.format(port=self.port) for each in _SERVERS[kind.server]]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", kind.server, _APPLICATION, *arguments],
                cwd=_ROOT,
                env={**os.environ, "PYTHONPATH": str(_ROOT), "REPLICA": json.dumps(settings)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._stack.callback(end, process)
        self._stack.enter_context(watched(process, self._log))
        wait_for(self.port, process, self._log)

    def stop(self) -> None:
        """End the server gracefully: it completes the responses that it has begun."""
        self._stack.close()


class Deploy:
    """A running site, and the steps of its deploy."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.port = free_port()
        self._kind = kind
        self._store = folder / "store"
        self._log = folder / "sources"
        self._replicas = [_Replica(kind, self._store, folder / name) for name in REPLICAS]

    def publish(self, release: Release) -> None:
        """Publish a release into the store, if there is one."""
        if self._kind.publishes:
            settings = Settings(Retention(3, 0), BuildRules())
            publish(str(release.folder), FolderStore(str(self._store)), settings)

    def replace(self, replica: int, release: Release) -> None:
        """Replace a replica by one with another release."""
        self._replicas[replica].stop()
        self._replicas[replica].start(release)

    def site(self, folder: Path) -> str:
        """The configuration of nginx."""
        first, second = (each.port for each in self._replicas)
        zone = "static" if self._kind.has_cache else "off"
        return _SITE.format(
            folder=folder, port=self.port, first=first, second=second, zone=zone, log=self._log
        )

    def sources_of(self, paths: Collection[str]) -> set[str]:
        """Where the responses for paths came from, by :data:`REPLICAS`; waits for one to each."""

        def sources() -> dict[str, str]:
            lines = [line.split() for line in self._log.read_text().splitlines()]
            return {path: source for source, path in lines if path in paths}

        until(lambda: len(sources()) == len(paths))
        return {*sources().values()}

    def start(self, release: Release) -> None:
        """Start both replicas."""
        self.publish(release)
        for each in self._replicas:
            each.start(release)

    def stop(self) -> None:
        """Stop both replicas."""
        for each in self._replicas:
            each.stop()


@contextmanager
def deployed(kind: Kind, folder: Path, release: Release) -> Iterator[Deploy]:
    """Run a site with a release."""
    deploy = Deploy(kind, folder)
    with ExitStack() as stack:
        stack.callback(deploy.stop)
        deploy.start(release)
        cache = folder / "nginx"
        stack.enter_context(started("nginx", deploy.site(cache), cache, deploy.port, []))
        yield deploy
