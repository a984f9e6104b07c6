"""Alembic's home: `versions/` has one frozen file a schema version, `upgrade.py` runs them. Nothing else imports it."""
