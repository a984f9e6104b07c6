"""The shipped `tenantpilot.toml` has every setting at its default, explained, and names no database.

(docs/settings.md, "Settings")

Modules: tui.settings, tui.keymap.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tui.commands.sync_entries import wrong_sources
from tui.keymap import checked_keymap
from tui.settings import LoadedSettings, Settings, load_settings
from tui.settings.model import CommandSettings, ViewSettings
from tui.settings.names import known_keys
from tui.settings.sources import SourceSettings

SHIPPED = Path(__file__).parents[3] / "tenantpilot.toml"


def load(path: Path) -> LoadedSettings:
    return load_settings(config=path, overrides={}, environ={}, cwd=path.parent)


def test_every_setting_is_at_its_default_and_no_database_is_named() -> None:
    expected = Settings().model_dump(mode="json")
    urls = [expected["database"].pop(name) for name in ("url", "write_url")]
    assert urls == [None, None]
    assert expected["known"].pop("file") is None
    assert (
        expected.pop("databases")
        == expected.pop("groups")
        == expected.pop("sources")
        == expected.pop("views")
        == expected.pop("commands")
        == {}
    )
    assert tomllib.loads(SHIPPED.read_text()) == expected
    assert all(re.search(rf"^# {key} = \"", SHIPPED.read_text(), re.MULTILINE) for key in ("url", "write_url", "file"))
    assert load(SHIPPED).settings == Settings()


def test_every_setting_is_explained() -> None:
    lines = SHIPPED.read_text().splitlines()
    settings = [number for number, line in enumerate(lines) if re.match(r"(# )?[a-z_]+ = ", line)]
    assert len(settings) == len(known_keys()) + len(
        ("databases.eu.url", "databases.eu.production", "groups.gold.tenants", "groups.gold.owner")
    ) + len(SourceSettings.model_fields) + len(ViewSettings.model_fields) + len(CommandSettings.model_fields)
    for number in settings:
        assert re.match(r"# .*[a-z]{3}", lines[number - 1]), lines[number]


def test_what_is_commented_out_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "tenantpilot.toml"
    commented_out = (
        r"^# ((?:write_)?url = |\[databases\.|\[groups\.|production = |tenants = |owner = |file = |\"|\[sources\."
    )
    # Not every option of a view goes together with every other one.
    commented_out += r"|\[views\.|(?:screen|filter|posture|sort|set|family) = "
    commented_out += "|(?:kind|path|tenant|name|git|completed_at|cron|timezone) = )"
    path.write_text(re.sub(commented_out, r"\1", SHIPPED.read_text(), flags=re.MULTILINE))
    loaded = load(path)
    assert loaded.sources["database.url"] == loaded.sources["database.write_url"] == f"file {path}"
    assert loaded.settings.databases["eu"].production
    assert loaded.settings.tenant_groups().names == ("gold",)
    assert loaded.settings.sources["contoso"].completed_at == "newest-file"
    assert loaded.settings.views["morning"].place().named_screen() == "backup_set"
    assert list(wrong_sources(loaded)) == []
    assert loaded.settings.known.file == Path("known.toml")
    assert checked_keymap(loaded.settings.keys)["tenants.sort"] == "x"


def test_every_setting_is_documented_in_the_model() -> None:
    for field in Settings.model_fields.values():
        assert field.description
        assert all(inner.description for inner in getattr(field.annotation, "model_fields", {}).values())
