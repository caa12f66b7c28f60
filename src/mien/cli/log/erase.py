"""``mien log erase``: removes a person."""

from __future__ import annotations

import click

from mien.cli.log.support import of_log, open_
from mien.cli.support.printing import complain, say, say_json


@click.command()
@of_log
@click.argument("pseudonym")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the certificate as JSON.")
def erase(target: str, key_file: str | None, pseudonym: str, yes: bool, as_json: bool) -> int:
    """Remove a person and all that was recorded of them.

    Prints a certificate. The file is rewritten. Exports and backups that were made before are not
    reached.
    """
    with open_(target, key_file) as log:
        from dataclasses import asdict

        from mien.log import erasing, queries

        queries.person(log, pseudonym)  # a name that is wrong needs no question
        if not yes and not click.confirm(f"Remove {pseudonym} and everything recorded?", err=True):
            complain("nothing was removed")
            return 1
        certificate = erasing.erase(log, pseudonym)
    if as_json:
        say_json(asdict(certificate))
    else:
        say(*certificate.lines())
    return 0
