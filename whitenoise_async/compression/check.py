"""The two modes that change nothing: a dry run and a check."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from itertools import groupby

from ..files.codings import CODINGS
from .assess import Assessment, Variant
from .encoders import Encoder
from .errors import CompressionError, OriginalError, naming
from .folders import parent_of
from .originals import Source
from .report import Action, Failure, Outcome
from .run import Run
from .settings import Settings
from .threads import Stop, in_threads
from .variants import matches_original


def preview(run: Run, assessment: Assessment) -> None:
    """Tell what a run would do. It is not known whether a new variant would save enough."""
    for outcome in assessment.outdated:
        run.tell(outcome)
    for variant in assessment.variants:
        if variant.failure is None and variant.expected.action in (
            Action.UNCHANGED,
            Action.NOT_WORTH,
        ):
            run.keep(variant.expected)
        else:
            run.tell(variant.failure or variant.expected)
    run.watcher.on_start(0)


def check(run: Run, assessment: Assessment, settings: Settings) -> None:
    """Decompress each variant, compare it with its original, and tell what is wrong."""
    stop = Stop()
    for outcome in assessment.outdated:
        run.tell(outcome._replace(action=Action.UNNEEDED))

    def work(variants: list[Variant]) -> None:
        original = variants[0].original
        full = run.folder.path_of(original.path)
        try:
            with (
                naming(full, "read"),
                parent_of(run.folder, original.path) as (folder, name),
                closing(Source(folder, name, original.digest)) as source,
            ):
                for variant in variants:
                    pieces = stop.watch(source.pieces())
                    run.tell(_check_variant(variant, source, pieces, settings))
        except CompressionError as error:
            run.tell(Failure(full, str(error)))
        run.advance(original.size * len(variants))

    grouped = groupby(assessment.variants, lambda variant: variant.original)
    run.watcher.on_start(sum(variant.original.size for variant in assessment.variants))
    in_threads(work, [list(variants) for _, variants in grouped], settings.jobs, stop)


def _check_variant(
    variant: Variant, source: Source, pieces: Iterable[bytes], settings: Settings
) -> Outcome | Failure:
    encoder, expected = variant.encoder, variant.expected
    try:
        matches = matches_original(source, encoder, pieces)
        if matches is None:
            size = expected.size or sum(map(len, encoder.compress(pieces, source.size)))
            is_missing = settings.saves_enough(source.size, size)
            action = Action.MISSING if is_missing else Action.NOT_WORTH
            return expected._replace(action=action, size=size, reason="")
        size, refusal = _examine(source, encoder)
    except OriginalError:
        raise
    except CompressionError as error:
        return Failure(source.path + encoder.suffix, str(error))
    action, reason = Action.UNCHANGED, ""
    if not matches:
        action, reason = Action.STALE, "it is not its original, compressed"
    elif refusal is not None:
        action, reason = Action.STALE, f"a server does not send it: {refusal}"
    elif expected.action is Action.REMOVED:
        action, reason = Action.UNNEEDED, "it does not save enough"
    return expected._replace(action=action, size=size, reason=reason)


def _examine(source: Source, encoder: Encoder) -> tuple[int, str | None]:
    """The size of a variant, and why a server would not send it; ``None`` if it would."""
    coding = next(each for each in CODINGS if each.token == encoder.token)
    with closing(source.folder.open_file(source.name + encoder.suffix)) as variant:
        return variant.state.size, coding.fault(variant, source.file)
