"""``mien`` and ``python -m mien``."""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Run the command line; Ctrl-C ends it on one line from here on, while it still imports."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    from mien.cli.app import main as run

    run()


def _stop(number: int, _: object) -> None:
    os.write(2, b"mien: stopped\n")
    os._exit(128 + number)


if __name__ == "__main__":
    main()
