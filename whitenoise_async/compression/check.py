"""The two modes that change nothing: the dry run and the check."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from itertools import groupby

from ..files.codings import CODINGS
from ..files.folder import parent_of
from ..files.variant_check import variant_mismatch
from ..support.threads import Stop, run_in_threads
from .assess import Assessment, Variant
from .errors import CompressionError, OriginalError, naming
from .originals import OpenOriginal
from .report import Action, Failure, Outcome
from .run import Run
from .settings import Settings
from .variants import matches_original

_QUIET = (Action.UNCHANGED, Action.NOT_WORTH)


def preview(run: Run, assessment: Assessment) -> None:
    """Report what a run would do. Whether a new variant would save enough is not known."""
    for outcome in assessment.outdated:
        run.add(outcome)
    for variant in assessment.variants:
        if variant.failure is None and variant.expected.action in _QUIET:
            run.add_quietly(variant.expected)
        else:
            run.add(variant.failure or variant.expected)
    run.watcher.on_start(0)


def check(run: Run, assessment: Assessment, settings: Settings) -> None:
    """Decompress each variant, compare it with its original, and report what is wrong."""
    stop = Stop()
    for outcome in assessment.outdated:
        run.add(outcome._replace(action=Action.UNNEEDED))

    def work(variants: list[Variant]) -> None:
        original = variants[0].original
        full = run.folder.path_of(original.path)
        try:
            with (
                naming(full, "read"),
                parent_of(run.folder, original.path) as (folder, name),
                closing(OpenOriginal(folder, name, original.digest)) as opened,
            ):
                for variant in variants:
                    pieces = stop.watch(opened.pieces())
                    run.add(_check_variant(variant, opened, pieces, settings))
        except CompressionError as error:
            run.add(Failure(full, str(error)))
        run.advance(original.size * len(variants))

    grouped = groupby(assessment.variants, lambda variant: variant.original)
    run.watcher.on_start(sum(variant.original.size for variant in assessment.variants))
    run_in_threads(work, [list(variants) for _, variants in grouped], settings.jobs, stop)


def _check_variant(
    variant: Variant, original: OpenOriginal, pieces: Iterable[bytes], settings: Settings
) -> Outcome | Failure:
    encoder, expected = variant.encoder, variant.expected
    try:
        matches = matches_original(original, encoder, pieces)
        if matches is None:
            size = expected.size or sum(map(len, encoder.compress(pieces, original.size)))
            is_missing = settings.saves_enough(original.size, size)
            action = Action.MISSING if is_missing else Action.NOT_WORTH
            return expected._replace(action=action, size=size, reason="")
        coding = next(each for each in CODINGS if each.token == encoder.token)
        with closing(original.folder.open_file(original.name + encoder.suffix)) as found:
            size, refusal = found.state.size, variant_mismatch(coding, found, original.file)
    except OriginalError:
        raise
    except CompressionError as error:
        return Failure(original.path + encoder.suffix, str(error))
    action, reason = Action.UNCHANGED, ""
    if not matches:
        action, reason = Action.STALE, "it does not match its original"
    elif refusal is not None:
        action, reason = Action.STALE, f"a server does not send it: {refusal}"
    elif expected.action is Action.REMOVED:
        action, reason = Action.UNNEEDED, "it does not save enough"
    return expected._replace(action=action, size=size, reason=reason)
