"""``mien monitor run``: records, checks and sends until it is stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from mien.cli.log.support import of_log, open_, require
from mien.cli.support.detection import recording_options
from mien.cli.support.inputs import check_outputs
from mien.cli.support.numbers import Seconds
from mien.cli.support.printing import complain, say


@click.command()
@of_log
@click.argument("path", metavar="CONFIG.toml")
@click.option(
    "--heartbeat", metavar="FILE",
    help="Write a sign of life there every 10 seconds (default: the key of CONFIG.toml).",
)  # fmt: skip
@click.option("--for", "seconds", type=Seconds(), metavar="TIME", help="Stop after 90 or 1:30:00.")
@recording_options
@click.option("--quiet", "-q", is_flag=True, help="Print no events, only what goes to 'output'.")
@click.pass_context
def run(
    context: click.Context, /, target: str, key_file: str | None, path: str, heartbeat: str | None,
    seconds: float | None, max_pixels: int | None, quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Record, check rules, send and prune until stopped.

    CONFIG.toml names the cameras.

    Start it again whenever it ended, however that was: nothing that was stored is lost, and
    nothing that went is sent again. Ctrl-C and SIGTERM end it cleanly.
    """
    check_outputs(context, ["heartbeat"])
    require()
    from mien.monitor.alerts.checking import unknown_persons
    from mien.monitor.rules.reading import DEFAULTS, load_rules
    from mien.monitor.service.config import load_config
    from mien.monitor.service.run import Service, alone, check_known
    from mien.monitor.service.sources import Means, RecordedSource

    config = load_config(path)
    config = replace(config, heartbeat=heartbeat or config.heartbeat)
    check_outputs(context, (), [config.heartbeat] if config.heartbeat else [])
    rules = load_rules(config.rules or DEFAULTS)
    with alone(path), open_(target, key_file) as log:
        check_known(log, config)  # before the networks are loaded
        from mien.log.sessions import setup_maker
        from mien.pipeline import Recognizer

        recognizer = Recognizer(max_pixels=max_pixels, **options)
        setup = setup_maker(recognizer, options)
        means = Means(log, recognizer, setup, max_pixels)
        note = (lambda text: None) if quiet else complain
        for problem in unknown_persons(log, rules):
            note(problem)
        sources = [RecordedSource(one, means, config.zone, note) for one in config.sources]
        Service(log, config, rules, sources, note=note, print_line=say).run(seconds)
