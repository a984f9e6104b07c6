"""The demo fleet: invented tenants, their backups dated relative to an instant. Start with `fleet.py`."""
