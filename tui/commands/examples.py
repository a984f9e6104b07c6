"""Examples of settings, to begin with (`tenantpilot config --example`)."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final = {
    "sync": """\
# What `tenantpilot sync` imports. `tenantpilot config --check` looks at it, `tenantpilot sync --dry-run` tries it.

[backup_health]
# For nightly runs: 24 hours and the length of a run.
freshness_window = "26h"

# A folder for each tenant under one folder, as IntuneCD writes them.
[sources.nightly]
kind = "intunecd"
path = "/srv/backups/*"
tenant = "{folder}"
# A folder has no clock. The newest file's date counts: only where the tool renews the times of its files.
completed_at = "newest-file"
# A schedule is kept for each tenant, so that a night without a backup is overdue.
cron = "30 2 * * *"
timezone = "Europe/Berlin"

# A git repository for each tenant. A night without a change makes no commit, so it has no cron.
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
# Of the machine that the tool runs on: it writes local times.
timezone = "Europe/London"
""",
}
"""What `--example NAME` prints, by its name."""
