"""The facts at rest: tables, engines, statements, writing and migrations, on SQLite and on PostgreSQL."""
