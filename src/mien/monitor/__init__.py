"""A person against their own earlier weeks: day values, baselines, charts, rules and alerts.

Everything here is arrays and small dataclasses; what is recorded, and where, is not its business.
"""
