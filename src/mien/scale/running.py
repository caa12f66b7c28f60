"""Runs a job: lists its sources, has each shard analysed, and writes its files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mien.errors import ConfigError, MienError, brief
from mien.extras import require_extra
from mien.files import lock_folder, make_folder
from mien.parsing import is_whole
from mien.runtime import usable_cores
from mien.scale.answers import Answers, join
from mien.scale.groups import group_of
from mien.scale.inputs import Input
from mien.scale.job import Job
from mien.scale.listing import list_sources
from mien.scale.local_engine import run_locally
from mien.scale.progress import Progress
from mien.scale.settings import Settings
from mien.scale.shards import Shard
from mien.scale.tar import read_tar
from mien.scale.task import DEFAULT, Limits, Task

MOST_WORKERS = 4096
Engine = Literal["local", "ray"]


@dataclass(frozen=True)
class Crew:
    """Who analyses: nothing in it changes an answer. Raises ``ConfigError``."""

    engine: Engine = "local"
    workers: int | None = None
    """Processes with one thread each; by default one for each core, of a cluster with ``ray``."""
    limits: Limits = DEFAULT
    ray_address: str | None = None
    """Of a cluster, such as ``auto`` or ``ray://head:10001``; by default Ray is started here."""

    def __post_init__(self) -> None:
        if self.engine not in ("local", "ray"):
            raise ConfigError(f"no engine {brief(self.engine)}: give 'local' or 'ray'")
        if self.workers is not None and not is_whole(self.workers, 1, MOST_WORKERS):
            raise ConfigError(
                f"workers is {brief(self.workers)}: give a whole number from 1 to {MOST_WORKERS}"
            )
        if self.ray_address is not None and self.engine != "ray":
            raise ConfigError("an address is for the engine ray: give that, or leave it out")

    def run(self, tasks: Iterable[Task], settings: Settings) -> Iterator[tuple[Task, Answers]]:
        """Each task with its answers, as they are done."""
        if self.engine == "local":
            return run_locally(tasks, settings, self.workers or usable_cores(), self.limits)
        from mien.scale.ray_engine import run_on_ray

        return run_on_ray(tasks, settings, self.workers, self.limits, self.ray_address)


@dataclass(frozen=True)
class Summary:
    """What a job holds, and what this run did of it."""

    folder: Path
    inputs: int
    failed: int
    faces: int
    analysed: int
    """Inputs of this run."""
    seconds: float
    """Of this run, with listing and writing."""


Report = Callable[[Progress], None]


def run(
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    engine: Engine = "local",
    *,
    workers: int | None = None,
    memory: int | None = DEFAULT.memory,
    seconds: float | None = DEFAULT.seconds,
    ray_address: str | None = None,
    update: bool = False,
    on_progress: Report = lambda _: None,
    on_error: Callable[[MienError], None] = lambda _: None,
    on_note: Callable[[str], None] = lambda _: None,
    **settings: Any,
) -> Summary:
    """Analyse every picture and video of ``sources`` and write tables into the folder ``out``.

    ``sources`` are those of ``mien.scale.sources.finding.find_inputs``, ``settings`` the fields of
    ``mien.scale.settings.Settings``, such as ``detector``, ``model``, ``every`` and ``dedupe``. The
    same call goes on where an earlier one was stopped or killed, and the files are the same to the
    byte as those of one that was not. ``update``: accept that inputs have changed since, and
    analyse those again.

    ``memory`` in bytes and ``seconds`` for one picture are limits of each of the ``workers``
    (``None``: no limit). An input that breaks one, or crashes its worker, is reported in its row.

    ``on_error`` gets what is wrong with a source, ``on_note`` what is noticed. Errors of inputs are
    in the table of inputs. Raises ``ConfigError`` for an ``out`` of another job,
    ``MissingExtraError`` without the extra ``scale``, ``InputError`` for sources without a picture,
    ``WorkerError`` and ``OutputError``.
    """
    require_extra("scale", "mien.scale")
    began = time.monotonic()
    crew = Crew(engine, workers, Limits(memory, seconds), ray_address)
    names = [sources] if isinstance(sources, str | os.PathLike) else list(sources)
    wanted, folder = Settings(**settings), Path(out)
    make_folder(folder)
    with lock_folder(folder, "analysing a corpus into"):
        wanted.recognizer()  # what is wrong with a model ends the run before anything is listed
        job = Job.create(folder, wanted, [os.fspath(name) for name in names])
        list_sources(
            job, [os.fspath(name) for name in names], update=update,
            threads=crew.workers or usable_cores(), on_error=on_error, on_note=on_note,
        )  # fmt: skip
        progress, left = _state(job)
        left.sort(key=lambda shard: -shard.work)  # so that none of the last ones is large
        tasks = (Task(shard, list(job.manifest.inputs(shard.start, shard.stop))) for shard in left)
        analysed = _write_all(job, crew.run(tasks, wanted), progress, on_progress)
    return Summary(
        folder, progress.total, progress.failed, progress.faces, analysed, time.monotonic() - began
    )


