"""Alembic: `versions/` has one frozen file a schema version; only `upgrade.py` imports Alembic and runs them."""
