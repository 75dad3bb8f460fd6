"""Check the variants: decompress each, and compare it with its original."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from ..files.variant_check import variant_mismatch
from ..support.threads import Stop, run_in_threads
from .assess import Assessment, Variant
from .originals import OpenOriginal, matches_original, opened_below
from .report import Action, Outcome
from .settings import Settings


def check(assessment: Assessment) -> None:
    """Report what is wrong, and change nothing."""
    report, root, stop = assessment.report, assessment.root, Stop()
    for outcome in assessment.outdated:
        report.add(outcome._replace(action=Action.UNNEEDED))

    def work(variant: Variant) -> None:
        with report.catching(), opened_below(root, variant.path, variant.digest) as original:
            pieces = stop.watch(original.pieces())
            report.add(_check_variant(variant, original, pieces, assessment.settings))
        report.advance(variant.size / encodings)

    encodings = len(assessment.settings.encoders)  # each original has a variant in all of them
    report.watcher.on_start(sum(each.size for each in assessment.variants) // encodings)
    run_in_threads(work, assessment.variants, assessment.settings.jobs, stop)


def _check_variant(
    variant: Variant, original: OpenOriginal, pieces: Iterable[bytes], settings: Settings
) -> Outcome:
    encoder, expected = variant.encoder, variant.expected
    known = expected.bytes_after if isinstance(expected, Outcome) else None
    action, reason = Action.UNCHANGED, ""
    matches = matches_original(original, encoder, pieces)
    if matches is None:
        size = known or sum(map(len, encoder.compress(pieces, original.size)))
        is_missing = settings.saves_enough(original.size, size)
        action = Action.MISSING if is_missing else Action.NOT_WORTH
    else:
        with closing(original.folder.open_file(original.name + encoder.suffix)) as found:
            size = found.state.size
            refusal = variant_mismatch(encoder.coding, found, original.file)
        if not matches:
            action, reason = Action.STALE, "it does not match its original"
        elif refusal is not None:
            action, reason = Action.STALE, f"a server does not send it: {refusal}"
        elif variant.action is Action.REMOVED:
            action, reason = Action.UNNEEDED, "it does not save enough"
    return Outcome(variant.path, encoder.token, action, original.size, size, reason)
