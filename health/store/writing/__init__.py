"""Tables, transactions, recorded runs, the roster, pruning, administration."""
