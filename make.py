#!/usr/bin/env python3
"""Set up and run: `python3 make.py demo`, `test` or `lint`; `docs` and `lock` write the generated files;
`mutants` checks that every change of a rule makes a test fail; `release` builds the published files into `dist` and
tries them without the checkout.

Makes the virtual environment `.venv` beside this file, installs the locked dependencies and the checkout into it, and
runs the named target. Needs only Python 3.11 or later. Does not install again what is already installed.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"

PYTEST = (PYTHON, "-m", "pytest")
CORES = os.cpu_count() or 1
# Three workers for each core: a test waits for a server or a terminal half of its time or more. Each worker begins with
# its own block of tests, so that fixtures of a module are made once. Then it takes tests that the others have left.
AT_ONCE = ("-n", str(min(CORES * 3, 24)), "--dist", "worksteal")
# Tests against the clock wait for a bound and compute next to nothing: with a core for each, none is late for another.
ONE_A_CORE = ("-n", str(min(CORES, 4)))
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
LINT = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports", "--no-cache"),
)


def main(words: "list[str]") -> int:
    """Run one target; gives back its exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file must explain itself to an older Python
        return complain(f"TenantPilot needs Python 3.11 or later; this is {sys.version.split()[0]}.")
    if not words or words[0] not in ("demo", "test", "lint", "docs", "lock", "mutants", "release"):
        return complain("say 'python3 make.py demo', 'test', 'lint', 'docs', 'lock', 'mutants' or 'release'.")
    target, rest = words[0], words[1:]
    if target == "lock":
        return lock()
    if not install(RUNTIME if target == "demo" else DEVELOPMENT):
        return 1
    if target == "demo":
        return run(BIN / "tenantpilot", "demo", *rest)
    if target == "docs":
        return run(PYTHON, "-m", "docs.reference")
    if target == "mutants":
        return run(PYTHON, "-m", "tests.mutation.mutants", *rest)
    if target == "release":
        return run(PYTHON, ROOT / ".ci" / "release.py")
    if target == "test":
        # Where this is set, each worker and each program that a test starts compiles all that it imports: to find the
        # tests takes twice as long then, and a command a third longer.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        some = any(not word.startswith("-") for word in rest)
        return run(*PYTEST, *AT_ONCE, *rest) if some else test(rest)
    return max(run(BIN / command[0], *command[1:]) for command in LINT)


def install(requirements: str) -> bool:
    """Install what a lock file names, and the checkout, into the environment; True if that worked."""
    if not PYTHON.exists() and run(sys.executable, "-m", "venv", ENVIRONMENT):
        complain("the virtual environment cannot be made; on Debian, 'apt-get install python3-venv' helps.")
        return False
    wanted = hashlib.sha256((ROOT / requirements).read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = ENVIRONMENT / f"{requirements}.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    print(f"Installing {requirements} into {ENVIRONMENT.name}, once ...", flush=True)
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    if run(*pip, "--require-hashes", "--requirement", ROOT / requirements):
        return False
    if run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT):
        return False
    # Compile to byte code now; else the first start takes twice as long.
    run(PYTHON, "-m", "compileall", "-q", ROOT / "health", ROOT / "tui")
    stamp.write_text(wanted)
    return True


def test(options: "list[str]") -> int:
    """Run every test; those that measure time run last, one to a core. `options` are pytest's, for both parts."""
    beside = run(*PYTEST, *AT_ONCE, "-m", "not alone", *options)
    # Name their files: for pytest to find them among all tests takes half as long as to run them.
    alone = sorted(each for each in (ROOT / "tests").rglob("test_*.py") if "mark.alone" in each.read_text("utf-8"))
    return run(*PYTEST, *ONE_A_CORE, "-m", "alone", *options, *alone) or beside


def lock() -> int:
    """Write both lock files again, every dependency at its newest; needs the uv that `test` installs."""
    common = (
        "--upgrade",
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-header",
        "--quiet",
    )
    for group, requirements in (("build", RUNTIME), ("dev", DEVELOPMENT)):
        done = run(
            BIN / "uv", "pip", "compile", *common, "--group", group, "--output-file", requirements, "pyproject.toml"
        )  # fmt: skip
        if done:
            return done
    return 0


def run(*command: "str | Path", cwd: Path = ROOT, env: "dict[str, str] | None" = None) -> int:
    """Run a program, in the checkout unless `cwd` names another folder; gives back its exit code."""
    return subprocess.run([str(word) for word in command], cwd=cwd, env=env, check=False).returncode


def complain(sentence: str) -> int:
    """Say what is wrong on standard error; gives back an exit code."""
    print(f"make.py: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
