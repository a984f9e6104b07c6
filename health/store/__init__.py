"""The facts at rest: opening, reading, writing and migrations, on SQLite and on PostgreSQL."""
