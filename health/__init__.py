"""What is true about backups: facts in, verdicts out. No screen, no key press, no clock of its own."""
