"""A person against their own earlier weeks: day values, baselines, charts, rules and alerts.

What is computed is functions of arrays and small dataclasses. The log is read in ``from_log``, and
alerts are stored and sent in ``alerts``.
"""
