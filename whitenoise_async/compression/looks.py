"""Work that only looks: what a run would do, and what a check finds."""

from __future__ import annotations

from contextlib import closing

from ..files.codings import CODINGS
from ..files.variant_check import variant_mismatch
from .encoders import Encoder
from .originals import Source
from .report import Action, Outcome
from .variants import belongs, is_adjusted, require_no_other
from .work import NOT_ENOUGH, Need, Worker


class Preview(Worker):
    """Tells what would be done, and does nothing.

    What would be compressed is not, so nobody knows whether it would save enough.
    """

    def settle(self, path: str, source: Source, encoder: Encoder) -> Outcome:
        """Tell what one variant would become."""
        need, size = self.needs(path, source, encoder)
        if need is Need.COMPRESSING:
            return Outcome(path, encoder.token, Action.WRITTEN, source.size, None)
        if need is Need.NOTHING:
            adjusted = is_adjusted(source.folder.status_of(source.name + encoder.suffix), source)
            action = Action.UNCHANGED if adjusted else Action.ADJUSTED
            return Outcome(path, encoder.token, action, source.size, size)
        action, reason = Action.REMOVED, NOT_ENOUGH
        if not self.is_ours(path, encoder.token):
            require_no_other(source, encoder)
            action, reason = Action.NOT_WORTH, ""
        return Outcome(path, encoder.token, action, source.size, size or None, reason)

    def remove(self, path: str, encoding: str, reason: str) -> None:
        """Tell what would be removed."""
        self.run.tell(Outcome(path, encoding, Action.REMOVED, None, None, reason))


class Check(Worker):
    """Tells what is not as it should be, by decompressing each variant and comparing."""

    def settle(self, path: str, source: Source, encoder: Encoder) -> Outcome:
        """Tell what one variant is."""
        is_right = belongs(source, encoder)
        if is_right is None:
            size = self._size(path, source, encoder)
            worth = self.settings.is_worth(source.size, size)
            action = Action.MISSING if worth else Action.NOT_WORTH
            return Outcome(path, encoder.token, action, source.size, size)
        action, reason = Action.UNCHANGED, ""
        if not is_right:
            action, reason = Action.STALE, "it is not its original, compressed"
        elif (refused := _refused(source, encoder)) is not None:
            action, reason = Action.STALE, f"a server does not send it: {refused}"
        elif self.needs(path, source, encoder)[0] is Need.REMOVING and self.is_ours(
            path, encoder.token
        ):
            action, reason = Action.UNNEEDED, "it does not save enough"
        with closing(source.folder.open_file(source.name + encoder.suffix)) as variant:
            size = variant.state.size
        return Outcome(path, encoder.token, action, source.size, size, reason)

    def remove(self, path: str, encoding: str, reason: str) -> None:
        """Tell of what a run would remove."""
        self.run.tell(Outcome(path, encoding, Action.UNNEEDED, None, None, reason))

    def _size(self, path: str, source: Source, encoder: Encoder) -> int:
        """What compressing it comes to: as recorded, or tried."""
        _, recorded = self.needs(path, source, encoder)
        return recorded or sum(map(len, encoder.compress(source.pieces(), source.size)))


def _refused(source: Source, encoder: Encoder) -> str | None:
    """Why a server would not send a variant; ``None`` where it would."""
    coding = next(each for each in CODINGS if each.token == encoder.token)
    with closing(source.folder.open_file(source.name + encoder.suffix)) as variant:
        return variant_mismatch(coding, variant, source.file)
