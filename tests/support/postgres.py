"""A real PostgreSQL server for the tests of the log, from Debian's package or PyPI's pgserver."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ABSENT = "no PostgreSQL server: apt-get install postgresql, or pip install pgserver"


def binaries() -> Path | None:
    """The folder of ``initdb`` and ``postgres``."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    spec = find_spec("pgserver")
    if spec is not None and spec.origin is not None:
        folders.insert(0, Path(spec.origin).parent / "pginstall" / "bin")
    return next((one for one in reversed(folders) if (one / "initdb").exists()), None)


@contextmanager
def server(bin_: Path) -> Iterator[Callable[..., str]]:
    """Serve on a socket in a temporary folder; name → address of a new database, empty or a copy
    of the one that is named second."""
    folder = Path(tempfile.mkdtemp(prefix="mien-pg-"))
    become = _other_user(folder) if os.geteuid() == 0 else {}
    data = folder / "data"

    def run(*args: object) -> None:
        subprocess.run(list(map(str, args)), check=True, capture_output=True, cwd=folder, **become)

    try:
        run(bin_ / "initdb", "-D", data, "-U", "mien", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run(bin_ / "pg_ctl", "-D", data, "-o", options, "-l", folder / "server.log", "-w", "start")

        def address(name: str, template: str = "template0") -> str:
            create = f"CREATE DATABASE {name} TEMPLATE {template}"
            run(bin_ / "psql", "-h", folder, "-U", "mien", "postgres", "-c", create)
            return f"postgresql://mien@/{name}?host={folder}"

        yield address
    finally:
        if data.exists():
            stop = [bin_ / "pg_ctl", "-D", data, "-m", "immediate", "stop"]
            subprocess.run(stop, check=False, capture_output=True, cwd=folder, **become)
        shutil.rmtree(folder, ignore_errors=True)


def _other_user(folder: Path) -> dict[str, object]:
    """PostgreSQL refuses to run as root."""
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return {}
