"""Findings: problems that an expert would look for beside the verdicts. Each is a pure function over facts.

(docs/doctor.md)
"""
