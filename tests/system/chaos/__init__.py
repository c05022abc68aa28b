"""Harm done on purpose: processes of one group under load, and what happens to them. judge.py says what became of the jobs."""
