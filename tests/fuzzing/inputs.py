"""One hostile request, and how it is written down: as JSON for people, as bytes for a fuzzer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from whitenoise_async.http.fields import RequestFields

CORPUS = Path(__file__).parents[1] / "corpus"

#: The fields on which an answer depends, and one on which none does.
FIELDS = (*(name.replace("_", "-").title() for name in RequestFields._fields), "Cookie")

# No UTF-8 has these bytes, and what is no UTF-8 has them seldom enough together.
_SEPARATOR = b"\xfe\xfe"


class Input(NamedTuple):
    """A request. All of it is bytes as they come over the wire, written as Latin-1 text."""

    path: str = "/"  # below the mount point, its percent-encoding undone once
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()  # names are of FIELDS
    query: str = ""
    mount: str = ""  # the operator's, who writes UTF-8

    def dump(self) -> bytes:
        """For a fuzzer that changes bytes at will; :func:`undump` reads all that it may make."""
        parts = [self.method, self.mount, self.path, self.query]
        lines = [chr(FIELDS.index(name)) + value for name, value in self.fields]
        return _SEPARATOR.join(part.encode("latin-1") for part in (*parts, *lines))

    def to_json(self) -> str:
        """A line of a corpus."""
        changed = {
            name: value
            for name, value in self._asdict().items()
            if value != self._field_defaults[name]
        }
        return json.dumps(changed)


def undump(data: bytes) -> Input:
    """The inverse of :meth:`Input.dump`, with something to say of any bytes."""
    parts = [part.decode("latin-1") for part in data.split(_SEPARATOR)]
    method, mount, path, query, *lines = parts + [""] * (4 - len(parts))
    fields = [(FIELDS[ord(line[0]) % len(FIELDS)], line[1:]) for line in lines if line]
    return Input(path, method, tuple(fields), query, mount)


def from_json(line: str) -> Input:
    """The inverse of :meth:`Input.to_json`, for the longer form of a text as well."""
    written = json.loads(line)
    written.pop("why", None)
    fields = tuple((name, _text(value)) for name, value in written.pop("fields", ()))
    return Input(**{name: _text(value) for name, value in written.items()}, fields=fields)


def _text(value: Any) -> str:
    """A text: as it is, or as a list of texts and of ``[text, times]``."""
    if isinstance(value, str):
        return value
    return "".join(each if isinstance(each, str) else each[0] * each[1] for each in value)


def load(path: Path) -> list[Input]:
    """The inputs of a corpus file."""
    return [from_json(line) for line in path.read_text("utf-8").splitlines()]


def load_all(folder: Path = CORPUS) -> Iterator[Input]:
    """The inputs of all corpus files."""
    for path in sorted(folder.glob("*.jsonl")):
        yield from load(path)


def append(path: Path, inputs: Iterable[Input]) -> None:
    """Add inputs to a corpus file."""
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{each.to_json()}\n" for each in inputs)
