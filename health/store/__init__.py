"""The database of the facts: opening, reading, writing and migrations, on SQLite and on PostgreSQL."""
