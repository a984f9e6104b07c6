"""The settings as a JSON Schema, with which an editor completes and checks the file (docs/sync.md)."""

from __future__ import annotations

from typing import Any, Final

from health.sources.listed import SOURCES, source_named
from tui.settings.model import Settings
from tui.settings.names import is_section
from tui.settings.sources import SourceSettings

_DURATION: Final = {"type": "string", "pattern": r"^ *([0-9]+ *d)? *([0-9]+ *h)? *([0-9]+ *m)? *([0-9]+ *s)? *$"}
_FORMS: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("EvidenceSettings", "loss_share"): {"type": "string", "pattern": "^[0-9]{1,3}%$"},
    ("UiSettings", "refresh"): {"anyOf": [_DURATION, {"const": 0}]},
}
"""The form of a setting in the file, if the model has another type."""
_KINDS: Final = {"flag": "boolean"}


def settings_schema() -> dict[str, Any]:
    """The schema of `tenantpilot.toml`: every setting with its description, and each source's own options."""
    schema = Settings.model_json_schema()
    for name, definition in schema["$defs"].items():
        for key, each in definition.get("properties", {}).items():
            kept = {word: each[word] for word in ("description", "default") if word in each}
            if (name, key) in _FORMS:
                definition["properties"][key] = _FORMS[name, key] | kept
            elif each.get("format") == "duration":
                definition["properties"][key] = _DURATION | kept
    _with_defaults(schema)
    _with_options(schema["$defs"][SourceSettings.__name__])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "tenantpilot.toml", **schema}


def _with_defaults(schema: dict[str, Any]) -> None:
    """Set the defaults in the file's form."""
    defaults = Settings().model_dump(mode="json")
    for section, field in Settings.model_fields.items():
        schema["properties"][section].pop("default", None)
        if is_section(field.annotation):
            properties = schema["$defs"][field.annotation.__name__]["properties"]
            for key, value in defaults[section].items():
                properties[key]["default"] = value


def _with_options(definition: dict[str, Any]) -> None:
    """Add every source's own options as keys. Only `config --check` knows which kind has which option."""
    definition["additionalProperties"] = False
    definition["properties"]["kind"]["enum"] = sorted(SOURCES)
    for name in SOURCES:
        declared = source_named(name)
        for option in (*declared.options, *declared.history_options):
            form = {"type": _KINDS.get(option.kind, "string"), "description": option.help}
            definition["properties"].setdefault(option.name, form)
