"""The documentation is right: its examples run, and its tables match the code."""

from __future__ import annotations

import ast
import doctest
import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import whitenoise_async.cli.serve
from tests.benchmarks import plots, report
from tests.benchmarks.compressing import report as compressing_report
from tests.benchmarks.django import report as django_report
from tests.benchmarks.results import load
from tests.benchmarks.soak import report as soak_report
from tests.helpers import docs_commands
from tests.helpers.docs_commands import commands_of
from tests.helpers.docs_pages import DOCS, PAGES, ROOT, SHELL, Block, blocks_of, code, rows_of
from whitenoise_async.files.formats import COMPRESSED, READ_BY_RANGE
from whitenoise_async.options import OptionKeywords, Options
from whitenoise_async.serving.response import REASONS

PACKAGE = ROOT / "whitenoise_async"

# The setup of a page's examples: PAGE.py runs before the first block, in the same namespace. It may
# define ``check_page(page)``, which is called with that namespace after the last block, and
# ``clean_up()``, which is called in any case.
SETUPS = Path(__file__).parents[1] / "page_setup"

# Commands that are not run with their page, and what runs them.
RUN_ELSEWHERE = (
    r"python3 -m venv ",  # .ci/run
    r"pip install ",  # the wheel by .ci/run, the extras by nox
    r"nox -s ",  # .ci/run, but for the benchmarks
    r"python -m pytest -n auto --dist worksteal$",
    r"sphinx-build -W --keep-going -b html docs docs/_build/html$",  # nox -s docs
    r"python manage\.py |gunicorn mysite\.wsgi$|uvicorn mysite\.asgi:",  # test_examples.py
    r"python -m whitenoise_async\.publish .* s3://",  # releases/test_bucket_store.py
    r"curl ",  # test_docs_servers.py
)
ELSEWHERE = re.compile("|".join(RUN_ELSEWHERE))


def runs_here(command: docs_commands.Command) -> bool:
    return (command.ends or command.serves) and not ELSEWHERE.match(command.text)


def run(page: Path, block: Block, namespace: dict[str, Any]) -> None:
    if not block.text.startswith(">>>"):
        # The blank lines let a traceback name the line of the page.
        source = "\n" * (block.line - 1) + block.text
        exec(compile(source, str(page), "exec", dont_inherit=True), namespace)
        return
    example = doctest.DocTestParser().get_doctest(
        block.text, namespace, page.name, str(page), block.line - 1
    )
    complaints: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    failed, attempted = runner.run(example, out=complaints.append, clear_globs=False)
    assert attempted and not failed, "".join(complaints)
    namespace.update(example.globs)


def test_there_are_pages_and_examples() -> None:
    languages = [block.language for page in PAGES for block in blocks_of(page)]
    assert languages.count("python") > 0
    # All Python is marked as such, and run. Included files have their own tests.
    assert not [
        each
        for each in languages
        if "py" in each.lower() and each != "python" and "{literalinclude} examples/" not in each
    ]
    # An indented fence would not be found.
    assert not [
        page for page in PAGES if re.search(r"^[ \t>]+(```|~~~)", page.read_text("utf-8"), re.M)
    ]


def no_more(*page: dict[str, Any]) -> None:
    """Do nothing, if the setup of a page does not define this."""


@pytest.fixture
def configured_log() -> Iterator[None]:
    """Restores the package's logger after an example has changed it."""
    logger = logging.getLogger("whitenoise_async")
    level, handlers = logger.level, logger.handlers.copy()
    yield
    for handler in set(logger.handlers) - set(handlers):
        handler.close()
    logger.setLevel(level)
    logger.handlers[:] = handlers


