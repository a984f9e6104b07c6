"""What the command line and the screens both say: wording, columns, durations, safe text, reports, failures."""
