"""Generated JavaScript that resembles real scripts, with the same bytes in each run."""

from __future__ import annotations

import math
import random


def _words(text: str) -> list[str]:
    return text.split()


_NOUNS = _words(
    "account address alert anchor answer archive area argument array asset author badge balance"
    " banner basket batch bound branch buffer button cache calendar card category cell channel"
    " chart child choice client color column comment context cookie count country coupon cursor"
    " date day delay detail dialog digest direction document draft edge editor element email entry"
    " error event failure feature feed field file filter folder font footer form frame gallery"
    " group handler header height history hour icon image index input invoice item job key label"
    " language layer layout length level limit line link list loader locale lock margin mark menu"
    " message method metric minute modal model month name node note notice number offset option"
    " order origin owner page panel parent part password path pattern payment period person phone"
    " picker picture place plan player point policy position post preview price product profile"
    " progress prompt property query queue quota range rate reader reason record region reply"
    " report request result role route row rule sample scale schema score screen script search"
    " section segment selector service session setting shape sheet signal size slide slot source"
    " space stage state status step storage store stream street style subject summary switch tab"
    " table tag target task team template text theme thread ticket time title token toolbar topic"
    " total track tree trigger unit upload user value vendor version video view visitor voice"
    " warning week weight widget width window word worker zone"
)
_VERBS = _words(
    "add allow append apply attach bind build cancel check clear clone close collect compare"
    " compute copy count create decode detach disable draw drop enable encode ensure expand fetch"
    " fill filter find finish fix flush focus format get handle hide init insert join keep limit"
    " load lock log make map mark match measure merge mount move notify open parse patch pick"
    " print publish pull push read reduce refresh register reject reload remove rename render"
    " replace reset resize resolve restore resume rotate save scan scroll select send set show"
    " shift skip sort split start stop store submit swap sync take toggle track trim undo unlock"
    " update validate verify wait watch wrap write"
)
_ADJECTIVES = _words(
    "active actual all any base best blank broken closed common current custom daily dark default"
    " deep empty equal extra fast final first fixed fresh full global hidden high idle initial"
    " inner is last late left light local long lower main max min missing narrow new next old"
    " only open outer own pending plain previous primary public raw ready recent remote right"
    " safe second selected shared short simple single small sorted stale static strict top total"
    " unique upper valid visible weak wide"
)
_SENTENCES = (
    "the {} could not be {}ed",
    "no {} was given for this {}",
    "{} is not a valid {}",
    "please {} your {} before you go on",
    "there is already a {} with this {}",
    "your {} was saved",
    "expected {}, got {}",
)
_EVENTS = _words("blur change click focus input keydown keyup load mouseover resize scroll submit")


class _Author:
    """The habits of one script: the names that it repeats, as a real script does."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.minified = chance.random() < 0.3
        self.nouns = chance.sample(_NOUNS, 40)
        self.verbs = chance.sample(_VERBS, 16)
        self.adjectives = chance.sample(_ADJECTIVES, 12)
        self.names = [self._new_name() for _ in range(24)]
        self.functions = [f"{self.verb()}{self.noun().title()}" for _ in range(12)]

    def any(self, among: list[str]) -> str:
        # The first words are more frequent than the last, as in a language.
        return among[int(self.chance.random() ** 1.7 * len(among))]

    def noun(self) -> str:
        return self.any(self.nouns)

    def verb(self) -> str:
        return self.any(self.verbs)

    def name(self) -> str:
        return self.any(self.names)

    def number(self) -> str:
        return str(int(math.exp(self.chance.random() * 7)) - 1)

    def text(self) -> str:
        kind = self.chance.random()
        if kind < 0.35:
            return f'"{self.chance.choice(_SENTENCES).format(self.noun(), self.verb())}"'
        if kind < 0.7:
            return f'".{self.noun()}-{self.noun()}"'
        return f'"{self.noun()}"'

    def value(self) -> str:
        kind = self.chance.random()
        if kind < 0.3:
            return self.name()
        if kind < 0.5:
            return f"{self.name()}.{self.noun()}"
        if kind < 0.65:
            return f"{self.any(self.functions)}({self.name()})"
        if kind < 0.8:
            return self.text()
        if kind < 0.92:
            return self.number()
        return self.chance.choice(["null", "true", "false", "[]", "{}", "this"])

    def condition(self) -> str:
        sign = self.chance.choice(["===", "!==", "<", ">", "&&", "||"])
        return f"{self.name()}.{self.noun()} {sign} {self.value()}"

    def statement(self) -> str:
        return self.chance.choice(_STATEMENTS)(self)

    def function(self) -> str:
        """A function, sometimes with a comment above it."""
        parameters = ", ".join(dict.fromkeys(self.name() for _ in range(self.chance.randint(0, 3))))
        body = "".join(f"  {self.statement()}\n" for _ in range(self.chance.randint(2, 9)))
        head = f"function {self.verb()}{self.noun().title()}{self.noun().title()}({parameters})"
        comment = f"// {self.verb()} the {self.noun()} of a {self.noun()}\n"
        remark = comment if not self.minified and self.chance.random() < 0.4 else ""
        return f"{remark}{head} {{\n{body}  return {self.value()};\n}}\n\n"

    def _new_name(self) -> str:
        kind = self.chance.random()
        if kind < 0.3:
            return self.chance.choice("abcdefghijklmnopqrstuvwxyz")
        if kind < 0.65:
            return self.noun()
        return f"{self.any(self.adjectives)}{self.noun().title()}"


def _declare(by: _Author) -> str:
    return f"const {by.name()} = {by.value()};"


def _assign(by: _Author) -> str:
    return f"{by.name()}.{by.noun()} = {by.value()};"


def _call(by: _Author) -> str:
    return f"{by.name()}.{by.verb()}({by.value()}, {by.value()});"


def _branch(by: _Author) -> str:
    return f"if ({by.condition()}) {{\n    {_assign(by)}\n  }}"


def _guard(by: _Author) -> str:
    return f"if (!{by.name()}) return {by.value()};"


def _loop(by: _Author) -> str:
    return f"for (const {by.name()} of {by.name()}.{by.noun()}s) {{\n    {_call(by)}\n  }}"


def _listen(by: _Author) -> str:
    event = by.chance.choice(_EVENTS)
    return f'{by.name()}.addEventListener("{event}", (event) => {by.any(by.functions)}(event));'


def _object(by: _Author) -> str:
    fields = "".join(
        f"    {name}: {by.value()},\n"
        for name in dict.fromkeys(by.noun() for _ in range(by.chance.randint(2, 6)))
    )
    return f"const {by.name()} = {{\n{fields}  }};"


def _throw(by: _Author) -> str:
    return f"if ({by.condition()}) throw new Error({by.text()});"


_STATEMENTS = (
    _declare, _declare, _assign, _assign, _call, _call, _branch, _guard, _loop, _listen, _object,
    _throw,
)  # fmt: skip


def script(seed: str, size: int) -> bytes:
    """A script of ``size`` bytes. The last function is cut off if it does not fit."""
    by = _Author(random.Random(seed))
    text = ""
    while len(text) < size:
        text += _minified(by.function()) if by.minified else by.function()
    return text[:size].encode()


def bundle(seed: str, size: int, each: int) -> bytes:
    """Scripts of ``each`` bytes by many authors, one after the other, of ``size`` bytes in all."""
    count = -(-size // each)
    return b"".join(script(f"{seed} {number}", each) for number in range(count))[:size]


def _minified(text: str) -> str:
    for long, short in (("\n", ""), ("  ", ""), (" = ", "="), (", ", ",")):
        text = text.replace(long, short)
    return text
