"""Settings from a test, and the error for those that are refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tui.settings import LoadedSettings, load_settings
from tui.words.failures import SettingsError
from tui.words.safe_text import safe_text

SECRET = "pa55-w0rd"
SECRET_URL = f"postgresql://triage:{SECRET}@db1/fleet"
WINDOW = "backup_health.freshness_window"
WINDOW_VARIABLE = "TENANTPILOT_BACKUP_HEALTH__FRESHNESS_WINDOW"


def load(
    cwd: Path,
    *,
    config: Path | None = None,
    overrides: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> LoadedSettings:
    return load_settings(config=config, overrides=overrides or {}, environ=environ or {}, cwd=cwd)


def write(cwd: Path, text: str | bytes) -> None:
    (cwd / "tenantpilot.toml").write_bytes(text.encode() if isinstance(text, str) else text)


def load_file(cwd: Path, text: str) -> LoadedSettings:
    write(cwd, text)
    return load(cwd)


def refusal(cwd: Path, text: str | bytes = "", **given: Any) -> str:
    """The one sentence of the error as it is shown, after the checks that apply to all of them."""
    if text:
        write(cwd, text)
    with pytest.raises(SettingsError) as refused:
        load(cwd, **given)
    sentence = safe_text(str(refused.value), limit=1000)
    assert SECRET not in sentence
    # A traceback, a log or a debugger would not find the secret either.
    seen: list[BaseException] = [refused.value]
    while (inner := seen[-1].__context__ or seen[-1].__cause__) is not None:
        assert SECRET not in repr(inner) + str(vars(inner))
        seen.append(inner)
    return sentence
