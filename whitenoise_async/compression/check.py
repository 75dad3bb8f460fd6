"""Check the variants: decompress each, and compare it with its original."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from itertools import groupby

from ..files.codings import CODINGS
from ..files.variant_check import variant_mismatch
from ..support.threads import Stop, run_in_threads
from .assess import Assessment, Variant
from .errors import CompressionError, OriginalError
from .originals import OpenOriginal, opened_below
from .report import Action, Failure, Outcome, Results
from .settings import Settings
from .variants import matches_original


def check(assessment: Assessment, results: Results) -> None:
    """Report what is wrong, and change nothing."""
    stop = Stop()
    for outcome in assessment.outdated:
        results.add(outcome._replace(action=Action.UNNEEDED))

    def work(variants: list[Variant]) -> None:
        path, size, digest = variants[0][:3]
        try:
            with opened_below(assessment.root, path, digest) as opened:
                for variant in variants:
                    pieces = stop.watch(opened.pieces())
                    results.add(_check_variant(variant, opened, pieces, assessment.settings))
        except CompressionError as error:
            results.add(Failure(assessment.root.path_of(path), str(error)))
        results.advance(size * len(variants))

    grouped = groupby(assessment.variants, lambda variant: variant.path)
    results.watcher.on_start(sum(variant.size for variant in assessment.variants))
    jobs = [list(variants) for _, variants in grouped]
    run_in_threads(work, jobs, assessment.settings.jobs, stop)


def _check_variant(
    variant: Variant, original: OpenOriginal, pieces: Iterable[bytes], settings: Settings
) -> Outcome | Failure:
    encoder, expected = variant.encoder, variant.expected
    if isinstance(expected, Failure):
        expected = Outcome(variant.path, encoder.token, Action.UNCHANGED, None, None)
    reason = ""
    try:
        matches = matches_original(original, encoder, pieces)
        if matches is None:
            size = expected.size or sum(map(len, encoder.compress(pieces, original.size)))
            is_missing = settings.saves_enough(original.size, size)
            action = Action.MISSING if is_missing else Action.NOT_WORTH
        else:
            coding = next(each for each in CODINGS if each.token == encoder.token)
            with closing(original.folder.open_file(original.name + encoder.suffix)) as found:
                size, refusal = found.state.size, variant_mismatch(coding, found, original.file)
            action = Action.UNCHANGED
            if not matches:
                action, reason = Action.STALE, "it does not match its original"
            elif refusal is not None:
                action, reason = Action.STALE, f"a server does not send it: {refusal}"
            elif expected.action is Action.REMOVED:
                action, reason = Action.UNNEEDED, "it does not save enough"
    except OriginalError:
        raise
    except CompressionError as error:
        return Failure(original.path + encoder.suffix, str(error))
    return Outcome(*expected[:2], action, original.size, size, reason)
