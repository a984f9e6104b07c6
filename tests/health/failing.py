"""One tenant's cause, from its stored sets."""

from __future__ import annotations

from health.causes import FailingSet, TenantCause, causes_of
from health.facts import BackupSet
from health.posture import TenantBackupHealth


def failing_set(backup_set: BackupSet) -> FailingSet | None:
    """A set as a cause; None if it is deleted or has no error. An empty error counts as an error."""
    if backup_set.deleted_at is not None or backup_set.error is None:
        return None
    happened_at = backup_set.completed_at or backup_set.started_at or backup_set.created_at
    return FailingSet(backup_set.id, backup_set.error, happened_at)


def cause_of(health: TenantBackupHealth, newest: FailingSet | None) -> TenantCause | None:
    """A tenant's cause, from its newest set with an error; None for a tenant without a reason."""
    return next(causes_of([health], {} if newest is None else {health.tenant.id: newest}), None)
