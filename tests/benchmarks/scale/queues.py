"""The kernel's send queues of stalled readers, by the size of segments on the connection."""

from __future__ import annotations

from typing import Any

from tests.benchmarks import site
from tests.benchmarks.contenders import OURS, missing
from tests.benchmarks.rounds import in_rounds
from tests.benchmarks.scale.settings import Settings
from tests.benchmarks.servers import Place, running
from tests.benchmarks.stalled import allow_descriptors, stalled_clients, steady_queues

NAMES = (OURS, "servestatic", "blacknoise", "whitesnout", "starlette")
#: Bytes of a segment, and where it is usual.
SEGMENTS = {None: "loopback, 64 KB", 1448: "Ethernet, 1,448 bytes"}


def measure(place: Place, settings: Settings) -> dict[str, Any]:
    """KB in the kernel for each reader, by contender and segment."""
    allow_descriptors(3 * settings.readers + 200)
    present = [name for name in NAMES if not missing(name)]
    found: dict[str, Any] = {name: {} for name in present}
    for segment, title in SEGMENTS.items():

        def turn(name: str, size: int | None = segment) -> float:
            with running(place, "uvicorn", name, "film") as server:
                path = f"/{site.PREFIX}/{site.FILM}"
                with stalled_clients(server.port, settings.readers, path, size):
                    return round(steady_queues(server.port) / 1024 / settings.readers)

        seen, _ = in_rounds(f"queues, {title}", present, 1, turn)
        for name, figures in seen.items():
            found[name][title] = figures[-1]
    return found
