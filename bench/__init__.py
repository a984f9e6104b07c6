"""Benchmarks: `python -m bench` builds fleets, measures the budgets of `design.md` 10 and prints one table.

Every figure that depends on the machine is a ratio to a floor that was measured in the same run.
"""
