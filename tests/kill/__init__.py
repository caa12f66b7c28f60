"""Kills every command that writes, at random moments, and fills its disk.

``make kill`` runs both and prints a table; ``python -m tests.kill --help`` has the options. A fault
is a torn file under its final name, a half line, an unfinished file that stays after the next run,
or a run after the kill that fails or gives something else than an undisturbed one.
"""
