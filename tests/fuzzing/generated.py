"""The fuzzer that generates requests, with hypothesis."""

from __future__ import annotations

import secrets

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzzing.inputs import Input
from tests.fuzzing.sites import Sites
from tests.fuzzing.strategies import far_requests, requests
from tests.fuzzing.tally import Limits, Tally

_BATCH = settings(
    max_examples=200,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def run(limits: Limits, sites: Sites) -> Tally:
    """Try requests until a limit is reached."""
    tally = Tally(limits)

    @_BATCH
    @given(request=requests | far_requests)
    def batch(request: Input) -> None:
        if not tally.is_over():
            tally.attempt(sites, request)

    while not tally.is_over():
        seed(secrets.randbits(64))(batch)()
    return tally
