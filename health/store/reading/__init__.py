"""Read facts: predicates, statements, rows to facts, one snapshot, one held connection."""
