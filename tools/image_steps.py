"""Runs the steps of a target of packaging/images.Containerfile in a clean folder, without Docker.

    python tools/image_steps.py [--target server] [--folder DIR]

RUN, COPY and ENV are done with the paths of the image below the folder; steps that make users are
left out, and the command runs as an own user where this process is root. For a server, its command
is started on a free port in a state folder of its own, HEALTHCHECK must succeed, and it must end
on SIGTERM. Packages come from pip's index.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[1]
FILE = REPO / "packaging/images.Containerfile"
PATHS = ("/opt/mien", "/src", "/var/lib/mien")
USER = 10001


def main() -> None:
    """Run the steps; the exit status is 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="server")
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="mien-image-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    steps = chain(read(FILE.read_text()), args.target)
    for path in PATHS:
        (folder / path[1:]).mkdir(parents=True, exist_ok=True)
    settings: dict[str, object] = {"ENV": {}}
    for word, rest in steps:
        if word == "COPY" and not rest.startswith("--from"):
            copy_sources(folder / "src")
        elif word == "RUN" and "useradd" not in rest:
            run(placed(rest, folder))
        elif word == "ENV":
            settings["ENV"] = dict(pair.split("=", 1) for pair in placed(rest, folder).split())
        elif word in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
            settings[word] = rest
    if args.target != "core":
        sys.exit(start(folder, settings))
    command = json.loads(placed(str(settings["ENTRYPOINT"]), folder))
    photo = REPO / "src/mien/samples/astronaut.jpg"
    subprocess.run([*command, "analyze", str(photo)], check=True)


def read(text: str) -> dict[str, list[tuple[str, str]]]:
    """Stage → its instructions, the first one ``FROM``."""
    stages: dict[str, list[tuple[str, str]]] = {}
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    name = ""
    for line in filter(None, map(str.strip, lines)):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            name = rest.rpartition(" AS ")[2]
            stages[name] = []
        stages[name].append((word, rest))
    return stages


def chain(stages: dict[str, list[tuple[str, str]]], target: str) -> list[tuple[str, str]]:
    """The instructions of a stage, after those of the stages that it is built from."""
    steps: list[tuple[str, str]] = []
    for word, rest in stages[target]:
        source = rest.split(" AS ")[0] if word == "FROM" else ""
        if match := re.match(r"--from=(\w+)", rest):
            source = match[1]
        if source in stages:
            steps += [step for step in chain(stages, source) if step not in steps]
        steps.append((word, rest))
    return steps


def placed(text: str, folder: Path) -> str:
    """``text`` with the image's paths below ``folder``, and this Python in place of its own."""
    for path in PATHS:
        text = re.sub(rf"(?<![\w/]){path}(?=[/'\[\" ]|$)", f"{folder}{path}", text)
    return re.sub(r"^python ", f"{sys.executable} ", text)


def copy_sources(place: Path) -> None:
    """What git has, as it is in the working tree."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO, check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, names.split("\0")):
        if (REPO / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, place / name)


def run(command: str) -> None:
    """One step, without this process's Python paths."""
    print("$", command, flush=True)
    subprocess.run(["sh", "-ec", command], check=True, env=clean({}))


def clean(more: dict[str, str]) -> dict[str, str]:
    """An environment with nothing of this process's Python."""
    kept = ("PATH", "HOME", "LANG", "PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE", "HTTPS_PROXY")
    return {name: os.environ[name] for name in kept if name in os.environ} | more


def start(folder: Path, settings: dict[str, object]) -> int:
    """0 if the server starts as its user, is healthy and ends on a signal."""
    state = folder / "var/lib/mien"
    mien = json.loads(placed(str(settings["ENTRYPOINT"]), folder))
    environment = clean({**settings["ENV"], "HOME": "/nonexistent"})  # type: ignore[dict-item]
    own: dict[str, Any] = {"cwd": state, "env": environment}
    if os.geteuid() == 0:
        shutil.rmtree(folder / "src", ignore_errors=True)
        user = {"user": USER, "group": USER, "extra_groups": []}
        try:
            subprocess.run([*mien, "--version"], check=True, capture_output=True, **user)
        except PermissionError:
            print("run as root: this Python is in a folder that other users may not enter")
        else:
            os.chown(state, USER, USER)
            own |= user
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    subprocess.run([*mien, "serve", "token", "create", "owner"], check=True, **own)
    command = [*mien, *json.loads(str(settings["CMD"])), "--port", str(port)]
    print("$", *command, flush=True)
    server = subprocess.Popen(command, **own)
    check = "[" + placed(str(settings["HEALTHCHECK"]), folder).partition("[")[2]
    asked = json.loads(check.replace("127.0.0.1:8000", f"127.0.0.1:{port}"))
    healthy = False
    try:
        for _ in range(100):
            time.sleep(0.3)
            if healthy := subprocess.run(asked, capture_output=True, **own).returncode == 0:
                break
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait(20)
    print("healthy:", healthy, "exit status after SIGTERM:", status)
    return 0 if healthy and status == 143 else 1


if __name__ == "__main__":
    main()
