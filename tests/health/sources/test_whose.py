"""The tenant that a backup names, by every source whose tool names it (docs/import-folders.md, "The door")."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from health.sources.captured import CapturedSet, RefusedInput
from health.sources.listed import source_named
from health.sources.whose import require_same_tenant
from tests.health.sources.reading import asked_of
from tests.health.sources.tenuvault_runs import manifest
from tests.health.sources.test_m365dsc import configuration
from tests.health.sources.trees import plant, policy

AT = datetime(2026, 11, 23, 2, 10, tzinfo=UTC)
GUID = "0B7C7B1E-1111-2222-3333-444455556666"
BLOCK = "AADGroup 'a'\n{{\nId = '1';\nTenantId = '{}'\n}}\n"


def read(source: str, root: Path) -> CapturedSet:
    asked = asked_of(root, completed_at=AT, options={"timezone": ZoneInfo("UTC")})
    (found,) = source_named(source).found(asked).sets
    return found.read(with_payload=True)


@pytest.mark.parametrize(
    ("source", "files", "said"),
    [
        ("intunemanagement", {"Roles/a.json": policy(), "MigrationTable.json": {"TenantId": GUID}}, GUID),
        ("intunemanagement", {"Roles/a.json": policy(), "MigrationTable.json": {"TenantId": f" {GUID} "}}, GUID),
        ("intunemanagement", {"Roles/a.json": policy(), "MigrationTable.json": {"TenantId": 7}}, None),
        ("intunemanagement", {"Roles/a.json": policy(), "MigrationTable.json": []}, None),
        ("intunemanagement", {"Roles/a.json": policy()}, None),
        ("tenuvault", {"backup-2026-11-23-021000/metadata.json": manifest(TenantId=GUID)}, GUID),
        ("tenuvault", {"backup-2026-11-23-021000/metadata.json": manifest(TenantId=" ")}, None),
        ("m365dsc", {"M365TenantConfig.ps1": configuration(BLOCK.format("contoso.example"))}, "contoso.example"),
        (
            "m365dsc",
            {
                "M365TenantConfig.ps1": configuration(BLOCK.format("$TenantId")),
                "ConfigurationData.psd1": f"@{{ NonNodeData = @( @{{ TenantGUID = '{GUID}' }} ) }}",
            },
            GUID,
        ),
        (
            "m365dsc",
            {
                "M365TenantConfig.ps1": configuration(BLOCK.format("contoso.example")),
                "ConfigurationData.psd1": "@{ broken",
            },
            "contoso.example",
        ),
        ("intunecd", {"Roles/a.json": policy()}, None),
        ("intunebackup", {"Roles/a.json": policy()}, None),
    ],
)
def test_the_tenant_that_a_tool_names(tmp_path: Path, source: str, files: dict[str, Any], said: str | None) -> None:
    assert read(source, plant(tmp_path, files)).source_tenant == said


def a_set(said: str | None) -> CapturedSet:
    return CapturedSet("contoso", "export", "intunemanagement", "1", "completed", (), source_tenant=said)


@pytest.mark.parametrize(("said", "known"), [(None, None), (None, "a"), ("a", None), ("a", "a"), (GUID, GUID.lower())])
def test_the_same_tenant_and_none_are_accepted(said: str | None, known: str | None) -> None:
    require_same_tenant(a_set(said), known)


def test_another_tenant_is_refused_and_both_are_named() -> None:
    with pytest.raises(RefusedInput) as refused:
        require_same_tenant(a_set("fabrikam.example"), "contoso.example")
    for word in ("'fabrikam.example'", "'contoso.example'", "'contoso'", "--accept-other-tenant"):
        assert word in str(refused.value)
