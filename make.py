#!/usr/bin/env python3
"""Set up and run: `python3 make.py demo`, `test` or `lint`; `docs` and `lock` write the files that are generated;
`mutants` sees that no rule can be changed without a test failing; `release` builds the sdist and the wheel into `dist`,
and tries the wheel where nothing of the checkout is.

Makes the virtual environment `.venv` beside this file, installs the locked dependencies and the checkout into it, and
runs what was asked for. Needs Python 3.11 or later and nothing else. What is installed already is not installed again.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
DIST = ROOT / "dist"

RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
LINT = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports", "--no-cache"),
)
# Every module of the product can be imported, so none needs a package that only the checkout's environment has.
EVERY_MODULE = """
import importlib.resources, pkgutil, health, tui
for package in health, tui:
    assert importlib.resources.files(package).joinpath("py.typed").is_file()
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if ".migrations." not in module.name:  # those are Alembic's to import
            importlib.import_module(module.name)
"""


def main(words: "list[str]") -> int:
    """Run one of them; gives back its exit code."""
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
        return release()
    if target == "test":
        return run(PYTHON, "-m", "pytest", "-n", "2", *rest) if rest else test()
    return max(run(BIN / command[0], *command[1:]) for command in LINT)


def install(requirements: str) -> bool:
    """Have the environment hold what a lock file names, and the checkout; True if it does."""
    if not PYTHON.exists() and run(sys.executable, "-m", "venv", ENVIRONMENT):
        complain("the virtual environment cannot be made; on Debian, 'apt-get install python3-venv' mends that.")
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
    # Byte code now, or the first start takes twice as long.
    run(PYTHON, "-m", "compileall", "-q", ROOT / "health", ROOT / "tui")
    stamp.write_text(wanted)
    return True


def test() -> int:
    """Every test: what runs against the clock comes last and by itself."""
    beside = run(PYTHON, "-m", "pytest", "-n", "2", "-m", "not alone")
    return run(PYTHON, "-m", "pytest", "-m", "alone") or beside


def lock() -> int:
    """Write both lock files anew from pyproject.toml; `test` has put the uv that does it into the environment."""
    common = (
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


def release() -> int:
    """Build the sdist, from what is in it the wheel, and try that one; gives back an exit code."""
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="tenantpilot-release-") as temporary:
        elsewhere = Path(temporary)
        if done := run(BIN / "hatchling", "build", "--target", "sdist", "--directory", DIST):
            return done
        (sdist,) = DIST.glob("*.tar.gz")
        shutil.unpack_archive(sdist, elsewhere)
        source = elsewhere / sdist.name.removesuffix(".tar.gz")
        if done := run(BIN / "hatchling", "build", "--target", "wheel", "--directory", DIST, cwd=source):
            return done
        # Gone before the wheel is tried, so that there is nothing else it could be working from.
        shutil.rmtree(source)
        (wheel,) = DIST.glob("*.whl")
        return try_out(wheel, elsewhere)


def try_out(wheel: Path, folder: Path) -> int:
    """Use a wheel in an empty environment with the locked requirements; gives back an exit code."""
    home = folder / "home"
    home.mkdir()
    installed = filled_environment(newest_python(), folder / "newest")
    if installed is None:
        print("The locked requirements cannot be installed for it here: trying the wheel with this Python.", flush=True)
        installed = filled_environment(sys.executable, folder / "this")
    if installed is None or run(*pip_of(installed), "--no-compile", "--no-deps", wheel):
        return 1
    # A login that knows of no checkout, no settings and no other Python.
    login = {"HOME": str(home), "PATH": str(installed), "LANG": "C.UTF-8"}
    fleet = ("--database", f"sqlite:///{home}/fleet.db")
    for command in (
        ("python", "-c", EVERY_MODULE),
        ("tenantpilot", "--version"),
        ("tenantpilot", "demo", "--tenants", "20", *fleet),
        ("tenantpilot", "db", "status", *fleet),
        ("tenantpilot", "report", "--format", "table", *fleet),
    ):
        print("$", *(word for word in command if word != EVERY_MODULE), flush=True)
        if done := run(installed / command[0], *command[1:], cwd=home, env=login):
            return done
    print(f"{wheel.name} works by itself.")
    return 0


def filled_environment(python: str, folder: Path) -> "Path | None":
    """A new environment with the locked requirements: the folder of its programs, None if that fails."""
    installed = folder / BIN.name
    if run(python, "-m", "venv", "--without-pip", folder):
        return None
    filled = run(*pip_of(installed), "--no-compile", "--require-hashes", "--requirement", ROOT / RUNTIME) == 0
    return installed if filled else None


def pip_of(installed: Path) -> "tuple[str | Path, ...]":
    """The command that installs into an environment, by the pip of the checkout's."""
    return PYTHON, "-m", "pip", "--python", installed / "python", "install", "--quiet", "--disable-pip-version-check"


def newest_python() -> str:
    """The newest Python on this machine of those that pyproject.toml names; this one if no other is. Says which."""
    named = re.findall(r'"Programming Language :: Python :: 3[.](\d+)"', (ROOT / "pyproject.toml").read_text())
    newer = sorted((int(minor) for minor in named if int(minor) > sys.version_info.minor), reverse=True)
    found = next(filter(None, map(python_of, newer)), None)
    if found is None:
        print(f"Trying the wheel with Python {sys.version.split()[0]}: there is no newer one here.", flush=True)
        return sys.executable
    print(f"Trying the wheel with {found}, the newest here of the Pythons that pyproject.toml names.", flush=True)
    return found


def python_of(minor: int) -> "str | None":
    """A Python 3 of that minor version: on the path, or one that pyenv keeps beside it."""
    kept = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/3.{minor}.*/bin/python"))
    for candidate in filter(None, (shutil.which(f"python3.{minor}"), *map(str, kept))):
        # What pyenv puts on the path is there for every version that it keeps, and may refuse to run.
        if not subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode:
            return candidate
    return None


def run(*command: "str | Path", cwd: Path = ROOT, env: "dict[str, str] | None" = None) -> int:
    """Run a program, in the checkout unless told otherwise; gives back its exit code."""
    return subprocess.run([str(word) for word in command], cwd=cwd, env=env, check=False).returncode


def complain(sentence: str) -> int:
    """Say what is wrong on standard error; gives back an exit code."""
    print(f"make.py: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
