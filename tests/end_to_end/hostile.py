"""A fleet in which every text column attacks the terminal, the markup or the reader's eyes, as any writer could."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ATTACKS: Final = (
    "\x1b[2J\x1b[HALL HEALTHY",  # paints over the screen
    "\x1b]52;c;cm0gLXJmIC8K\x07",  # writes the clipboard
    "\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]0;title\x07",
    "\x1bP$qm\x1b\\",  # asks the terminal, which would answer as if typed
    "\x1b[5;8m",  # blink and conceal
    "\x1bc\x1b(0",  # reset, line-drawing characters
    "\x9b2J\x9d52;c;eA==\x9c\x90q\x9c",  # the same as single characters
    "\x00\x07\x08\x0e\x7f\x85",
    "one\r\ntwo\tthree\x0b\x0c",
    "\u202egnp.exe\u202c\u2066\u2069",  # right to left
    "\u200b\u200d\u2060\ufeff\u00ad",  # invisible
    "\u115f\u3164\u2800\uffa0\u034f",  # blank, but letters and marks to Unicode
    "\ufe0f\U000e0041\U000e0100",  # selectors and tags
    "\u2028\u2029",
    "\ue000\U0010fffd\ufffe\U0001fffe",  # private use and noncharacters
    "a" + "\u0301" * 60,
    "[/]",
    "[@click=app.quit]here[/]",
    "[bold red on white]x[/bold]",
    "[link=https://x.example]y",
    "{0} %s $HOME `id` {x!r}",
    "=cmd|' /C calc'!A0",
    "⟨U+001B⟩",  # imitates the sign for a hidden character
)
NOT_UTF_8: Final = b"\xff\xfe\xc3(\xed\xa0\x80\x80"

TARGET: Final = "target-one"
"""The external id of the tenant with every attack in every list."""

_WELL: Final = "2026-11-23 07:00:00.000000"
_EARLIER: Final = "2026-11-22 07:00:00.000000"
_INSTANTS: Final = {
    "tenants": ("created_at",),
    "backup_schedules": ("created_at", "enabled_at", "last_run_at", "next_run_at"),
    "backup_sets": ("created_at", "started_at", "completed_at"),
}


def hostile(first: int, ending: bytes = NOT_UTF_8) -> bytes:
    """Every attack in one value, each time with another one first, so that a narrow column shows all of them."""
    place = first % len(ATTACKS)
    return f"{first}".join((*ATTACKS[place:], *ATTACKS[:place])).encode() + ending


def _tenant(number: int) -> dict[str, Any]:
    # A tenant is opened by its external id, and an id that is not UTF-8 cannot be typed, so only one tenant has it.
    ending = {1: TARGET.encode(), 2: NOT_UTF_8}.get(number, b"")
    return {"id": number, "external_id": hostile(number, ending), "name": hostile(number), "created_at": _WELL}


def write_hostile_fleet(file: Path) -> None:
    """Fill an empty database: tenant 1 has every attack in every list, the others one each, the last no instants."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    number = len(ATTACKS)
    for tenant in range(1, number + 1):
        _insert(connection, "tenants", **_tenant(tenant))
        schedules, sets = (number, number) if tenant == 1 else (1, tenant % 3)
        for place in range(schedules):
            _insert(connection, "backup_schedules", **_schedule(tenant, place))
        for place in range(sets):
            _insert(connection, "backup_sets", **_set(tenant, place))
            for item in range(number if place == 0 and tenant == 1 else 2):
                _insert(connection, "backup_items", **_item(tenant, place, item))
    tenant = number
    for table, columns in _INSTANTS.items():
        for column in columns:
            tenant += 1
            _insert_unreadable(connection, tenant, table, column)
    connection.commit()
    connection.close()


def _schedule(tenant: int, place: int) -> dict[str, Any]:
    start = tenant + place
    return {
        "id": tenant * 1000 + place,
        "tenant_id": tenant,
        "name": hostile(start),
        "is_enabled": int(place % 4 != 3),
        "cron": hostile(start) if place % 3 == 0 else "0 2 * * *",
        "timezone": hostile(start) if place % 3 == 1 else "UTC",
        "last_run_at": _WELL,
        "last_run_status": hostile(start),
        "created_at": _WELL,
    }


def _set(tenant: int, place: int) -> dict[str, Any]:
    start = tenant + place
    return {
        "id": tenant * 1000 + place,
        "tenant_id": tenant,
        "name": hostile(start),
        "source": hostile(start),
        "source_ref": hostile(start),
        # The first is the basis of its tenant.
        "status": "completed" if place == 0 else hostile(start),
        "error": hostile(start),
        "started_at": _EARLIER,
        "completed_at": _WELL if place == 0 else _EARLIER,
        "created_at": _WELL,
    }


def _item(tenant: int, backup_set: int, place: int) -> dict[str, Any]:
    start = tenant + place
    document = json.dumps({ATTACKS[start % len(ATTACKS)]: list(ATTACKS)}, ensure_ascii=False).encode()
    return {
        "tenant_id": tenant,
        "backup_set_id": tenant * 1000 + backup_set,
        "policy_type": hostile(start),
        "policy_identifier": hostile(start),
        "display_name": hostile(start),
        "platform": hostile(start),
        "capture_mode": hostile(start),
        "assignments_state": hostile(start),
        "orphaned_assignments": 1,
        "integrity_warning": hostile(start),
        "assignments": hostile(start),
        "payload": document,
    }


def _insert_unreadable(connection: sqlite3.Connection, tenant: int, table: str, column: str) -> None:
    """A tenant whose verdict reads an invalid instant."""
    rows: Mapping[str, dict[str, Any]] = {
        "tenants": _tenant(tenant),
        "backup_schedules": _schedule(tenant, 0) | {"is_enabled": 1},
        "backup_sets": _set(tenant, 0),
    }
    rows[table][column] = hostile(tenant)
    for name, row in rows.items():
        _insert(connection, name, **row)


def _insert(connection: sqlite3.Connection, table: str, **columns: Any) -> None:
    # Bytes as text: SQLite does not check the encoding of a text.
    marks = ", ".join("CAST(? AS TEXT)" if isinstance(value, bytes) else "?" for value in columns.values())
    connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", list(columns.values()))
