"""The demo fleet: invented tenants whose backups are told relative to an instant; `fleet.py` is the door."""
