"""Build the published files into `dist`, and try them without the checkout: `python3 make.py release`.

The files are the sdist, the wheel (built from the sdist, with the man pages in its data), and `tenantpilot.pyz`: the
program and its dependencies as one file, for the minor version of Python and the platform that built it. Everything is
built twice and must be the same, byte for byte; `SHA256SUMS` has the checksums.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
DIST: Final = ROOT / "dist"
BIN: Final = Path(sys.executable).parent
REQUIREMENTS: Final = ROOT / "requirements.txt"
MAN: Final = Path("build") / "man"
"""Where the man pages are while the sdist and the wheel are built; pyproject.toml puts them into the wheel's data."""

# Import every module of the product: this fails if one needs a package that only the checkout's environment has.
EVERY_MODULE: Final = """
import importlib.resources, pkgutil, health, tui
for package in health, tui:
    assert importlib.resources.files(package).joinpath("py.typed").is_file()
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if ".migrations." not in module.name:  # those are Alembic's to import
            importlib.import_module(module.name)
"""
# What the one file runs first. It holds compiled modules, and unpacks itself before anything of the product runs: what
# can go wrong until then would be a traceback, and an exit code that `check` uses for stale tenants. Every Python that
# somebody may have as `python3` must be able to read it.
STARTS: Final = """
import sys

def refuse(why):
    sys.stderr.write("tenantpilot.pyz: " + why + "\\n")
    sys.exit(3)

if sys.version_info[:2] != {version}:
    this = "%d.%d" % sys.version_info[:2]
    refuse("this file needs Python {words} and this is " + this + ": run 'python{words} " + sys.argv[0] + "'.")

import os, shutil, sysconfig
this = sysconfig.get_config_var("SOABI")
if this != "{platform}":
    refuse("this file was built for {platform} and this Python is %s: build it on this kind of machine." % this)
if not os.environ.get("SHIV_ROOT") and os.path.expanduser("~") == "~":
    refuse("it unpacks itself into the home directory, and this user has none: set SHIV_ROOT to a folder.")

import _bootstrap
place, unpack, found = _bootstrap.cache_path, _bootstrap.extract_site_packages, _bootstrap.import_string
unpacked = []

def noted_place(*of):
    unpacked.append(place(*of))
    return unpacked[0]

def unpack_or_refuse(archive, target, *options):
    if sys.stderr.isatty():
        sys.stderr.write("Unpacking into %s, once ...\\n" % target.parent)
    try:
        unpack(archive, target, *options)
    except OSError as error:
        shutil.rmtree(str(target) + ".tmp", ignore_errors=True)
        refuse("it cannot unpack itself into %s: %s. Set SHIV_ROOT to a folder that this user can write to and that "
               "has 100 MB." % (target.parent, error.strerror or error))

def found_or_refuse(name):
    try:
        return found(name)
    except Exception as error:
        refuse("what it unpacked is damaged (%s): remove %s, and start it again." % (error, unpacked[0]))

_bootstrap.cache_path = noted_place
_bootstrap.extract_site_packages = unpack_or_refuse
_bootstrap.import_string = found_or_refuse
try:
    _bootstrap.bootstrap()
except KeyboardInterrupt:
    sys.exit(130)
"""
MINOR: Final = "{}.{}".format(*sys.version_info[:2])
FASTER_THE_SECOND_TIME: Final = 2


class Failed(Exception):
    """A step of the release failed; the message says which."""


