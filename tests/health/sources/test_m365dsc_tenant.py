"""What a Microsoft365DSC export calls its tenant, and whether all of it is one tenant's
(docs/import-folders.md, "Microsoft365DSC")."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from health.sources.captured import CapturedSet, RefusedInput
from health.sources.declaration import Acceptances
from health.sources.m365dsc_tenant import named_in_block, named_in_data, several_tenants, tenant_of
from health.sources.m365dsc_values import NotPowerShell
from tests.health.sources.test_m365dsc import FILE, ORG, configuration, read, resource
from tests.health.sources.trees import plant

DATA = "ConfigurationData.psd1"
GUID = "0b7c7b1e-1111-2222-3333-444455556666"
OTHER_GUID = GUID.replace("0b7c", "ffff")
CONTOSO, FABRIKAM = "contoso.example", "fabrikam.example"


def group(number: int, tenant: str | None = CONTOSO, kind: str = "AADGroup", key: str = "TenantId") -> str:
    named = {} if tenant is None else {key: tenant if tenant.startswith("$") else f"'{tenant}'"}
    return resource(kind, f"'{number}'", Id=f"'{number}'", **named)


def data(**names: str) -> str:
    return f"@{{ NonNodeData = @( @{{ {'; '.join(f'{key} = {value!r}' for key, value in names.items())} }} ) }}"


def accepted(root: Path) -> CapturedSet:
    return read(root, accepts=Acceptances(other_tenant=True))


def as_read(files: dict[str, Any], root: Path) -> str | None:
    return read(plant(root, files)).source_tenant


def test_one_block_of_another_tenant_is_enough_to_refuse_a_backup(tmp_path: Path) -> None:
    blocks = [group(number, FABRIKAM) for number in range(11)]
    assert as_read({FILE: configuration(*blocks)}, tmp_path) == FABRIKAM
    plant(tmp_path, {FILE: configuration(*blocks, group(11, CONTOSO))})
    with pytest.raises(RefusedInput) as refused:
        read(tmp_path)
    (said,) = str(refused.value).splitlines()
    for words in (f"'{FABRIKAM}' ({FILE}, line 8)", f"'{CONTOSO}' ({FILE}, line 63)", "--accept-other-tenant"):
        assert words in said
    whole = accepted(tmp_path)
    assert (whole.status, len(whole.items), whole.source_tenant) == ("completed", 12, None)


@pytest.mark.parametrize(
    "files",
    [
        {"A.ps1": configuration(group(1)), "B.ps1": configuration(group(2, FABRIKAM, "AADUser"))},
        {FILE: configuration(group(1)) + configuration(group(2, FABRIKAM), name="Second")},
        {FILE: configuration(group(1, GUID), group(2, OTHER_GUID))},
        {FILE: configuration(group(1, GUID), group(2, CONTOSO), group(3, OTHER_GUID))},
        {FILE: configuration(group(1, GUID, key="TenantGUID"), group(2, OTHER_GUID))},
        {FILE: configuration(group(1, FABRIKAM)), DATA: data(TenantId=CONTOSO)},
        {FILE: configuration(group(1, FABRIKAM), ORG), DATA: data(OrganizationName=CONTOSO)},
        {FILE: configuration(group(1, OTHER_GUID)), DATA: data(TenantGuid=GUID, TenantId=CONTOSO)},
        {FILE: configuration(ORG), DATA: data(TenantGuid=GUID, TenantId=OTHER_GUID)},
        {FILE: configuration(ORG), DATA: "@{NonNodeData=@(@{TenantId='a'}; @{TenantId='b'})}"},
    ],
    ids=[
        "two files",
        "two configurations in a file",
        "two ids",
        "two ids and a domain",
        "two properties",
        "a data file and a block",
        "a data file's organization and a block",
        "a data file's id and a block",
        "two ids in a data file",
        "two nodes of a data file",
    ],
)
def test_a_backup_of_several_tenants_is_refused_wherever_they_stand(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(RefusedInput, match=r"of several tenants, .* among them.*--accept-other-tenant"):
        read(plant(tmp_path, files))
    assert accepted(tmp_path).source_tenant is None


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({FILE: configuration(group(1), group(2, CONTOSO.title()), group(3, None), ORG)}, CONTOSO),
        ({FILE: configuration(group(1), group(2, f" {CONTOSO} "))}, CONTOSO),
        ({FILE: configuration(group(1), group(2, GUID), group(3, GUID.upper()), group(4, f"{{{GUID}}}"))}, GUID),
        (
            {FILE: configuration(group(1, "$OrganizationName"), group(2, "$ConfigurationData.NonNodeData.TenantId"))},
            None,
        ),
        ({FILE: configuration(group(1, "$TenantId"), group(2), group(3, ""))}, CONTOSO),
        ({FILE: configuration(resource("A", "'a'", TenantId='"$OrganizationName"'), group(2))}, CONTOSO),
        ({FILE: configuration(resource("A", "'a'", TenantId="(Get-Tenant).Id"), group(2))}, CONTOSO),
        # A setting of an Exchange block, and the name of another organization.
        ({FILE: configuration(group(1), group(2, "Contoso Ireland", key="OrganizationName"))}, CONTOSO),
        ({FILE: configuration(group(2, "Contoso Ireland", key="OrganizationName"))}, None),
        (
            {
                FILE: configuration(group(1, "contoso.onmicrosoft.example"), group(2, CONTOSO), group(3, GUID)),
                DATA: data(OrganizationName=CONTOSO, TenantId="contoso.onmicrosoft.example", TenantGuid=GUID),
            },
            GUID,
        ),
        ({FILE: configuration(group(1, GUID)), DATA: data(TenantId=CONTOSO)}, CONTOSO),
        ({FILE: configuration(group(1, "$OrganizationName")), DATA: data(OrganizationName=CONTOSO)}, CONTOSO),
        ({FILE: configuration(group(1)), DATA: data(ApplicationId=OTHER_GUID)}, CONTOSO),
    ],
)
def test_what_may_be_one_tenant_is_taken_and_called_by_a_name(
    tmp_path: Path, files: dict[str, str], said: str | None
) -> None:
    captured = read(plant(tmp_path, files))
    assert (captured.status, captured.error, captured.source_tenant) == ("completed", None, said)


WHOLE = data(TenantId=FABRIKAM)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (WHOLE[:-3], "line 1: the file ends"),
        (WHOLE[: WHOLE.index("NonNode")], "line 1: the file ends"),
        ("", "line 1: it does not begin with @{"),
        (b"\xff\xfe\x00\xd8\x00\x00A\x00B\x00", "the file is not UTF-16"),
        (f"{WHOLE}\n}}", "line 2: something stands behind its hashtable"),
        (WHOLE + WHOLE, "line 1: something stands behind its hashtable"),
        ("@{ NonNodeData = @( @{ TenantId = $Tenant } ) }", "its TenantId is not a text"),
        ("@{ NonNodeData = @( @{ TenantId = @('a', 'b') } ) }", "its TenantId is not a text"),
        ("@{ NonNodeData = @( @{ TenantId = 7 } ) }", "its TenantId is not a text"),
        ("@{ NonNodeData = 'fabrikam.example' }", "its NonNodeData is not a hashtable"),
        ("@{ NonNodeData = @( @{ TenantId = 'a'; tenantid = 'b' } ) }", "line 1: 'tenantid' stands there twice"),
    ],
)
@pytest.mark.parametrize("named", [None, CONTOSO])
def test_a_data_file_that_cannot_be_read_is_not_silent_of_its_tenant(
    tmp_path: Path, record: str | bytes, why: str, named: str | None
) -> None:
    captured = read(plant(tmp_path, {FILE: configuration(group(1, named)), DATA: record}))
    assert (captured.status, captured.source_tenant) == ("partial", named)
    assert captured.error is not None
    assert captured.error.startswith(f"{DATA}: it is not known whose backup this is: {why}")


@pytest.mark.parametrize("name", [DATA, DATA.lower()])
def test_a_linked_data_file_is_not_silent_of_its_tenant(tmp_path: Path, name: str) -> None:
    plant(tmp_path, {FILE: configuration(group(1)), "other.txt": data(TenantId=CONTOSO)})
    (tmp_path / name).symlink_to("other.txt")
    captured = read(tmp_path)
    assert (captured.status, captured.error) == (
        "partial",
        f"{name}: it is not known whose backup this is: it is a symbolic link, which is not followed",
    )
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    assert read(tmp_path).status == "partial"


@pytest.mark.parametrize(
    "record",
    [
        "@{ }",
        "@{ AllNodes = @( @{ NodeName = 'localhost' } ); NonNodeData = @( @{ } ) }",
        "@{ NonNodeData = @() }",
        "@{ NonNodeData = @( @{ SdnApiToken = '***' } ) }\r\n\r\n# end\r\n",
        "@{ NonNodeData = @{ TenantId = ''; OrganizationName = $null } }",
    ],
)
def test_a_data_file_that_names_no_tenant_says_nothing(tmp_path: Path, record: str) -> None:
    captured = read(plant(tmp_path, {FILE: configuration(group(1, None)), DATA: record}))
    assert (captured.status, captured.error, captured.source_tenant) == ("completed", None, None)


def test_the_names_of_one_data_file_are_one_tenants() -> None:
    names = named_in_data({"NonNodeData": {"TenantId": CONTOSO, "OrganizationName": FABRIKAM}}, DATA)
    blocks = [naming for name in (FABRIKAM, CONTOSO, GUID) for naming in named_in_block({"TenantId": name}, FILE)]
    assert several_tenants([*names, *blocks]) is None
    assert tenant_of(names, blocks) == CONTOSO
    assert tenant_of([], []) is None
    assert named_in_data(None, DATA) == []
    with pytest.raises(NotPowerShell, match="not a hashtable"):
        named_in_data({"NonNodeData": [{"Other": 1}, 7]}, DATA)
