"""Benchmarks: `python -m bench` builds fleets, measures the budgets and prints one table (docs/budgets.md, "Budgets").

Every figure that depends on the machine is a ratio to a floor, measured in the same run.
"""
