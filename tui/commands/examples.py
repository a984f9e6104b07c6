"""Examples of settings, to begin with (`tenantpilot config --example`)."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final = {
    "sync": """\
# What `tenantpilot sync` imports. `tenantpilot config --check` checks it, `tenantpilot sync --dry-run` tries it.

[backup_health]
# For nightly runs: 24 hours plus the length of a run.
freshness_window = "26h"

# One folder with a folder for each tenant, as IntuneCD writes them.
[sources.nightly]
kind = "intunecd"
path = "/srv/backups/*"
tenant = "{folder}"
# The run's end is the date of the newest file. Use this only if the tool renews the times of its files.
completed_at = "newest-file"
# Each tenant gets a schedule, so that a night without a backup is overdue.
cron = "30 2 * * *"
timezone = "Europe/Berlin"

# A git repository for each tenant. It has no cron, because a night without a change makes no commit.
[sources.git]
kind = "intunecd"
path = "/srv/git/*"
tenant = "{folder}"
git = true

# One tenant with a folder of runs.
[sources.contoso]
kind = "tenuvault"
path = "/srv/tenuvault/contoso"
tenant = "contoso.example"
name = "Contoso"
# The time zone of the machine that runs the tool: the tool writes local times.
timezone = "Europe/London"
""",
}
"""The text that `--example NAME` prints, by its name."""
