"""`docs/monitoring.md`: its list of series is complete, Prometheus accepts its rules, its commands run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.docs.pages import DOCS, blocks, named_file
from tests.health.making import NOW, a_set, judged
from tui.words.openmetrics import Reading, metrics_text

PAGE = "monitoring.md"
TENANTPILOT = Path(sys.executable).with_name("tenantpilot")
_SERIES = re.compile(r"\btenantpilot_[a-z_]+")


def exposed() -> dict[str, frozenset[str]]:
    """Every series, with the names of its labels."""
    text = metrics_text(Reading([judged(a_set())], NOW, NOW))
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return {family.name: frozenset(family.samples[0].labels) for family in families}


def rules() -> list[dict[str, Any]]:
    """The alert rules."""
    (group,) = yaml.safe_load(named_file(PAGE, "yaml", "tenantpilot-rules.yml"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_the_table_has_every_series_with_its_labels_and_no_other() -> None:
    rows = re.findall(r"^\| `(tenantpilot_\w+)(?:\{([\w,]+)\})?` \|", (DOCS / PAGE).read_text(), re.MULTILINE)
    assert {name: frozenset(filter(None, labels.split(","))) for name, labels in rows} == exposed()


def test_the_rules_ask_for_series_states_and_labels_that_exist() -> None:
    states = {sample.labels["state"] for sample in states_exposed()}
    for rule in rules():
        assert set(_SERIES.findall(rule["expr"])) <= exposed().keys()
        assert set(re.findall(r'state="(\w+)"', rule["expr"])) <= states
        assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= {"tenant", "state"}
        assert rule["labels"]["severity"] in ("critical", "warning")


def states_exposed() -> list[Any]:
    text = metrics_text(Reading([judged(a_set())], NOW, NOW))
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    (family,) = (family for family in families if family.name == "tenantpilot_tenants")
    return list(family.samples)


def test_every_state_but_the_confirmed_one_has_a_rule() -> None:
    asked = {state for rule in rules() for state in re.findall(r'state="(\w+)"', rule["expr"])}
    assert asked == {sample.labels["state"] for sample in states_exposed()} - {"confirmed"}


def test_a_fleet_without_tenants_has_a_rule_that_holds_while_empty() -> None:
    """`check` says unknown, but a day later the rule on lost tenants has forgotten them."""
    (lasting,) = (rule for rule in rules() if rule["expr"] == "sum(tenantpilot_tenants) == 0")
    assert lasting["labels"]["severity"] == "critical"


def test_the_scrape_timeout_is_long_enough_for_a_reading() -> None:
    (job,) = yaml.safe_load(named_file(PAGE, "yaml", "prometheus.yml"))["scrape_configs"]
    (target,) = (target for each in job["static_configs"] for target in each["targets"])
    assert f"--serve {target}" in (DOCS / PAGE).read_text()
    assert job["scrape_timeout"] == "45s"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool, of Debian's package prometheus, is not here")
def test_promtool_accepts_the_rules_and_the_metrics(tmp_path: Path) -> None:
    rules_file = tmp_path / "tenantpilot-rules.yml"
    rules_file.write_text(named_file(PAGE, "yaml", "tenantpilot-rules.yml"))
    subprocess.run(["promtool", "check", "rules", rules_file], check=True, capture_output=True)
    text = metrics_text(Reading([judged(a_set())], NOW, NOW))
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, text=True, check=False, capture_output=True, env=os.environ
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_cron_gets_mail_only_of_problems(sqlite_url: str) -> None:
    (script,) = (text for text in blocks(PAGE, "sh") if text.startswith("said="))
    env = {**os.environ, "PATH": f"{TENANTPILOT.parent}:{os.environ['PATH']}", "TENANTPILOT_DATABASE__URL": sqlite_url}
    ran = subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.startswith("TENANTPILOT UNKNOWN - 0 tenants")
    assert ran.stderr == ""
    quiet = subprocess.run(
        ["sh", "-c", script.replace("tenantpilot check", "true")], capture_output=True, text=True, check=True
    )
    assert quiet.stdout == ""


def test_every_option_that_the_page_names_exists() -> None:
    page = (DOCS / PAGE).read_text()
    known = ""
    for command in ("check", "metrics"):
        known += subprocess.run([TENANTPILOT, command, "--help"], capture_output=True, text=True, check=True).stdout
    named = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", page))
    assert named == {option for option in named if option in known}
