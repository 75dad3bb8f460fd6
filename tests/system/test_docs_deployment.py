"""The statements of docs/deployment.md about releases."""

from __future__ import annotations

import os
from pathlib import Path

from tests.helpers.clients import Serve
from tests.helpers.files import write


def test_the_root_decides_when_a_switched_link_is_seen(serve: Serve, tmp_path: Path) -> None:
    for path in ("1/app.css", "1/gone.css", "2/app.css", "2/new.css"):
        write(tmp_path / path, f"release {path[0]}".encode())
    current = tmp_path / "current"
    current.symlink_to("1")
    by_link = serve(current, check_interval=0)
    by_path = serve(current.resolve(), check_interval=0)
    assert by_link("/app.css").body == by_path("/app.css").body == b"release 1"

    (tmp_path / "next").symlink_to("2")
    os.replace(tmp_path / "next", current)

    assert by_link("/app.css").body == b"release 2"
    assert by_link("/gone.css").status == by_link("/new.css").status == 404
    assert by_path("/app.css").body == by_path("/gone.css").body == b"release 1"
