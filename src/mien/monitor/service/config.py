"""What a service records, and when it checks, in TOML: ``[[source]]`` tables and one ``[monitor]``.

Each key is a field of the same name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any

from mien.errors import ConfigError, brief, did_you_mean
from mien.log.recording import Wish
from mien.log.shown import Region, check_regions, parse_persons
from mien.log.times import Zone
from mien.media.camera.address import camera_of
from mien.monitor.local_time import zone
from mien.monitor.rules.config import within
from mien.monitor.rules.tables import made_of, name_of
from mien.overwriting import check_apart
from mien.parsing import MOST_TOML, parse_toml
from mien.reading import read_file

MOST_SOURCES = 64
TABLES = ("monitor", "source")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """A camera, and whom it shows."""

    name: str
    """What messages and the heartbeat call it."""
    camera: str
    """A webcam's number, or the address of a network camera."""
    persons: tuple[str, ...]
    """``anna``, or ``anna@x1,y1,x2,y2`` for a part of the picture."""
    place: str = ""
    """Where it stands (default: its name): values of two places are not compared."""
    fps: float = 0.0
    """Analyse at most so many frames a second; 0: all."""
    detect_every: int = 1
    """As of ``Recognizer.watch``."""
    classify_every: float = 0.0
    """As of ``Recognizer.watch``."""
    keep_readings: bool = False
    keep_pictures: bool = False
    """Pictures of the persons too, unencrypted (``mien.log.pictures``)."""

    def check(self) -> None:
        """Raise ``ValueError`` or ``ConfigError`` with the reason if a value is wrong."""
        camera_of(self.camera)
        within(self, "fps", 0, 1000)
        within(self, "detect_every", 1, 1000)
        within(self, "classify_every", 0, 60)
        if not self.persons:
            raise ValueError("persons must name at least one person")
        check_regions(self.shown)

    @property
    def shown(self) -> dict[str, Region | None]:
        """Pseudonym → place in the picture."""
        return parse_persons(self.persons)

    def wish(self, persons: frozenset[str], local: Zone, max_pixels: int | None) -> Wish:
        """What is recorded while the consent of ``persons`` is in force."""
        shown = {name: region for name, region in self.shown.items() if name in persons}
        return Wish(
            self.camera, shown, zone=local, place=self.place or self.name, fps=self.fps or None,
            detect_every=self.detect_every, classify_every=self.classify_every,
            keep_readings=self.keep_readings, keep_pictures=self.keep_pictures,
            max_pixels=max_pixels,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorConfig:
    """The table ``[monitor]``, and the sources."""

    sources: tuple[SourceConfig, ...] = ()
    rules: str = ""
    """A file of rules (default: those that ship with Mien)."""
    timezone: str = ""
    """Of local days and times (default: this machine's)."""
    check_at: str = "08:30"
    """The local time from which complete days are judged, once a day."""
    check_minutes: float = 5.0
    """Between two checks of the rules that look at the moment, and two attempts to send."""
    heartbeat: str = ""
    """A file that says every few seconds that the process lives, and how its sources are."""

    def check(self) -> None:
        """Raise ``ValueError`` or ``ConfigError`` with the reason if a value is wrong."""
        within(self, "check_minutes", 0.01, 60)
        if not _TIME.fullmatch(self.check_at):
            raise ValueError(f"check_at must be a time such as 08:30, got {brief(self.check_at)}")
        if self.timezone:
            zone(self.timezone)
        if "\0" in self.rules + self.heartbeat:
            raise ValueError("rules and heartbeat must name files")

    @property
    def judges_at(self) -> time:
        """``check_at``."""
        return time.fromisoformat(self.check_at)

    @property
    def zone(self) -> Zone:
        """Of the log."""
        return Zone(self.timezone or None)


def load_config(path: str | Path) -> MonitorConfig:
    """The configuration in a TOML file. Raises ``ConfigError``, ``OutputError``."""
    try:
        text = read_file(path, MOST_TOML)
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from None
    found = read_config(text, str(path))
    if found.heartbeat:
        check_apart([found.heartbeat], [path, *([found.rules] if found.rules else [])])
    return found


def read_config(text: bytes | str, where: str) -> MonitorConfig:
    """The configuration in a TOML text; ``where`` begins the messages of errors."""
    try:
        values = parse_toml(text)
    except ValueError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}") from None
    tables, monitor = values.pop("source", []), values.pop("monitor", {})
    if values:
        key = next(iter(values))
        raise ConfigError(f"{where}: unknown table {brief(key)}: {did_you_mean(key, TABLES, '')}")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{where}: each source is a table [[source]]")
    if not 1 <= len(tables) <= MOST_SOURCES:
        raise ConfigError(f"{where}: it needs 1 to {MOST_SOURCES} tables [[source]]")
    if not isinstance(monitor, dict) or "sources" in monitor:
        raise ConfigError(f"{where}: monitor is a table [monitor], and each source a [[source]]")
    sources = tuple(_source(table, f"{where}, source {n}") for n, table in enumerate(tables, 1))
    for key, all_of in (
        ("name", [one.name for one in sources]), ("camera", [one.camera for one in sources]),
    ):  # fmt: skip
        if twice := next((one for one in all_of if all_of.count(one) > 1), None):
            shown = "" if key == "camera" else f" {brief(twice)}"  # it may hold a password
            raise ConfigError(f"{where}: two sources have the {key}{shown}; give each one its own")
    return made_of(MonitorConfig, monitor, f"{where}, monitor", sources=sources)


def _source(table: dict[str, Any], where: str) -> SourceConfig:
    where = f"{where} ({name_of(table, where)})"
    try:
        return made_of(SourceConfig, table, where)
    except ConfigError as error:
        text = str(error)
        raise ConfigError(text if text.startswith(where) else f"{where}: {text}") from None
