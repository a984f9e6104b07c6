"""Addresses, drivers and engines, deadlines, the version of the schema."""
