"""The configuration of the demo fleet's tenants: an Intune-like catalogue of policies, apps, scripts and roles."""

from __future__ import annotations

import json
from typing import Final, NamedTuple


class _Kind(NamedTuple):
    """One policy type on one platform, and its objects that a tool captures (separated by `|`)."""

    policy_type: str
    platform: str | None
    odata_type: str
    prefix: str
    topics: str


_KINDS: Final = (
    _Kind(
        "settingsCatalogPolicy",
        "windows10",
        "deviceManagementConfigurationPolicy",
        "WIN - D",
        "BitLocker|Defender Antivirus|Firewall|Attack Surface Reduction|Windows LAPS|Windows Hello for Business|"
        "Edge Baseline|OneDrive Known Folder Move|Office Hardening|Delivery Optimization|Power Management|"
        "Local Group Membership|Credential Guard|Printers|Start Menu|Telemetry|Time Zone|Wi-Fi Sense Off|"
        "Removable Storage|Remote Desktop|App Control|Storage Sense|Lock Screen|Chrome|Windows Security Baseline",
    ),
    _Kind(
        "settingsCatalogPolicy",
        "macOS",
        "deviceManagementConfigurationPolicy",
        "MAC - D",
        "FileVault|Firewall|Gatekeeper|Platform SSO|Defender Antivirus|Software Updates|Login Window|Rosetta|"
        "Microsoft AutoUpdate|Screen Saver|Privacy Preferences|System Extensions",
    ),
    _Kind(
        "settingsCatalogPolicy",
        "iOS",
        "deviceManagementConfigurationPolicy",
        "IOS - D",
        "Passcode|Software Updates|Restrictions|Web Content Filter|Home Screen|Managed Safari|AirDrop",
    ),
    _Kind(
        "deviceConfiguration",
        "windows10",
        "windows10CustomConfiguration",
        "WIN - C",
        "Wi-Fi Corporate|Wi-Fi Guest|VPN Always On|Root Certificate|SCEP Device|SCEP User|Kiosk Reception|"
        "Update Ring Pilot|Update Ring Broad|Update Ring Late|Health Monitoring|Domain Join|Driver Updates",
    ),
    _Kind(
        "deviceConfiguration",
        "androidWorkProfile",
        "androidDeviceOwnerGeneralDeviceConfiguration",
        "AND - C",
        "Wi-Fi Corporate|Restrictions|Root Certificate|SCEP User|Dedicated Device|VPN Per App",
    ),
    _Kind(
        "deviceCompliancePolicy",
        "windows10",
        "windows10CompliancePolicy",
        "WIN - Compliance",
        "Corporate|BYOD|Shared|Privileged Access|Frontline",
    ),
    _Kind(
        "deviceCompliancePolicy", "macOS", "macOSCompliancePolicy", "MAC - Compliance", "Corporate|BYOD|Build Agents"
    ),
    _Kind("deviceCompliancePolicy", "iOS", "iosCompliancePolicy", "IOS - Compliance", "Corporate|BYOD|Shared iPad"),
    _Kind(
        "deviceCompliancePolicy",
        "androidWorkProfile",
        "androidWorkProfileCompliancePolicy",
        "AND - Compliance",
        "Corporate|Work Profile|Dedicated",
    ),
    _Kind("appProtectionPolicy", "iOS", "iosManagedAppProtection", "IOS - U", "App Protection|Edge Protection|Strict"),
    _Kind(
        "appProtectionPolicy",
        "android",
        "androidManagedAppProtection",
        "AND - U",
        "App Protection|Edge Protection|Strict",
    ),
    _Kind(
        "conditionalAccessPolicy",
        None,
        "conditionalAccessPolicy",
        "CA",
        "001 Require MFA for admins|002 Block legacy authentication|003 Require MFA for all users|"
        "004 Require compliant device|005 Block unknown platforms|006 Guests: terms of use|007 Azure management MFA|"
        "008 Sign-in risk|009 User risk|010 Session lifetime unmanaged|011 Block countries|012 Break glass excluded",
    ),
    _Kind(
        "mobileApp",
        "windows10",
        "win32LobApp",
        "App",
        "Company Portal|7-Zip|Adobe Acrobat Reader|Notepad++|Teams|Chrome|Git|Visual Studio Code|VLC|FortiClient|"
        "Zoom|SAP GUI|Citrix Workspace|PowerToys|Dell Command Update|Jabra Direct|Remote Help",
    ),
    _Kind(
        "mobileApp", "iOS", "iosStoreApp", "iOS App", "Outlook|Teams|Authenticator|Company Portal|OneDrive|Edge|Word"
    ),
    _Kind("mobileApp", "macOS", "macOSLobApp", "Mac App", "Company Portal|Office Suite|Edge|Defender|Slack|1Password"),
    _Kind(
        "deviceManagementScript",
        "windows10",
        "deviceManagementScript",
        "PS",
        "Set-TimeZone.ps1|Remove-Bloatware.ps1|Add-CorporateFonts.ps1|Enable-LongPaths.ps1|Map-Printers.ps1|"
        "Rotate-BitLockerKeys.ps1|Set-Wallpaper.ps1|Install-Fonts.ps1",
    ),
    _Kind(
        "deviceShellScript", "macOS", "deviceShellScript", "sh", "rename-device.sh|dock.sh|rosetta.sh|admin-demote.sh"
    ),
    _Kind(
        "deviceEnrollmentConfiguration",
        None,
        "deviceEnrollmentConfiguration",
        "Enrollment",
        "Device limit|Platform restrictions|Windows Hello|Enrollment Status Page|Co-management authority|BYOD allowed",
    ),
    _Kind(
        "windowsAutopilotDeploymentProfile",
        "windows10",
        "azureADWindowsAutopilotDeploymentProfile",
        "Autopilot",
        "User driven|Self deploying|Pre-provisioned|Kiosk",
    ),
    _Kind(
        "assignmentFilter", None, "deviceAndAppManagementAssignmentFilter", "Filter", "Corporate|BYOD|VMs|Surface|Pilot"
    ),
    _Kind("roleScopeTag", None, "roleScopeTag", "Scope tag", "Default|Helpdesk|Plants|Executives|Kiosks"),
    _Kind("roleDefinition", None, "deviceAndAppManagementRoleDefinition", "Role", "Helpdesk L1|Helpdesk L2|Packaging"),
    _Kind(
        "notificationMessageTemplate", None, "notificationMessageTemplate", "Message", "Warning|Final warning|Retired"
    ),
)


class CatalogueEntry(NamedTuple):
    """One object of the catalogue, with the JSON of its full capture."""

    policy_type: str
    display_name: str
    platform: str | None
    file_name: str
    payload: str


def _entry(kind: _Kind, topic: str) -> CatalogueEntry:
    name = f"{kind.prefix} - {topic}"
    settings = [{"id": f"{kind.policy_type}_{topic.lower().replace(' ', '_')}_{n}", "value": n} for n in range(3)]
    payload = {
        "@odata.type": f"#microsoft.graph.{kind.odata_type}",
        "displayName": name,
        "roleScopeTagIds": ["0"],
        "settingCount": len(settings),
        "settings": settings,
    }
    return CatalogueEntry(
        kind.policy_type, name, kind.platform, f"{name}_{kind.odata_type}.json", json.dumps(payload, ensure_ascii=False)
    )


CATALOGUE: Final = tuple(_entry(kind, topic) for kind in _KINDS for topic in kind.topics.split("|"))
"""Every object of the catalogue. No two objects of one policy type have the same name."""