def main() -> int:
    """Build everything twice, compare, write the checksums and try each; gives back an exit code."""
    shutil.rmtree(DIST, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory(prefix="tenantpilot-release-") as temporary:
            elsewhere = Path(temporary)
            build(DIST, elsewhere / "first")
            with other_umask():
                build(elsewhere / "again", elsewhere / "second")
            require_the_same(DIST, elsewhere / "again")
            write_checksums(DIST)
            (wheel,) = DIST.glob("*.whl")
            try_wheel(wheel, elsewhere)
            try_one_file(DIST / "tenantpilot.pyz", elsewhere)
    except Failed as failure:
        print(f"release: {failure}", file=sys.stderr)
        return 1
    return 0


# Building


def build(into: Path, scratch: Path) -> None:
    """Build the sdist, the wheel and the one file into a folder; `scratch` is a folder that nothing else uses."""
    scratch.mkdir()
    moment = str(committed_at())
    fixed = os.environ | {"SOURCE_DATE_EPOCH": moment, "PYTHONHASHSEED": "0"}
    shutil.rmtree(ROOT / MAN, ignore_errors=True)
    date = f"{datetime.fromtimestamp(int(moment), UTC):%Y-%m-%d}"
    run(sys.executable, "-m", "docs.man_pages", MAN, date)
    run(BIN / "hatchling", "build", "--target", "sdist", "--directory", into, env=fixed)
    (sdist,) = into.glob("*.tar.gz")
    shutil.unpack_archive(sdist, scratch)
    source = scratch / sdist.name.removesuffix(".tar.gz")
    run(BIN / "hatchling", "build", "--target", "wheel", "--directory", into.resolve(), cwd=source, env=fixed)
    # Remove it before the tries, so that the wheel cannot use these files.
    shutil.rmtree(source)
    build_one_file(into, scratch, fixed)


@contextmanager
def other_umask() -> Iterator[None]:
    """Make files that others cannot read, as some machines do: the built ones must not differ for that."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def committed_at() -> int:
    """When the source was committed, in seconds since 1970: a date that is the same on every machine."""
    asked = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    return int(asked.stdout) if asked.returncode == 0 and asked.stdout.strip() else 1_577_836_800


def build_one_file(into: Path, scratch: Path, fixed: dict[str, str]) -> None:
    """Build `tenantpilot.pyz` from the wheel and the locked requirements."""
    site = scratch / "site-packages"
    (wheel,) = into.glob("*.whl")
    own = f"tenantpilot=={wheel.name.split('-')[1]}"
    target = (*PIP, "install", "--quiet", "--no-compile", "--target", site)
    run(*target, "--require-hashes", "--requirement", REQUIREMENTS)
    run(*target, "--no-deps", "--no-index", "--find-links", into, "--upgrade", own)
    # Remove what names this machine: programs that begin with a path of it, and pip's lists of files.
    shutil.rmtree(site / "bin", ignore_errors=True)
    for name in ("RECORD", "direct_url.json"):
        for note in site.glob(f"*.dist-info/{name}"):
            note.unlink()
    run(
        BIN / "shiv", "--site-packages", site, "--console-script", "tenantpilot", "--compressed", "--compile-pyc",
        "--reproducible", "--python", f"/usr/bin/env python{MINOR}", "--output-file", into / "tenantpilot.pyz",
        env=fixed,
    )  # fmt: skip
    pack_alike(into / "tenantpilot.pyz")


def pack_alike(file: Path) -> None:
    """Pack the one file again so that it is the same on every machine, and starts with `STARTS`.

    shiv keeps the permissions that the umask gave, and packs its own files in the order in which the disk lists them.
    """
    starts = STARTS.format(version=sys.version_info[:2], words=MINOR, platform=sysconfig.get_config_var("SOABI"))
    shebang = file.read_bytes().partition(b"\n")[0] + b"\n"
    with zipfile.ZipFile(file) as packed:
        entries = sorted(
            ((entry, packed.read(entry)) for entry in packed.infolist()), key=lambda each: each[0].filename
        )
    with file.open("wb") as out:
        out.write(shebang)
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as again:
            for entry, content in entries:
                alike = zipfile.ZipInfo(entry.filename, entry.date_time)
                executable = entry.external_attr >> 16 & stat.S_IXUSR
                alike.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
                again.writestr(alike, starts if entry.filename == "__main__.py" else content, zipfile.ZIP_DEFLATED)


def require_the_same(first: Path, second: Path) -> None:
    """Raise Failed if a file differs between the two builds."""
    for path in sorted(first.iterdir()):
        if path.read_bytes() != (second / path.name).read_bytes():
            raise Failed(f"{path.name} was different when it was built again.")
    print(f"Built twice, the same byte for byte: {', '.join(path.name for path in sorted(first.iterdir()))}")


def write_checksums(folder: Path) -> None:
    """Write `SHA256SUMS` as sha256sum reads it."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(folder.iterdir())]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="ascii")


# Trying


def try_wheel(wheel: Path, folder: Path) -> None:
    """Use a wheel in an empty environment with the locked requirements."""
    home = folder / "home"
    home.mkdir()
    installed = filled_environment(newest_python(), folder / "newest")
    if installed is None:
        print("The locked requirements cannot be installed for it here: trying the wheel with this Python.", flush=True)
        installed = filled_environment(sys.executable, folder / "this")
    if installed is None:
        raise Failed("the locked requirements cannot be installed.")
    run(*pip_of(installed), "--no-compile", "--no-deps", wheel)
    if not (installed.parent / "share" / "man" / "man1" / "tenantpilot-check.1").is_file():
        raise Failed("the wheel brought no man pages.")
    # An environment without the checkout, without settings and without another Python.
    login = {"HOME": str(home), "PATH": str(installed), "LANG": "C.UTF-8"}
    run(installed / "python", "-c", EVERY_MODULE, cwd=home, env=login)
    use((str(installed / "tenantpilot"),), home, login)
    print(f"{wheel.name} works by itself.", flush=True)


def use(program: tuple[str, ...], home: Path, login: dict[str, str]) -> None:
    """Do what a new user does first."""
    fleet = ("--database", f"sqlite:///{home}/fleet.db")
    for words in (
        ("--version",),
        ("demo", "--tenants", "20", *fleet),
        ("db", "status", *fleet),
        ("report", "--format", "table", *fleet),
    ):
        print("$ tenantpilot", *words, flush=True)
        run(*program, *words, cwd=home, env=login)


def try_one_file(file: Path, folder: Path) -> None:
    """Use the one file from a read-only folder, with only a Python and without a network."""
    here, home = folder / "read-only", folder / "another-home"
    home.mkdir()
    here.mkdir()
    copy = shutil.copy(file, here)
    here.chmod(0o555)
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    login = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | nowhere
    # The Python that the environment was made from, because it does not see the environment's packages.
    program = (str(Path(sysconfig.get_config_var("BINDIR")) / "python3"), "-I", str(copy))
    first, second = (seconds_of(*program, "--version", cwd=home, env=login) for _ in range(2))
    print(f"tenantpilot.pyz --version: {first:.2f} s the first time, {second:.2f} s the second.", flush=True)
    if first < FASTER_THE_SECOND_TIME * second:
        raise Failed("tenantpilot.pyz is not twice as fast the second time: it does not keep the files it unpacks.")
    use(program, home, login)
    require_refused((*program, "--version"), login | {"HOME": os.devnull}, "that it cannot unpack itself")
    (unpacked,) = home.glob(".shiv/tenantpilot.pyz_*")
    shutil.rmtree(unpacked / "site-packages" / "tui")
    require_refused((*program, "check"), login, "that what it unpacked is damaged")
    print(f"{file.name} works by itself.", flush=True)


def require_refused(program: tuple[str, ...], login: dict[str, str], what: str) -> None:
    """Raise Failed unless a program ends with 3 and says why in one line."""
    refused = subprocess.run(program, env=login, capture_output=True, check=False)
    if refused.returncode != 3 or refused.stderr.count(b"\n") != 1:
        raise Failed(f"tenantpilot.pyz does not say in one line {what}: it ended with {refused.returncode}.")


def seconds_of(*command: str | Path, cwd: Path, env: dict[str, str]) -> float:
    """How long a program takes, in seconds."""
    began = time.monotonic()
    run(*command, cwd=cwd, env=env)
    return time.monotonic() - began


PIP: Final = (sys.executable, "-m", "pip", "--disable-pip-version-check")


def filled_environment(python: str, folder: Path) -> Path | None:
    """Make an environment with the locked requirements; gives back the folder of its programs, None if that fails."""
    installed = folder / BIN.name
    try:
        run(python, "-m", "venv", "--without-pip", folder)
        run(*pip_of(installed), "--no-compile", "--require-hashes", "--requirement", REQUIREMENTS)
    except Failed:
        return None
    return installed


def pip_of(installed: Path) -> tuple[str | Path, ...]:
    """The command that installs into an environment, with the pip of the checkout's environment."""
    return (*PIP, "--python", installed / "python", "install", "--quiet")


def newest_python() -> str:
    """The newest Python on this machine that pyproject.toml names, or this one if none is newer. Prints which one."""
    named = re.findall(r'"Programming Language :: Python :: 3[.](\d+)"', (ROOT / "pyproject.toml").read_text())
    newer = sorted((int(minor) for minor in named if int(minor) > sys.version_info.minor), reverse=True)
    found = next(filter(None, map(python_of, newer)), None)
    if found is None:
        print(f"Trying the wheel with Python {sys.version.split()[0]}: this machine has no newer one.", flush=True)
        return sys.executable
    print(f"Trying the wheel with {found}: the newest Python here that pyproject.toml names.", flush=True)
    return found


def python_of(minor: int) -> str | None:
    """A Python 3 of that minor version: on the path, or else from pyenv."""
    kept = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/3.{minor}.*/bin/python"))
    for candidate in filter(None, (shutil.which(f"python3.{minor}"), *map(str, kept))):
        # pyenv puts a program on the path for every version that it keeps; such a program may refuse to run.
        if not subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode:
            return candidate
    return None


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a program, in the checkout unless `cwd` names another folder. Raises Failed unless it ends with 0."""
    words = [str(word) for word in command]
    if code := subprocess.run(words, cwd=cwd, env=env, check=False).returncode:
        raise Failed(f"{Path(words[0]).name} {' '.join(words[1:4])} ... ended with {code}.")


if __name__ == "__main__":
    sys.exit(main())