def retry(
    out: str | os.PathLike[str],
    crew: Crew | None = None,
    on_progress: Report = lambda _: None,
) -> Summary:
    """Analyse the inputs with errors of a job again, with the rest of their groups.

    So the files become those of a run in which these inputs did not fail. Raises
    ``ConfigError`` for a folder of no job, or whose weights have changed since.
    """
    require_extra("scale", "mien.scale")
    began, folder = time.monotonic(), Path(out)
    job = Job(folder)
    with lock_folder(folder, "analysing a corpus into"):
        job.check_same(Job.request_of(job.settings))
        again = list(_failed(job))
        tasks = (Task(shard, _numbered(job, shard, numbers)) for shard, numbers in again)
        answers = (crew or Crew()).run(tasks, job.settings)
        counts = Progress(sum(len(numbers) for _, numbers in again), 0, 0, 0, 0)
        analysed = _write_all(job, answers, counts, on_progress)
        progress, _ = _state(job)
    return Summary(
        folder, progress.total, progress.failed, progress.faces, analysed, time.monotonic() - began
    )


def _state(job: Job) -> tuple[Progress, list[Shard]]:
    """What is done, and the shards that are not."""
    progress, left = Progress(len(job.manifest), 0, 0, 0, 0), []
    for shard in job.shards:
        facts = job.facts(shard)
        if facts is None:
            left.append(shard)
        else:
            progress.add(facts["inputs"], facts["failed"], facts["faces"])
    progress.before, progress.began = progress.done, time.monotonic()
    return progress, left


def _failed(job: Job) -> Iterator[tuple[Shard, set[int]]]:
    """Shards with failures, and the numbers of the inputs in their groups."""
    for shard in job.shards:
        facts = job.facts(shard)
        if facts is not None and facts["failed"]:
            inputs = job.answers(shard).inputs
            failed = inputs.filter(inputs.column("error").is_valid()).column("input").to_pylist()
            wanted = set(map(group_of, failed))
            yield shard, {n for n in range(shard.start, shard.stop) if group_of(n) in wanted}


def _numbered(job: Job, shard: Shard, numbers: set[int]) -> list[Input]:
    inputs = job.manifest.inputs(shard.start, shard.stop)
    return [each for each in inputs if each.number in numbers]


def _write_all(
    job: Job,
    answered: Iterator[tuple[Task, Answers]],
    progress: Progress,
    on_progress: Report,
) -> int:
    """Write what comes; the number of inputs."""
    count = 0
    for _ in job.past():  # a journal is read before it is written
        pass
    on_progress(progress)
    for task, new in answered:
        whole = new
        if len(task.inputs) < len(task.shard):  # a retry: the others stay as they are
            whole = join([_without(job, task), new])
        facts = job.write(task.shard, whole)
        job.timings.append([_timing(task, new, facts)])
        count += len(task.inputs)
        progress.add(len(task.inputs), new.failed, len(new.faces))
        on_progress(progress)
    return count


def _without(job: Job, task: Task) -> Answers:
    """The answers of the task's shard but for the task's inputs."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = job.answers(task.shard)
    numbers = pa.array([each.number for each in task.inputs], pa.int64())
    faces, inputs = (
        table.filter(pc.invert(pc.is_in(table.column("input"), value_set=numbers)))
        for table in (kept.faces, kept.inputs)
    )
    crops = []
    if job.settings.crops:
        again = {f"{each.number:09d}" for each in task.inputs}
        crops = [each for each in read_tar(job.crops_path(task.shard)) if each[0][:9] not in again]
    return Answers(faces, inputs, crops)


def _timing(task: Task, answers: Answers, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "shard": task.shard.number, "inputs": len(task.inputs), "failed": facts["failed"],
        "faces": facts["faces"], "seconds": round(answers.seconds, 3), "at": round(time.time(), 1),
        "slow": [[round(seconds, 3), number] for seconds, number in answers.slow],
    }  # fmt: skip
