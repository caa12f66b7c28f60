from __future__ import annotations

from dataclasses import fields
from datetime import time
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the 'log' extra")

from mien.errors import ConfigError, OutputError
from mien.log.shown import Region
from mien.log.times import Zone
from mien.monitor.service.config import MonitorConfig, load_config, read_config

SOURCE = "[[source]]\nname = 'kitchen'\ncamera = '0'\npersons = ['anna']\n"


def read(text: str) -> MonitorConfig:
    return read_config(text, "c.toml")


def test_a_configuration() -> None:
    found = read(
        "[monitor]\nrules = 'r.toml'\ntimezone = 'Europe/Berlin'\ncheck_at = '07:15'\n"
        "check_minutes = 2\n[[source]]\nname = 'kitchen'\ncamera = 'rtsp://u:p@host/live'\n"
        "persons = ['anna@0,0,0.5,1', 'ben@0.5,0,1,1']\nfps = 5\nplace = 'downstairs'\n"
        + SOURCE.replace("kitchen", "hall")
    )
    assert (found.rules, found.judges_at, found.check_minutes) == ("r.toml", time(7, 15), 2)
    kitchen, hall = found.sources
    assert kitchen.shown == {"anna": Region(0, 0, 0.5, 1), "ben": Region(0.5, 0, 1, 1)}
    wish = kitchen.wish(frozenset({"ben"}), Zone("UTC"), None)
    assert wish.persons == {"ben": Region(0.5, 0, 1, 1)}
    assert (wish.place, wish.fps, wish.kind) == ("downstairs", 5, "camera")
    wish = hall.wish(frozenset({"anna"}), Zone("UTC"), None)
    assert (wish.place, wish.fps) == ("hall", None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "needs 1 to 64 tables"),
        (SOURCE * 65, "needs 1 to 64 tables"),
        ("source = 3", "each source is a table"),
        ("sources = 3", "did you mean 'source'"),
        (f"monitor = 3\n{SOURCE}", r"monitor is a table \[monitor\]"),
        (f"[monitor]\nsources = []\n{SOURCE}", r"each source a \[\[source\]\]"),
        (f"[monitor]\ncheck_ad = '08:00'\n{SOURCE}", "did you mean 'check_at'"),
        (f"[monitor]\ncheck_at = '8:00'\n{SOURCE}", "check_at must be a time such as 08:30"),
        (f"[monitor]\ncheck_minutes = 0\n{SOURCE}", "check_minutes must be from 0.01 to 60"),
        (f"[monitor]\ntimezone = 'Mars'\n{SOURCE}", "unknown time zone 'Mars'"),
        (f'[monitor]\nheartbeat = "a\\u0000"\n{SOURCE}', "must name files"),
        (SOURCE + "fsp = 3", r"source 1 \(kitchen\): unknown key 'fsp': did you mean 'fps'"),
        (SOURCE + "fps = -1", "fps must be from 0 to 1000"),
        (SOURCE + "fps = nan", "fps"),
        (SOURCE.replace("'0'", "'talk.mp4'"), "is not a camera"),
        (SOURCE.replace("'0'", "0"), "camera"),
        (SOURCE.replace("['anna']", "[]"), "at least one person"),
        (SOURCE.replace("['anna']", "['anna', 'anna@0,0,1,1']"), "each person once"),
        (SOURCE.replace("['anna']", "['anna', 'ben']"), "need a part of the picture each"),
        (SOURCE.replace("['anna']", "['anna@0,0,2,1']"), "is not a part of the picture"),
        (SOURCE.replace("name = 'kitchen'", ""), "name must be printable text"),
        (SOURCE + SOURCE, "two sources have the name 'kitchen'"),
        (SOURCE + SOURCE.replace("kitchen", "hall"), "two sources have the camera;"),
    ],
)
def test_errors_say_where_and_take_one_line(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as error:
        read(text)
    assert str(error.value).startswith("c.toml") and "\n" not in str(error.value)


def test_a_password_is_in_no_error() -> None:
    hidden = SOURCE.replace("'0'", "'rtsp://user:secret@host/a b'")
    with pytest.raises(ConfigError, match="spaces") as error:
        read(hidden)
    assert "secret" not in str(error.value)
    twice = SOURCE.replace("'0'", "'rtsp://user:secret@host/'")
    with pytest.raises(ConfigError) as error:
        read(twice + twice.replace("kitchen", "hall"))
    assert "secret" not in str(error.value)


def test_a_heartbeat_overwrites_no_input(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(f"[monitor]\nheartbeat = '{path}'\n{SOURCE}")
    with pytest.raises(OutputError):
        load_config(path)
    with pytest.raises(ConfigError, match="cannot read the configuration"):
        load_config(tmp_path / "none.toml")


def test_the_documented_configuration_and_unit() -> None:
    root = Path(__file__).parents[3]
    blocks = (root / "docs" / "monitor.md").read_text().split("```toml\n")[1:]
    (shown,) = [text for block in blocks if "[[source]]" in (text := block.partition("```")[0])]
    found = read(shown)
    assert [one.name for one in found.sources] == ["kitchen", "hall"]
    keys = {line.partition(" = ")[0] for line in shown.splitlines() if " = " in line}
    assert {f.name for f in fields(MonitorConfig)} - {"sources"} <= keys
    for file in ("mien-monitor.service", "Containerfile"):
        text = (root / "packaging" / file).read_text()
        assert "run" in text and "/etc/mien/monitor.toml" in text and "/var/lib/mien" in text
