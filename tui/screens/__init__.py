"""One file a screen (`design.md` 8)."""
