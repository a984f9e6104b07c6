"""Open a database: addresses, the two drivers, read-only snapshots, deadlines, the schema's version."""
