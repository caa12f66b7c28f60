"""Writes src/mien/server/examples.json: real answers, shown in the OpenAPI document.

Run it again when an answer changes: python tools/server_examples.py
"""

from __future__ import annotations

import json
import tempfile
from typing import Any

from fastapi.testclient import TestClient

from mien.samples import ASTRONAUT
from mien.server.app import create_app
from mien.server.openapi import EXAMPLES
from mien.server.settings import ServerSettings

LONGEST = 4
"""Entries of a list that are kept."""


def main() -> None:
    """Ask a server in this process."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(ServerSettings(tokens=f"{folder}/tokens.json"))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            picture = ASTRONAUT.read_bytes()
            asked = {
                "analyze": client.post(
                    "/v1/analyze",
                    params={"name": ASTRONAUT.name},
                    content=picture,
                    headers={"Content-Type": "image/jpeg"},
                ),
                "get_session": client.get("/v1/session"),
                "get_models": client.get("/v1/models"),
                "alive": client.get("/healthz"),
                "ready": client.get("/readyz"),
            }
    examples = {}
    for name, answer in asked.items():
        answer.raise_for_status()
        examples[name] = answer.json()
    for model in ("classifier", "detector"):
        examples["get_models"][model]["card"] = {}
    examples["get_models"] = _short(examples["get_models"])
    EXAMPLES.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    return value[:LONGEST] if isinstance(value, list) and len(value) > 10 else value


if __name__ == "__main__":
    main()
