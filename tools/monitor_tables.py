"""Write the tables of docs/monitor.md: each is what the command above it prints.

    python tools/monitor_tables.py
    python tools/monitor_tables.py --only rules,worlds

All of them take a few minutes on one core.
"""

from __future__ import annotations

import argparse
import re

from mien.monitor.detection import Chart
from mien.monitor.simulation.compare import studies
from shown_commands import REPO, run

PAGE = REPO / "docs" / "monitor.md"
SIMULATE = "mien monitor simulate --seed 1"
COMMANDS = {
    "rules": f"{SIMULATE} --persons 3000",
    "worlds": f"{SIMULATE} --persons 500 --compare worlds",
    **{name: f"{SIMULATE} --persons 1000 --compare {name}" for name in studies(Chart())},
}
"""Mark of the page → command."""


def main() -> None:
    """Run the commands and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="marks, separated by commas")
    args = parser.parse_args()
    for mark in args.only.split(",") if args.only else COMMANDS:
        command = COMMANDS[mark]
        output = run(command, {})
        body = f"```sh\n{command}\n```\n\n```text\n{output}\n```"
        text = PAGE.read_text("utf-8")
        pattern = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"{PAGE} has no mark {mark}")
        text = pattern.sub(lambda found, body=body: f"{found[1]}{body}\n{found[2]}", text)
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
