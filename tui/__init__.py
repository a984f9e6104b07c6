"""What is seen: the `tenantpilot` command and its screens, standing on `health`, which decides what is true."""

__version__ = "0.1.0"
