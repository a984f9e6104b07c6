"""Verdicts about backups, made from facts. No screens and no keys here, and nothing here asks a clock."""
