"""Writes src/mien/server/examples.json: real answers, shown in the OpenAPI document.

Run it again when an answer changes: python tools/server_examples.py
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.server.support.simulated_log import simulated_log
from tests.support.clips import write_face

from mien.samples import ASTRONAUT
from mien.server.access.tokens import TokenFile
from mien.server.app import create_app
from mien.server.openapi import EXAMPLES
from mien.server.settings import ServerSettings

LONGEST = 3
"""Entries of a list that are kept."""


def main() -> None:
    """Ask a server in this process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulated_log(folder / "home.db").close()
        token, _ = TokenFile(folder / "tokens.json").create("ward 3", "admin")
        settings = ServerSettings(
            tokens=str(folder / "tokens.json"), log=str(folder / "home.db"),
            jobs=str(folder / "jobs"),
        )  # fmt: skip
        app = create_app(settings)
        headers = {"Authorization": f"Bearer {token}"}
        with TestClient(app, base_url="http://127.0.0.1:8000", headers=headers) as client:
            asked = {**_of_pictures(client), **_of_videos(client, folder), **_of_log(client)}
    examples = {}
    for operation, answer in asked.items():
        answer.raise_for_status()
        examples[operation] = _short(answer.json())
    for model in ("classifier", "detector"):
        examples["get_models"][model]["card"] = {}
    EXAMPLES.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _of_pictures(client: TestClient) -> dict[str, Any]:
    picture = ASTRONAUT.read_bytes()
    kind = {"Content-Type": "image/jpeg"}
    query = {"name": ASTRONAUT.name}
    return {
        "analyze": client.post("/v1/analyze", params=query, content=picture, headers=kind),
        "get_session": client.get("/v1/session"),
        "get_models": client.get("/v1/models"),
        "alive": client.get("/healthz"),
        "ready": client.get("/readyz"),
    }


def _of_videos(client: TestClient, folder: Path) -> dict[str, Any]:
    clip = write_face(folder / "clip.mp4", 20).read_bytes()
    sent = client.post("/v1/videos", params={"name": "clip.mp4", "fps": 5}, content=clip)
    place = sent.headers["location"]
    while client.get(place).json()["state"] in ("queued", "running"):
        time.sleep(0.1)
    return {
        "send_video": sent,
        "get_videos": client.get("/v1/videos"),
        "get_video": client.get(place),
        "get_people": client.get(f"{place}/people"),
    }


def _of_log(client: TestClient) -> dict[str, Any]:
    persons = "/v1/log/persons"
    consent = {"given_by": "emil himself", "purpose": "to see changes early", "pictures": True}
    alert = client.get("/v1/log/alerts").json()["alerts"][0]["number"]
    at = f"/v1/log/alerts/{alert}"
    recorded = client.get(f"{persons}/bert/sessions").json()["sessions"]
    judged = {"useful": True, "note": "her hip hurt"}
    return {
        "get_log": client.get("/v1/log"),
        "get_changes": client.get("/v1/log/changes"),
        "get_persons": client.get(persons),
        "enrol_person": client.post(persons, json={"pseudonym": "emil"}),
        "give_consent": client.post(f"{persons}/emil/consents", json=consent),
        "withdraw_pictures": client.post(f"{persons}/emil/pictures/withdrawal"),
        "withdraw_consent": client.post(f"{persons}/emil/withdrawal"),
        "get_person": client.get(f"{persons}/anna"),
        "get_sessions": client.get(f"{persons}/anna/sessions"),
        "remove_session": client.delete(f"{persons}/bert/sessions/{recorded[0]['session']}"),
        "get_observations": client.get(f"{persons}/anna/observations", params={"limit": 2}),
        "get_trends": client.get(f"{persons}/anna/trends"),
        "erase_person": client.delete(f"{persons}/emil", headers={"X-Confirm": "emil"}),
        "get_alerts": client.get("/v1/log/alerts"),
        "acknowledge_alert": client.post(f"{at}/acknowledgement", json={"note": "looked in"}),
        "judge_alert": client.post(f"{at}/feedback", json=judged),
        "resolve_alert": client.post(f"{at}/resolution", json={"why": "spoke with her"}),
        "get_audit": client.get("/v1/log/audit", params={"limit": 4}),
    }


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    if not isinstance(value, list):
        return value
    is_long = len(value) > 10 or any(isinstance(one, dict) for one in value)
    return [_short(one) for one in (value[:LONGEST] if is_long else value)]


if __name__ == "__main__":
    main()
