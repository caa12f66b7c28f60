"""The folder of a job: its settings, manifest, and the files of its shards.

::

    job.json                    settings, hashes of the weights, sources
    manifest.arrow              every input
    shards/000000.parquet       faces of a shard
    shards/000000.inputs.parquet  its inputs: hashes, sizes, numbers of faces, errors
    crops/000000.tar            with crops: each face as JPEG
    shards/000000.json          numbers, and hashes of these files; written last: the shard is done
    timings.jsonl               when which shard was done, how fast, and its slowest inputs
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from mien.errors import ConfigError, brief
from mien.files import make_folder, output_error, write_whole
from mien.journal import Journal
from mien.parsing import parse_json
from mien.reading import read_file
from mien.scale.answers import Answers, parquet_bytes, read_parquet
from mien.scale.manifest import Manifest
from mien.scale.settings import Settings
from mien.scale.shards import Shard, divide, fingerprint
from mien.scale.tar import tar_bytes

_FORMAT = "mien corpus, 1"


class Job:
    """An existing job. Raises ``ConfigError`` for a folder that is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "job.json"
        try:
            facts = parse_json(read_file(path, 1 << 24))
            if facts["format"] != _FORMAT:
                raise ValueError("it is of another version")
            self.request: dict[str, Any] = facts["request"]
            self.sources: list[str] = facts["sources"]
            self.settings = Settings(
                **{name: value for name, value in self.request.items() if name != "weights"}
            )
        except FileNotFoundError:
            raise ConfigError(
                f"{str(folder)!r} is no folder of 'mien corpus run': give that of its --out"
            ) from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ConfigError(
                f"{str(path)!r} cannot be used ({brief(str(error))}): give another folder"
            ) from None

    @classmethod
    def create(cls, folder: Path, settings: Settings, sources: Sequence[str]) -> Job:
        """A new job, or the one that is there if its settings and weights are the same.

        Raises ``ConfigError``, which names what differs, and for a folder of something else.
        """
        request = cls.request_of(settings)
        if (folder / "job.json").exists():
            job = cls(folder)
            job.check_same(request)
            return job
        make_folder(folder)
        others = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
        if others:
            raise ConfigError(
                f"{str(folder)!r} holds other files, such as {others[0]!r}: give a new folder"
            )
        facts = {"format": _FORMAT, "request": request, "sources": list(sources)}
        write_whole(folder / "job.json", json.dumps(facts, indent=1).encode() + b"\n")
        return cls(folder)

    @staticmethod
    def request_of(settings: Settings) -> dict[str, Any]:
        """Settings and hashes of weights, as they are kept."""
        request: dict[str, Any] = json.loads(json.dumps(settings.request()))
        return request

    def check_same(self, request: Mapping[str, Any]) -> None:
        """Raise ``ConfigError`` where a setting or the weights are others."""
        if request == self.request:
            return
        names = [name for name in request if request[name] != self.request.get(name)]
        name = next((name for name in names if name != "weights"), "")
        if name:
            before, now = brief(self.request.get(name)), brief(request[name])
            what = f"{name} was {before} and is {now}"
        else:
            then = self.request.get("weights", {})
            weights = request["weights"]
            which = next((key for key in weights if weights[key] != then.get(key)), "a model")
            what = f"the weights of {which!r} have changed"
        raise ConfigError(
            f"{str(self.folder)!r} is of another job ({what}): give that again, or another folder"
        )

    @property
    def manifest_path(self) -> Path:
        """Of the manifest, which need not be there yet."""
        return self.folder / "manifest.arrow"

    @cached_property
    def manifest(self) -> Manifest:
        """Raises ``ConfigError`` where there is none yet."""
        if not self.manifest_path.exists():
            raise ConfigError(
                f"{str(self.folder)!r} has no manifest yet: give its 'mien corpus run' again"
            )
        return Manifest(self.manifest_path)

    @cached_property
    def shards(self) -> list[Shard]:
        """All, in the order of the manifest."""
        return divide(self.manifest, self.settings.shard_size)

    @cached_property
    def timings(self) -> Journal:
        """One object a finished shard."""
        return Journal(self.folder / "timings.jsonl")

    def past(self) -> Iterator[dict[str, Any]]:
        """The timings so far; what is damaged is left out."""
        try:
            yield from (each for each in self.timings.read() if isinstance(each, dict))
        except ValueError:
            return

    def faces_path(self, shard: Shard) -> Path:
        """Of the shard's faces."""
        return self.folder / "shards" / f"{shard.name}.parquet"

    def inputs_path(self, shard: Shard) -> Path:
        """Of the shard's inputs."""
        return self.folder / "shards" / f"{shard.name}.inputs.parquet"

    def crops_path(self, shard: Shard) -> Path:
        """Of the crops of the shard's faces."""
        return self.folder / "crops" / f"{shard.name}.tar"

    def facts_path(self, shard: Shard) -> Path:
        """Of what is kept of a shard that is done."""
        return self.folder / "shards" / f"{shard.name}.json"

    def facts(self, shard: Shard) -> dict[str, Any] | None:
        """What is kept of a shard that is done: numbers of ``inputs``, ``failed`` and ``faces``.

        ``files`` has the hash of each of its files, by the path in the folder. ``None`` for a shard
        that is not done, or whose inputs were listed otherwise.
        """
        try:
            facts = parse_json(read_file(self.facts_path(shard), 1 << 16))
        except (OSError, ValueError):
            return None
        ours = isinstance(facts, dict) and facts.get("listed") == self.fingerprint(shard)
        return facts if ours else None

    def fingerprint(self, shard: Shard) -> str:
        """Of how the shard's inputs are listed."""
        return fingerprint(self.manifest.inputs(shard.start, shard.stop))

    def answers(self, shard: Shard) -> Answers:
        """The tables of a shard that is done. Raises ``ConfigError`` where they are damaged."""
        return Answers(read_parquet(self.faces_path(shard)), read_parquet(self.inputs_path(shard)))

    def write(self, shard: Shard, answers: Answers) -> dict[str, Any]:
        """Write the files of a shard, each whole or not at all; its facts.

        Those are the last file: until then the shard is not done. Raises ``OutputError``.
        """
        files = {
            self.inputs_path(shard): parquet_bytes(answers.inputs),
            self.faces_path(shard): parquet_bytes(answers.faces),
        }
        if self.settings.crops:
            files[self.crops_path(shard)] = tar_bytes(answers.crops)
        facts = {
            "shard": shard.number, "listed": self.fingerprint(shard), "inputs": len(answers.inputs),
            "failed": answers.failed, "faces": len(answers.faces),
            "files": {
                path.relative_to(self.folder).as_posix(): hashlib.sha256(data).hexdigest()
                for path, data in files.items()
            },
        }  # fmt: skip
        self._forget(shard)
        for path, data in files.items():
            make_folder(path.parent)
            write_whole(path, data)
        write_whole(self.facts_path(shard), json.dumps(facts, indent=1).encode() + b"\n")
        return facts

    def _forget(self, shard: Shard) -> None:
        """From now on the shard is not done, so a kill leaves no files of two times."""
        try:
            self.facts_path(shard).unlink(missing_ok=True)
        except OSError as error:
            raise output_error(repr(str(self.facts_path(shard))), error) from error
