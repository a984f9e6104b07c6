"""What an expert would look for beside the verdicts: findings, each a pure function over facts (docs/doctor.md)."""
