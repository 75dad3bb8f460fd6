"""Mutation testing: change one expression of a module, and expect one of its tests to fail.

    python tests/tools/mutation.py http serving/response.py

An argument is a module of the package or a folder of modules. mutmut and the operators below make
the mutants. A mutant lives in the memory of a forked process: no file changes, and a test that
starts another process does not see it. ``equivalent_mutants.txt`` lists the mutants that no test
can detect. The exit status is 1 if another mutant survives, or if a listed one does not.
"""

from __future__ import annotations

import ast
import difflib
import gc
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

import hypothesis
import libcst as cst
import pytest
from mutmut.mutation.mutators import mutation_operators

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "whitenoise_async"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.txt")

# The tests of a module are those of the same name. These run after them.
MORE_TESTS: dict[str, list[str]] = {
    "registry/live.py": [
        f"tests/registry/test_{name}.py" for name in ("listing", "substitutes", "hashed_urls")
    ],
    "registry/walk.py": ["tests/registry/test_walked.py"],
    "registry/walked.py": [
        f"tests/registry/test_{name}.py"
        for name in ("created_later", "listing", "substitutes", "hashed_urls")
    ],
    "serving/source.py": ["tests/serving/test_responder.py"],
}

# Some mutants loop, and some of these fill a list.
MEMORY_LIMIT = 4 * 2**30

PYTEST = ["-x", "-q", "--no-header", "--tb=no", "--assert=plain"]
# Only the plugins that the tests need: each run starts pytest again. The two that are left out
# collect garbage, which takes longer than most tests.
PYTEST += [
    f"-p{plugin}" for plugin in ("anyio", "pytest_asyncio.plugin", "_hypothesis_pytestplugin")
]
PYTEST += [
    f"-pno:{plugin}" for plugin in ("cacheprovider", "threadexception", "unraisableexception")
]
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"

# Annotations are not evaluated. A mutated import or decorator only breaks the import of the module.
SKIPPED = (cst.Annotation, cst.Import, cst.ImportFrom, cst.Decorator)


class Mutant(NamedTuple):
    """One changed copy of a module's source."""

    line: int
    change: str
    source: str


# --- what to change ---


def conditions(node: Any) -> Iterator[cst.CSTNode]:
    """Make a condition always true, and always false."""
    for value in ("True", "False"):
        yield node.with_changes(test=cst.parse_expression(value))


def operands(node: cst.BooleanOperation) -> Iterator[cst.CSTNode]:
    """Leave out one side of ``and`` or ``or``."""
    yield from (node.left, node.right)


def receiver(node: cst.Call) -> Iterator[cst.CSTNode]:
    """Leave out the call of a method: ``name.lower()`` becomes ``name``."""
    if isinstance(node.func, cst.Attribute):
        yield node.func.value


def smaller_number(node: cst.Integer) -> Iterator[cst.CSTNode]:
    """Subtract one; mutmut adds one."""
    yield cst.parse_expression(f"({node.evaluated_value - 1})")


def returned_value(node: cst.Return) -> Iterator[cst.CSTNode]:
    """Return nothing."""
    if not (isinstance(node.value, cst.Name) and node.value.value == "None"):
        yield node.with_changes(value=None)


def statement(_: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Do nothing in place of a call or an exception."""
    yield cst.Pass()


def characters(node: Any) -> Iterator[cst.CSTNode]:
    """Leave out one character of a raw string, which is a pattern in most cases."""
    text = node.value
    if isinstance(node, cst.SimpleString) and "r" not in node.prefix:
        return
    start = len(text.partition(text[-1])[0]) + 1 if isinstance(node, cst.SimpleString) else 0
    for index in range(start, len(text) - bool(start)):
        yield node.with_changes(value=text[:index] + text[index + 1 :])


Operator = Callable[[Any], Iterable[cst.CSTNode]]

OPERATORS: list[tuple[Any, Operator]] = [
    *mutation_operators,
    ((cst.If, cst.While, cst.CompIf), conditions),
    (cst.BooleanOperation, operands),
    (cst.Call, receiver),
    (cst.Integer, smaller_number),
    (cst.Return, returned_value),
    ((cst.Expr, cst.Raise), statement),
    ((cst.SimpleString, cst.FormattedStringText), characters),
]


def is_docstring(node: cst.CSTNode) -> bool:
    """Whether ``node`` is a string that stands alone."""
    return isinstance(node, cst.Expr) and isinstance(
        node.value, (cst.SimpleString, cst.ConcatenatedString)
    )


def is_type(node: cst.CSTNode) -> bool:
    """Whether ``node`` names a type for annotations, as ``Headers = list[Header]`` does."""
    if not isinstance(node, cst.Assign) or not isinstance(node.targets[0].target, cst.Name):
        return False
    name = node.targets[0].target.value
    return name == "T" or not (name.startswith("_") or name.isupper() or name.islower())


def nodes_of(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield each node that may be mutated."""
    if not (isinstance(node, SKIPPED) or is_docstring(node) or is_type(node)):
        yield node
        for child in node.children:
            yield from nodes_of(child)


def mutants_of(source: str) -> Iterator[Mutant]:
    """Yield the mutants of a module that differ in more than their layout."""
    module = cst.parse_module(source)
    seen = {ast.dump(ast.parse(source))}
    for node in nodes_of(module):
        for kind, operator in OPERATORS:
            for replacement in operator(node) if isinstance(node, kind) else ():
                mutated = module.deep_replace(node, replacement)
                code = mutated.code if isinstance(mutated, cst.Module) else ""
                try:
                    tree = ast.dump(ast.parse(code))
                except SyntaxError:
                    continue
                if tree not in seen:
                    seen.add(tree)
                    yield Mutant(*changed_lines(source, code), code)


def changed_lines(old: str, new: str) -> tuple[int, str]:
    """Return the number of the first line that differs, and the lines as in a patch."""
    diff = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""))
    first = re.match(r"@@ -([0-9]+)", diff[2])
    assert first
    lines = (f"{line[0]} {line[1:].strip()}" for line in diff[2:] if not line.startswith("@@"))
    return int(first[1]), "\n".join(lines)


