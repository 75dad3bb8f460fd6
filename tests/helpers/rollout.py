"""A rolling deploy while visitors use the site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.helpers.releases import Release
from tests.helpers.rolling_deploy import REPLICAS, Kind, deployed
from tests.helpers.visitors import Outcome, visiting

#: The phases of the deploy, in their order.
PHASES = (
    "before",
    "published",
    "first replica restarts",
    "old and new replica",
    "second replica restarts",
    "after",
)


def roll_out(
    kind: Kind, folder: Path, releases: Sequence[Release], requests: int
) -> Counter[Outcome]:
    """Deploy a release, one replica after the other.

    :param releases: the old one and the new one.
    :param requests: are sent at least, a quarter in each phase in which no replica restarts.
    """
    before, published, first, both, second, after = PHASES
    share = requests // 4
    old, new = releases
    with (
        deployed(kind, folder, old) as deploy,
        visiting(deploy.port, releases, before) as visitors,
    ):
        visitors.send(share)
        visitors.phase = published
        deploy.publish(new)
        visitors.send(share)
        visitors.phase = first
        deploy.replace(0, new)
        visitors.phase = both
        visitors.send(share)
        visitors.phase = second
        deploy.replace(1, new)
        visitors.phase = after
        visitors.send(share)
    return visitors.outcomes


def failures(outcomes: Counter[Outcome]) -> Counter[Outcome]:
    """The outcomes that are failures."""
    return Counter({each: count for each, count in outcomes.items() if each.result != "200"})


def crossed(outcomes: Counter[Outcome]) -> int:
    """How many files a replica sent that its own release does not have."""
    _, _, _, both, _, after = PHASES
    new, old = REPLICAS
    foreign = {(both, 1, new), (both, 2, old), (after, 1, new), (after, 1, old)}
    return sum(
        count
        for outcome, count in outcomes.items()
        if outcome.result == "200" and outcome[:3] in foreign
    )
