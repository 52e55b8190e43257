"""Every recipe of both papers beside the base and the rows that need no model: one table, made in as many sittings as
it takes. Run with `python -m benchmarks.students`; `--help` says how to make a part of it.
"""
