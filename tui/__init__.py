"""The `tenantpilot` command and its screens. They use `health`, which decides the verdicts."""

__version__ = "0.1.0"
