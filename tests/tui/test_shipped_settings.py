"""The shipped `tenantpilot.toml` has every setting at its default, explained, and names no database (`design.md` 9)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tui.settings import LoadedSettings, Settings, load_settings

SHIPPED = Path(__file__).parents[2] / "tenantpilot.toml"


def load(path: Path) -> LoadedSettings:
    return load_settings(config=path, overrides={}, environ={}, cwd=path.parent)


def test_every_setting_is_there_at_its_default_and_no_database_is_named() -> None:
    expected = Settings().model_dump(mode="json")
    database = expected.pop("database")
    assert tomllib.loads(SHIPPED.read_text()) == {"database": {}, **expected}
    assert all(re.search(rf"^# {key} = \"", SHIPPED.read_text(), re.MULTILINE) for key in database)
    assert load(SHIPPED).settings == Settings()


def test_every_setting_is_explained() -> None:
    lines = SHIPPED.read_text().splitlines()
    settings = [number for number, line in enumerate(lines) if re.match(r"(# )?[a-z_]+ = ", line)]
    assert len(settings) == sum(len(section) for section in Settings().model_dump().values())
    for number in settings:
        assert re.match(r"# .*[a-z]{3}", lines[number - 1]), lines[number]


def test_the_commented_out_databases_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "tenantpilot.toml"
    path.write_text(re.sub(r"^# ((?:write_)?url = )", r"\1", SHIPPED.read_text(), flags=re.MULTILINE))
    sources = load(path).sources
    assert sources["database.url"] == sources["database.write_url"] == f"file {path}"


def test_every_setting_is_documented_in_the_model() -> None:
    for field in Settings.model_fields.values():
        assert field.description
        assert all(inner.description for inner in getattr(field.annotation, "model_fields", {}).values())
