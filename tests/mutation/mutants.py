"""`python3 make.py mutants`: change the rules a little, in every place and way, and see that a test fails each time.

The changes are mutmut's, one at a time. Its own runner takes only functions without decorators; here the words and
families, which are data, the properties and what is remembered are changed as well. No file is: a child process takes
the changed module from memory and all else from a copy of the checkout, so that nothing is in the way of anybody.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import click
import libcst
import pytest
from hypothesis import Phase, settings
from mutmut.mutation.mutators import mutation_operators

from tests.mutation.listed import MODULES, listed

_ROOT: Final = Path(__file__).parents[2]
_COPIED: Final = ("health", "tui", "tests", "docs", "pyproject.toml")
_RULES: Final = tuple(module for module in MODULES if module.startswith("health/"))
_PURE: Final = (
    *(test for module in _RULES for test in MODULES[module]),
    "tests/health/test_coverage.py",
    "tests/health/test_calendar.py",
    "tests/health/test_report.py",
    "tests/health/test_report_totals.py",
)
_ORACLE: Final = ("tests/health/test_against_oracle.py", "-k", "sqlite")
_PRELOADED: Final = ("alembic.command", "cronsim", "psycopg", "sqlalchemy", "textual.app")
"""Other people's modules that take the tests longest to import: each child inherits them."""
# The same examples each time. The plugin is imported early on purpose.
_OPTIONS: Final = ("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-W", "ignore:Module already imported")

_NEVER_CHANGED: Final = (libcst.Annotation, libcst.Decorator, libcst.Import, libcst.ImportFrom)
_SECONDS_AT_LEAST: Final = 5
_TIMES_AS_LONG: Final = 3
_MEMORY: Final = 4 * 1024**3
_IN_PARALLEL: Final = 2


class Mutant(NamedTuple):
    """A module with one change: its whole text, and the lines that differ, before and after."""

    module: str
    text: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"`{self.module}`: `{self.before}` → `{self.after}`"


class Changes(libcst.CSTVisitor):
    """Collects each node of a module with mutmut's replacement."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[libcst.CSTNode, libcst.CSTNode]] = []

    def on_visit(self, node: libcst.CSTNode) -> bool:
        """Note the changes of one node; True if those below it are to be visited."""
        if isinstance(node, _NEVER_CHANGED):
            return False
        for kind, changed in mutation_operators:
            if isinstance(node, kind):
                self.found += ((node, other) for other in changed(node))
        return True


def mutants_of(module: str) -> Iterator[Mutant]:
    """Every change of one module, in the order of its lines."""
    original = (_ROOT / module).read_text(encoding="utf-8")
    tree, changes = libcst.parse_module(original), Changes()
    tree.visit(changes)
    for node, other in changes.found:
        changed = tree.deep_replace(node, other)
        assert isinstance(changed, libcst.Module)
        lines = list(difflib.unified_diff(original.splitlines(), changed.code.splitlines(), n=0, lineterm=""))[2:]
        before, after = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
        yield Mutant(module, changed.code, before, after)


class WithoutShrinking:
    """A pytest plugin: any failing example of Hypothesis is enough, so it does not look for the shortest."""

    def pytest_collection_finish(self) -> None:
        """Called when the tests' own settings have been loaded."""
        settings.register_profile(
            "first example", settings.default, phases=[Phase.explicit, Phase.generate], database=None
        )
        settings.load_profile("first example")


