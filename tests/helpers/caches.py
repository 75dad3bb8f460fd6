"""Real caches in front of real replicas: nginx's ``proxy_cache``, and Varnish."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from tests.helpers.recording_origin import end, running_origin
from tests.helpers.server_processes import wait_for, watched

#: The program that each cache needs.
PROGRAMS = {"nginx": "nginx", "varnish": "varnishd"}

_NGINX = """
daemon off; worker_processes 1; {user} pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
  access_log off; server_tokens off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  {site}
}}
"""

_NGINX_SITE = """
  proxy_cache_path {folder}/cache keys_zone=static:1m inactive=1h;
  upstream replicas {{ {replicas} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://replicas;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_cache static;
      proxy_cache_lock on;
      proxy_cache_revalidate on;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
"""

# By default Varnish requests gzip for every client, and so never gets br.
_VARNISH = """
vcl 4.1;
import directors;
{replicas}
sub vcl_init {{ new replicas = directors.round_robin(); {added} }}
sub vcl_recv {{
  set req.backend_hint = replicas.backend();
  if (req.http.Available-Dictionary && req.http.Accept-Encoding ~ "(^|[, ])dcz([,; ]|$)") {{
    set req.http.Accept-Encoding = "br, dcz";
  }}
  elseif (req.http.Accept-Encoding ~ "(^|[, ])br([,; ]|$)") {{
    set req.http.Accept-Encoding = "br";
  }}
  elseif (req.http.Accept-Encoding ~ "gzip") {{ set req.http.Accept-Encoding = "gzip"; }}
  else {{ unset req.http.Accept-Encoding; }}
}}
sub vcl_backend_response {{ set beresp.grace = 0s; set beresp.keep = 1h; }}
sub vcl_deliver {{
  if (obj.hits > 0) {{ set resp.http.X-Cache = "HIT"; }} else {{ set resp.http.X-Cache = "MISS"; }}
}}
"""


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """A connection to a server on this machine. It reconnects if the server closed it."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str, fields: Mapping[str, str] = {}) -> Reply:
        self._connection.putrequest("GET", path, skip_accept_encoding=True)
        for name, value in fields.items():
            self._connection.putheader(name, value)
        self._connection.endheaders()
        response = self._connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, headers, response.read())

    def json(self, path: str) -> Any:
        return json.loads(self.get(path).body)

    def close(self) -> None:
        self._connection.close()


class Site:
    """A cache, and the replicas behind it."""

    def __init__(self, port: int, replicas: Sequence[int]) -> None:
        self._client = Client(port)
        self._replicas = [Client(each) for each in replicas]
        self.get = self._client.get

    def close(self) -> None:
        for client in (self._client, *self._replicas):
            client.close()

    def seen(self, path: str) -> list[dict[str, Any]]:
        """The requests for ``path`` that the replicas received, and the statuses that they sent."""
        each = [replica.json("/seen") for replica in self._replicas]
        return [request for some in each for request in some if request["path"] == path]


@contextmanager
def cached(kind: str, folder: Path, roots: Sequence[Path], **options: object) -> Iterator[Site]:
    """Run a cache in front of one replica for each root."""
    with ExitStack() as running:
        replicas = [running.enter_context(running_origin(root, **options)) for root in roots]
        port = free_port()
        config = {"nginx": _nginx_site, "varnish": _varnish}[kind](folder, port, replicas)
        yield running.enter_context(started(kind, config, folder, port, replicas))


@contextmanager
def started(
    kind: str, config: str, folder: Path, port: int, replicas: Sequence[int]
) -> Iterator[Site]:
    """Run a cache by a configuration that has it listen on ``port``."""
    folder.mkdir()
    command = {"nginx": _nginx_command, "varnish": _varnish_command}[kind](config, folder, port)
    with _process(command, port, folder / "log"), closing(Site(port, replicas)) as site:
        yield site


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def missing(kind: str) -> str | None:
    """Why a cache cannot run here, ``None`` if it can."""
    program = PROGRAMS[kind]
    path = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
    return None if shutil.which(program, path=path) else f"{program} is not installed"


def _nginx_site(folder: Path, port: int, replicas: Sequence[int]) -> str:
    listed = " ".join(f"server 127.0.0.1:{each};" for each in replicas)
    return _NGINX_SITE.format(folder=folder, port=port, replicas=listed)


def _nginx_command(site: str, folder: Path, port: int) -> list[str]:
    config = folder / "nginx.conf"
    # Started by root, nginx switches to the user nobody, which cannot enter the tests' folder.
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(_NGINX.format(folder=folder, site=site, user=user))
    return ["nginx", "-c", str(config), "-p", str(folder)]


def _varnish(folder: Path, port: int, replicas: Sequence[int]) -> str:
    names = [f"replica{number}" for number in range(len(replicas))]
    listed = "\n".join(
        f'backend {name} {{ .host = "127.0.0.1"; .port = "{each}"; }}'
        for name, each in zip(names, replicas, strict=True)
    )
    added = " ".join(f"replicas.add_backend({name});" for name in names)
    return _VARNISH.format(replicas=listed, added=added)


def _varnish_command(vcl: str, folder: Path, port: int) -> list[str]:
    config = folder / "site.vcl"
    config.write_text(vcl)
    options = ["-p", "http_gzip_support=off", "-s", "malloc,32m", "-j", "none"]
    return ["varnishd", "-F", "-n", str(folder / "work"), "-a", f"127.0.0.1:{port}",
            "-f", str(config), *options]  # fmt: skip


@contextmanager
def _process(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    path = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
    program = shutil.which(command[0], path=path)
    assert program is not None
    with log.open("wb") as output:
        process = subprocess.Popen([program, *command[1:]], stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(port, process, log)
        with watched(process, log):
            yield
    finally:
        end(process)
