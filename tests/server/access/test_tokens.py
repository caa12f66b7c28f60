from __future__ import annotations

import getpass
import hashlib
import json
import os
import stat
import time
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")

from mien.errors import ConfigError, InputError, OutputError
from mien.server.access.tokens import TOKENS, TokenFile, default_path


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "settings" / "tokens.json")


def test_only_the_hash_is_kept_and_only_the_owner_reads_it(tokens: TokenFile) -> None:
    text, entry = tokens.create("ward 3", "watch")
    content = tokens.path.read_text()
    assert text.startswith("mien_") and text not in content and text[5:] not in content
    assert hashlib.sha256(text.encode()).hexdigest() in content
    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(tokens.path.parent.stat().st_mode) == 0o700
    assert tokens.find(text) == entry and entry.who.role == "watch"


def test_a_wrong_token_is_not_found(tokens: TokenFile) -> None:
    text, _ = tokens.create("a", "admin")
    for wrong in ("", "mien_", text[:-1], text + "x", text.lower(), text.encode().hex(), "\ud800"):
        assert tokens.find(wrong) is None


def test_another_process_creates_and_revokes(tokens: TokenFile) -> None:
    other = TokenFile(tokens.path)
    text, entry = other.create("a", "care")
    assert tokens.find(text) == entry and tokens.holds(entry)
    assert other.revoke(entry.id) == entry
    assert tokens.find(text) is None and not tokens.holds(entry)


def test_a_token_expires(tokens: TokenFile, monkeypatch: pytest.MonkeyPatch) -> None:
    text, entry = tokens.create("a", "care", days=1)
    assert tokens.find(text) == entry
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 86401)
    assert tokens.find(text) is None and not tokens.holds(entry)


def test_names_and_roles_are_checked(tokens: TokenFile) -> None:
    tokens.create("a", "care")
    for name, role in (("", "care"), ("a\n", "care"), ("x" * 65, "care"), (" a", "care"),
                       ("b", "none"), ("b", "root"), ("a", "watch"),
                       ("This machine", "care"), (getpass.getuser(), "care")):  # fmt: skip
        with pytest.raises(InputError):
            tokens.create(name, role)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="'a'"):
        tokens.revoke("b")


@pytest.mark.parametrize("content", [
    "", "{", "[]", '{"tokens": 1}', '{"tokens": [1]}', '{"tokens": [{"id": "a"}]}',
    json.dumps({"tokens": [{"id": "a", "name": "a", "role": "none", "sha256": "0" * 64,
                            "created": 1}]}),
    json.dumps({"tokens": [{"id": "a", "name": "a", "role": "admin", "sha256": "short",
                            "created": 1}]}),
])  # fmt: skip
def test_a_damaged_file_lets_nobody_in(tokens: TokenFile, content: str) -> None:
    text, _ = tokens.create("a", "admin")
    tokens.path.write_text(content)
    for _ in range(2):
        with pytest.raises(ConfigError, match="file of tokens"):
            tokens.find(text)


def test_a_file_that_others_may_write_lets_nobody_in(tokens: TokenFile) -> None:
    text, _ = tokens.create("a", "admin")
    tokens.path.chmod(0o620)
    with pytest.raises(ConfigError, match="chmod 600"):
        TokenFile(tokens.path).find(text)


def test_it_is_in_the_folder_of_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(TOKENS, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_path() == tmp_path / "mien" / "tokens.json"
    monkeypatch.setenv(TOKENS, "/elsewhere/file")
    assert default_path() == Path("/elsewhere/file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError):
        TokenFile(tmp_path / "a" / "tokens.json").create("a", "care")
