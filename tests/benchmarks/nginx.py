"""nginx, the ceiling: one process over the same files, with the headers that we send."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.apps import APPLICATION_BODY
from tests.benchmarks.rows import APPLICATION_PATH

# There is no application here, so nginx responds to passed requests itself.
_CONFIGURATION = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    types {{ text/css css; text/javascript js; image/jpeg jpg; video/mp4 mp4; }}
    default_type application/octet-stream;
    charset utf-8;
    charset_types text/css text/javascript;
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000000;
    open_file_cache max=1000;
    gzip_static on;
    gzip_vary on;
    etag on;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        root {site};
        add_header Cache-Control "max-age=60, public";
        add_header Access-Control-Allow-Origin "*";
        add_header X-Content-Type-Options nosniff;
        location = {path} {{ default_type text/plain; return 200 "{body}"; }}
    }}
}}
"""


def command(folder: Path, site: Path, port: int) -> list[str]:
    """Write the configuration; returns the command that runs it in the foreground."""
    file = folder / f"nginx-{port}.conf"
    body = APPLICATION_BODY.decode().replace("\n", "\\n")
    file.write_text(
        _CONFIGURATION.format(folder=folder, site=site, port=port, path=APPLICATION_PATH, body=body)
    )
    return ["nginx", "-p", str(folder), "-c", str(file)]
