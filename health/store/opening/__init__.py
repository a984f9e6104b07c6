"""Addresses, the two drivers, read-only snapshots, deadlines, the version of the schema."""
