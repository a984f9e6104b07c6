"""Widgets bound to resolver output, never to the database."""
