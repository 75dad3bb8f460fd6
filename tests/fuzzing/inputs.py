"""A hostile request and its formats: JSON for people, bytes for a fuzzer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from whitenoise_async.http.fields import RequestFields

CORPUS = Path(__file__).parents[1] / "corpus"

#: The headers that a response depends on, and one that none depends on.
FIELDS = (*(name.replace("_", "-").title() for name in RequestFields._fields), "Cookie")

# These bytes never occur in UTF-8, and seldom together in other bytes.
_SEPARATOR = b"\xfe\xfe"


class Input(NamedTuple):
    """A request: the bytes on the wire, as Latin-1 text."""

    path: str = "/"  # below the mount point, percent-decoded once
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()  # names are of FIELDS
    query: str = ""
    mount: str = ""  # set by the operator, in UTF-8

    def dump(self) -> bytes:
        """The bytes for a fuzzer. :func:`undump` reads any bytes that it makes of them."""
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
    """The inverse of :meth:`Input.dump`; accepts any bytes."""
    parts = [part.decode("latin-1") for part in data.split(_SEPARATOR)]
    method, mount, path, query, *lines = parts + [""] * (4 - len(parts))
    fields = [(FIELDS[ord(line[0]) % len(FIELDS)], line[1:]) for line in lines if line]
    return Input(path, method, tuple(fields), query, mount)


def from_json(line: str) -> Input:
    """The inverse of :meth:`Input.to_json`; accepts the long format of a text as well."""
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