def in_a_child(mutant: Mutant | None, tests: Iterable[str], seconds: int) -> int:
    """Start the tests on a mutant (None: on the unchanged module), with this limit of CPU time. Returns the pid."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        if mutant is not None:
            put_in_place(mutant)
        code = pytest.main([*_OPTIONS, *tests], plugins=[WithoutShrinking()])
    finally:
        # An exception on the way here must not reach the parent's code.
        os._exit(code)


def put_in_place(mutant: Mutant) -> None:
    """Make this process import the mutant instead of the module."""
    name = mutant.module.removesuffix(".py").replace("/", ".")
    package, _, short = name.rpartition(".")
    spec = importlib.util.find_spec(name)
    assert spec is not None
    changed = importlib.util.module_from_spec(spec)
    sys.modules[name] = changed
    exec(compile(mutant.text, mutant.module, "exec"), changed.__dict__)
    setattr(sys.modules[package], short, changed)


@cache
def seconds_for(tests: tuple[str, ...]) -> int:
    """The CPU time that these tests may take on a mutant. Raises RuntimeError if they fail without one."""
    pid = in_a_child(None, tests, 3600)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"these fail without any change: {' '.join(tests)}")
    return _SECONDS_AT_LEAST + int(_TIMES_AS_LONG * (usage.ru_utime + usage.ru_stime))


def tried(mutants: Iterable[Mutant], tests: dict[str, tuple[str, ...]]) -> dict[Mutant, str]:
    """The fate of mutants under the tests of their module: `killed`, `timeout` or `survived`."""
    waiting, outcomes = list(mutants), dict.fromkeys(mutants, "survived")
    click.echo(f"{len(waiting)} mutants to try", err=True)
    seconds = {module: seconds_for(tests[module]) for module in dict.fromkeys(mutant.module for mutant in waiting)}
    running: dict[int, Mutant] = {}
    done = 0
    while waiting or running:
        while waiting and len(running) < _IN_PARALLEL:
            mutant = waiting.pop(0)
            running[in_a_child(mutant, tests[mutant.module], seconds[mutant.module])] = mutant
        pid, status = os.wait()
        mutant = running.pop(pid)
        if status:
            late = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
            outcomes[mutant] = "timeout" if late else "killed"
        else:
            click.echo(f"survives {' '.join(tests[mutant.module])}: {mutant}", err=True)
        done += 1
        if done % 50 == 0:
            click.echo(f"{done} of {done + len(running) + len(waiting)}", err=True)
    return outcomes


def all_outcomes(modules: Iterable[str]) -> dict[Mutant, str]:
    """Try every mutant of these modules: by their own tests, survivors by all pure ones, then by the oracle."""
    # Two changes may give the same text.
    by_text = {mutant.text: mutant for module in modules for mutant in mutants_of(module)}
    outcomes = tried(by_text.values(), MODULES)
    for tests in (_PURE, _ORACLE):
        left = [mutant for mutant, outcome in outcomes.items() if outcome == "survived" and mutant.module in _RULES]
        outcomes |= tried(left, dict.fromkeys(_RULES, tests))
    return outcomes


def table(outcomes: dict[Mutant, str]) -> Iterator[str]:
    """One line a module."""
    yield f"{'module':22}{'mutants':>9}{'killed':>8}{'timeout':>9}{'survived':>10}{'score':>8}"
    for module in dict.fromkeys(mutant.module for mutant in outcomes):
        counts = Counter(outcome for mutant, outcome in outcomes.items() if mutant.module == module)
        killed, late, survived = (counts[outcome] for outcome in ("killed", "timeout", "survived"))
        total = killed + late + survived
        yield f"{module:22}{total:9}{killed:8}{late:9}{survived:10}{(killed + late) / total:8.1%}"


def unexplained(outcomes: dict[Mutant, str]) -> list[Mutant]:
    """The survivors without a reason in docs/proofs.md. Prints the fate of each mutant that was not killed."""
    explained = listed()
    found = []
    for mutant, outcome in outcomes.items():
        if outcome == "survived" and (mutant.module, mutant.before, mutant.after) not in explained:
            found.append(mutant)
            click.echo(f"SURVIVED  {mutant}")
        elif outcome != "killed":
            click.echo(f"{outcome:10}{mutant}")
    return found


def out_of_date(outcomes: dict[Mutant, str]) -> list[str]:
    """The entries of docs/proofs.md for these modules that did not survive, or that no longer match a change."""
    survived = {
        (mutant.module, mutant.before, mutant.after) for mutant, outcome in outcomes.items() if outcome == "survived"
    }
    modules = {mutant.module for mutant in outcomes}
    return [
        f"`{module}`: `{before}` → `{after}`"
        for module, before, after in sorted(listed() - survived)
        if module in modules
    ]


@click.command()
@click.argument("modules", nargs=-1, type=click.Choice(list(MODULES)))
def main(modules: tuple[str, ...]) -> None:
    """Try every mutant of MODULES (by default of all). Exits with 1 if one survives without an explanation."""
    for name in _PRELOADED:
        importlib.import_module(name)
    os.nice(19)
    with tempfile.TemporaryDirectory(prefix="tenantpilot-mutants-") as folder:
        for name in _COPIED:
            copy = shutil.copytree if (_ROOT / name).is_dir() else shutil.copy
            copy(_ROOT / name, Path(folder, name))
        os.chdir(folder)
        sys.path[0] = folder
        # The package this module is of comes from the copy as well: pytest refuses a `conftest` from two places.
        for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
            del sys.modules[name]
        outcomes = all_outcomes(modules or tuple(MODULES))
    click.echo("\n".join(table(outcomes)))
    # Not a failure: which characters are assigned depends on the Python.
    for mutant in out_of_date(outcomes):
        click.echo(f"LISTED, BUT IT DID NOT SURVIVE  {mutant}")
    raise SystemExit(1 if unexplained(outcomes) else 0)


if __name__ == "__main__":
    main()