@pytest.mark.usefixtures("configured_log")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_hold(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for the processes that examples start
    namespace: dict[str, Any] = {"__name__": "example"}
    module = ""
    setup = SETUPS / f"{page.stem}.py"
    if setup.exists():
        exec(compile(setup.read_text("utf-8"), str(setup), "exec", dont_inherit=True), namespace)
    blocks = [*blocks_of(page)]
    try:
        for block, following in zip(blocks, [*blocks[1:], None], strict=True):
            if block.language == "python":
                run(page, block, namespace)
                if re.search("^application = ", block.text, re.M):
                    module = block.text
            elif block.language in SHELL:
                for command in commands_of(block, following):
                    if runs_here(command) and not command.lacks():
                        docs_commands.run(command, module)
        namespace.get("check_page", no_more)(namespace)
    finally:
        namespace.get("clean_up", no_more)()


def test_each_command_is_run_by_a_test_or_a_session() -> None:
    unknown = [
        f"{page.name}: {command.text}"
        for page in PAGES
        for block in blocks_of(page)
        if block.language in SHELL
        for command in commands_of(block)
        if not (runs_here(command) or ELSEWHERE.match(command.text))
    ]
    assert not unknown


def test_the_named_extras_and_sessions_exist() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    noxfile = (ROOT / "noxfile.py").read_text("utf-8")
    extras = set(re.findall(r"^([\w-]+) = \[", project, re.M))
    sessions = set(re.findall(r"^@nox\.session.*\ndef (\w+)", noxfile, re.M))
    for page in PAGES:
        text = page.read_text("utf-8")
        for named in re.findall(r"(?:whitenoise_async|'\.)\[([\w,]+)\]", text):
            assert extras.issuperset(named.split(",")), page
        for named in re.findall(r"nox -s ([a-z_ ]+)", text):
            assert sessions.issuperset(named.split()), page


def test_the_table_of_options_is_complete_and_its_defaults_are_true() -> None:
    told = {
        name: ast.literal_eval(default)
        for option, given, _, _ in rows_of(DOCS / "options.md", 4)
        if (name := code(option)) and (default := code(given))
    }
    names = {name for name in vars(Options) if not name.startswith("_")}
    assert names == OptionKeywords.__optional_keys__
    assert told == {name: getattr(Options, name) for name in names}
    sections = re.findall(r"^## `(\w+)`$", (DOCS / "options.md").read_text("utf-8"), re.M)
    assert sorted(sections) == sorted(names)


def test_the_extensions_that_are_not_compressed_are_those_of_the_code() -> None:
    page = (DOCS / "compress.md").read_text("utf-8")
    for reason, extensions in (
        ("a compressed format", COMPRESSED),
        ("a format that clients read in parts", READ_BY_RANGE),
    ):
        listed = re.search(rf"the extension of {reason}: (.*?);", page, re.S)
        assert listed is not None
        assert re.findall("`(.+?)`", listed[1]) == sorted(extensions)
    measured = " ".join(cell for _, cell in rows_of(DOCS / "compress.md", 2) if "% (" in cell)
    assert sorted(re.findall("`(.+?)`", measured)) == sorted(COMPRESSED)


def test_the_table_of_statuses_is_complete() -> None:
    told = {
        int(number): reason
        for status, _, _ in rows_of(DOCS / "http.md", 3)
        for number, _, reason in [status.partition(" ")]
        if reason and number.isdigit()
    }
    assert told == REASONS


def test_the_readme_stands_beside_all_others_with_the_figures_that_were_measured() -> None:
    """Except nginx, and the servers' built-in file serving."""
    header, *measured = rows_of(DOCS / "performance.md", 10)
    figures = {row[0]: dict(zip(header[1:], row[1:], strict=True)) for row in measured}
    header, *told = rows_of(ROOT / "README.md", 7)
    names = [name.lower().partition(" ")[0] for name in header[1:]]
    others = {name for row in figures.values() for name in row} - {"limit", "granian", "nginx"}
    assert set(names) == others
    compared = [row for row in told if row[0] in figures]
    assert compared
    for work, *cells in compared:
        row = {name: cell.strip("*") for name, cell in zip(names, cells, strict=True)}
        assert row == {name: figures[work][name].strip("*") for name in names}, work


def test_the_pages_have_the_results_that_are_kept(tmp_path: Path) -> None:
    """Rendering the kept results again changes neither the pages nor the chart."""
    published = {
        path.name: path for path in DOCS.iterdir() if path.suffix in (".md", ".svg", ".json")
    }
    for name in ("performance.md", "performance-details.md", "soak.md"):
        shutil.copy(published[name], tmp_path)
    pages = tmp_path / "performance.md", tmp_path / "performance-details.md"
    results = load(published["performance.json"])
    report.write_pages(*pages, results)
    plots.draw(tmp_path, results)
    django_report.write_page(pages[1], load(published["performance-django.json"]))
    compressing_report.write_page(pages[1], load(published["performance-compressing.json"]))
    soak_report.write_page(tmp_path / "soak.md", load(published["soak.json"]))
    rendered = sorted(tmp_path.iterdir())
    assert len(rendered) == 4
    for path in rendered:
        assert path.read_text("utf-8") == published[path.name].read_text("utf-8"), path.name


CONTRIBUTING = DOCS / "contributing.md"

# The packages and modules at the top level, from the entry points down. Those on one line do not
# import each other.
LAYERS = [
    {"__main__.py", "gzip.py", "compress.py", "publish.py"},
    {"cli/"},
    {"__init__.py", "django/"},
    {"asgi/", "wsgi/"},
    {"base.py"},
    {"assets/"},
    {"releases/"},
    {"options/", "overrides.py"},
    {"applications.py"},
    {"serving/"},
    {"registry/", "compression/"},
    {"files/"},
    {"http/", "support/"},
]


def modules_of_package() -> list[str]:
    return [path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")]


def modules_on_the_map() -> list[str]:
    cells = [code(cell) for cell, _ in rows_of(CONTRIBUTING, 2)]
    return [name for name in cells if name and (PACKAGE / name).is_file()]


def imported_by(module: str) -> Iterator[str]:
    """The modules of the package that ``module`` imports anywhere in its source."""
    here = PACKAGE / module
    for node in ast.walk(ast.parse(here.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not any(each.name.startswith(PACKAGE.name) for each in node.names), module
        elif isinstance(node, ast.ImportFrom):
            assert node.level or not (node.module or "").startswith(PACKAGE.name), module
            if node.level:
                folder = here.parents[node.level - 1].joinpath(*(node.module or "").split("."))
                names = [each.name for each in node.names]
                for path in (folder, *(folder / name for name in names)):
                    file = path.with_suffix(".py")
                    file = file if file.is_file() else path / "__init__.py"
                    if file.is_file():
                        yield file.relative_to(PACKAGE).as_posix()


def package_of(module: str) -> str:
    folder, slash, _ = module.partition("/")
    return folder + slash


def permitted_imports() -> dict[str, set[str]]:
    """The packages and modules that each package may import, as the page says."""
    permitted = {}
    rows = [row for row in rows_of(CONTRIBUTING, 3) if row[0].isdigit()]
    layers = [set(re.findall("`(.+?)`", packages)) for _, packages, _ in rows]
    assert layers == LAYERS
    assert [int(number) for number, _, _ in rows] == [*range(1, len(LAYERS) + 1)]
    for index, (_, _, imports) in enumerate(rows):
        lower = set().union(*LAYERS[index + 1 :])
        named = set(re.findall("`(.+?)`", imports))
        assert lower.issuperset(map(package_of, named))
        if imports.startswith("every lower layer"):
            assert not named or "every lower layer except " in imports
            named = lower - named
        else:
            assert bool(named) == (imports != "nothing")
        permitted.update(dict.fromkeys(LAYERS[index], named))
    return permitted


def test_the_map_names_every_module_and_imports_point_down_on_it() -> None:
    order = modules_on_the_map()
    assert sorted(order) == sorted(modules_of_package())
    upwards = [
        f"{module} imports {other}"
        for module in order
        for other in imported_by(module)
        if order.index(other) <= order.index(module)
    ]
    assert not upwards


def test_packages_import_only_what_the_table_of_packages_permits() -> None:
    permitted = permitted_imports()
    forbidden = [
        f"{module} imports {other}"
        for module in modules_of_package()
        for package in [package_of(module)]
        for other in imported_by(module)
        if package_of(other) != package
        and permitted[package].isdisjoint({other, package_of(other)})
    ]
    assert not forbidden
    assert set(map(package_of, modules_of_package())) == permitted.keys()


def test_the_map_has_the_order_of_the_layers() -> None:
    layers = [
        next(index for index, layer in enumerate(LAYERS) if package_of(module) in layer)
        for module in modules_on_the_map()
    ]
    assert layers == sorted(layers)


def test_the_files_that_the_page_for_contributors_names_exist() -> None:
    spans = re.findall("`(.+?)`", CONTRIBUTING.read_text("utf-8"))
    paths = [each for each in spans if re.fullmatch(r"[a-z_./]+(\.(py|md|txt|jsonl)|/)", each)]
    folders = ROOT, ROOT / "tests", PACKAGE
    missing = [path for path in paths if not any((folder / path).exists() for folder in folders)]
    assert paths
    assert not missing


def test_the_path_of_a_request_has_the_names_of_the_code() -> None:
    page = CONTRIBUTING.read_text("utf-8")
    section = page[page.index("## The path of a request") : page.index("## Where a change goes")]
    spans = re.findall(r"`([A-Za-z_.]+)`", section)
    names = {name for span in spans if not span.endswith(".py") for name in span.split(".")}
    source = "\n".join((PACKAGE / module).read_text("utf-8") for module in modules_of_package())
    defined = set(re.findall(r"^ *(?:class|(?:async )?def) (\w+)", source, re.M))
    defined.update(re.findall(r"^ *(?:self\.)?(\w+)(?:: .+)? = ", source, re.M))
    assert "Responder" in names
    assert names <= defined | {"None"}


def test_the_top_level_has_at_most_nine_modules() -> None:
    assert len([*PACKAGE.glob("*.py")]) <= 9


def test_the_table_of_sessions_is_complete() -> None:
    noxfile = ast.parse((ROOT / "noxfile.py").read_text("utf-8"))
    sessions = [
        node.name
        for node in noxfile.body
        if isinstance(node, ast.FunctionDef)
        and any("nox.session" in ast.unparse(each) for each in node.decorator_list)
    ]
    page = CONTRIBUTING.read_text("utf-8")
    table = page[page.index("| Session |") :].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.M)) == sorted(sessions)


def test_the_arguments_for_publishing_a_folder_are_all_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with pytest.raises(SystemExit, match=r"^0$"):
        whitenoise_async.cli.serve.main(["-h"])
    usage = capsys.readouterr().out
    named = {name for cell, _, _ in rows_of(DOCS / "start.md", 3) if (name := code(cell))}
    assert named == {"DIR", *re.findall(r"--[\w-]+", usage)} - {"--help"}
