"""Write facts: tables, transactions, recorded runs, the roster, pruning, administration."""