# --- whether the tests notice ---


# The code of each module that was imported, by its path. A mutant takes its module's place here.
_code: dict[str, CodeType | None] = {}
_read_code = SourceFileLoader.get_code


def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
    """Return the code of a module, which is compiled once for all forked processes."""
    if loader.path not in _code:
        _code[loader.path] = _read_code(loader, name)
    return _code[loader.path]


def run_tests(path: Path, source: str, tests: list[str], time_limit: float = 600) -> bool:
    """Run ``tests`` in a forked process in which the module at ``path`` has another ``source``.

    :returns: whether they pass within ``time_limit`` seconds.
    """
    pid = os.fork()
    if not pid:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        signal.alarm(int(time_limit))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
        status = 1
        try:
            _code[str(path)] = compile(source, path, "exec", dont_inherit=True)
            status = int(pytest.main([*PYTEST, *tests]))
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] == 0


def import_what_tests_need(tests: list[str]) -> None:
    """Import the tests and what they need, and forget the modules of this project again.

    Each forked process then imports only this project.
    """
    # The same examples in each run, none kept on the disk, and no search for a smaller one.
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        "mutation", database=None, deadline=None, derandomize=True, phases=phases
    )
    hypothesis.settings.load_profile("mutation")
    SourceFileLoader.get_code = get_code  # type: ignore[assignment, method-assign]
    if pytest.main([*PYTEST, "--collect-only", "-qq", *tests]):
        sys.exit("the tests cannot be collected")
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None) or ""
        if name != "__main__" and (path.startswith(str(ROOT)) or name.startswith("tests.")):
            del sys.modules[name]
    gc.collect()
    gc.freeze()  # pytest collects garbage at each end, which takes 50 ms with these modules


def tests_of(name: str) -> list[str]:
    """Return the test modules of a module of the package, its own first."""
    folder, stem = os.path.split(name)
    own = f"tests/{folder}/test_{stem}"
    more = [
        test for prefix, tests in MORE_TESTS.items() if name.startswith(prefix) for test in tests
    ]
    return [test for test in [own, *more] if Path(test).exists()]


def read_equivalent() -> dict[str, dict[str, str]]:
    """Return the reason for each listed mutant, by its module and its change."""
    reasons: dict[str, dict[str, str]] = {}
    for entry in EQUIVALENT.read_text(encoding="utf-8").strip().split("\n\n"):
        heading, _, change = entry.partition("\n")
        module, _, reason = heading.partition(": ")
        reasons.setdefault(module, {})[change] = reason
    return reasons


def check_module(name: str, equivalent: dict[str, str]) -> bool:
    """Test each mutant of a module, and report those that do not behave as listed.

    :param equivalent: the listed mutants of the module.
    :returns: whether exactly the listed mutants survive.
    """
    path, tests = PACKAGE / name, tests_of(name)
    source, began = path.read_text(encoding="utf-8"), time.monotonic()
    if not run_tests(path, source, tests):
        sys.exit(f"{name}: its tests fail without a mutant")
    limit = 10 + 10 * (time.monotonic() - began)
    mutants = list(mutants_of(source))
    alive = [each for each in mutants if run_tests(path, each.source, tests, limit)]
    seconds = time.monotonic() - began
    print(f"{name}: {len(mutants)} mutants, {len(alive)} survive, {seconds:.0f} s", flush=True)
    for each in alive:
        if each.change not in equivalent:
            print(f"\n{name}:{each.line} survives:\n{each.change}", flush=True)
    survived = {each.change for each in alive}
    for change in equivalent.keys() - survived:
        print(f"\n{name}: this mutant is listed as equivalent, and does not survive:\n{change}")
    return survived == equivalent.keys()


def main(arguments: list[str]) -> int:
    """Test the modules that ``arguments`` name."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    paths = [PACKAGE / argument for argument in arguments]
    modules = [each for path in paths for each in (sorted(path.rglob("*.py")) or [path])]
    names = [path.relative_to(PACKAGE).as_posix() for path in modules]
    for name in names:
        if not tests_of(name):
            print(f"{name}: no tests")
    names = [name for name in names if tests_of(name)]
    import_what_tests_need(sorted({test for name in names for test in tests_of(name)}))
    equivalent = read_equivalent()
    results = [check_module(name, equivalent.get(name, {})) for name in names]
    return int(not all(results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
