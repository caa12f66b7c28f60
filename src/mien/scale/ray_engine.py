"""Tasks → answers by actors of Ray Data, on this machine or a cluster.

An actor takes one core, or one GPU, and keeps a process with the networks, as a thread of the local
engine does: so crashes, hangs and memory are dealt with in the same way, where they happen. What
Ray sees is a node that dies, and it gives that node's tasks to others. Paths travel to the actors,
and tables come back; only the driver writes files.
"""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from mien.errors import ConfigError, MienError, one_line
from mien.extras import require_extra
from mien.scale.answers import Answers
from mien.scale.isolation import answer_all
from mien.scale.settings import Settings
from mien.scale.task import Limits, Task
from mien.scale.worker import Worker

_AT_A_TIME = 2000
"""Tasks that Ray holds: their paths are in its memory."""


def run_on_ray(
    tasks: Iterable[Task],
    settings: Settings,
    workers: int | None,
    limits: Limits,
    address: str | None,
) -> Iterator[tuple[Task, Answers]]:
    """Each task with its answers, in the order in which they are done.

    ``workers``: actors; by default one for each core, or GPU with that device, of the cluster at
    ``address``. Without an address, a Ray that this process has started is used, or one is started
    here and ended afterwards. Raises ``MissingExtraError``, ``ConfigError`` where there is no
    cluster at ``address``, and as the local engine.
    """
    require_extra("ray", "the engine ray", "ray.data")
    waiting = iter(tasks)
    some = list(islice(waiting, _AT_A_TIME))
    if not some:
        return
    with _connected(address, workers):
        while some:
            yield from _run(some, settings, workers, limits)
            some = list(islice(waiting, _AT_A_TIME))


class Analyst:
    """An actor: answers tasks with a process of its own."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self._worker = Worker(settings, *limits)

    def __call__(self, batch: Any) -> Any:
        """A table of tasks → a table of pickled answers, or of what must end the run."""
        import pyarrow as pa

        found = [self._answer(pickle.loads(inputs)) for inputs in batch["inputs"].to_pylist()]
        return pa.table(
            {"place": batch["place"], "answers": pa.array(map(pickle.dumps, found), "binary")}
        )

    def _answer(self, inputs: Any) -> Answers | Exception:
        try:
            return answer_all(self._worker, inputs)
        except MienError as error:  # Ray would try again for ever
            from mien.workers import sendable

            return sendable(error)


def _run(
    tasks: list[Task], settings: Settings, workers: int | None, limits: Limits
) -> Iterator[tuple[Task, Answers]]:
    import pyarrow as pa
    import ray

    cluster: Any = ray  # of Ray's functions, some have no types
    needs = {"num_gpus": 1} if settings.device == "cuda" else {"num_cpus": 1}
    kind = "GPU" if settings.device == "cuda" else "CPU"
    most = workers or max(1, int(cluster.cluster_resources().get(kind, 1)))
    most = min(most, len(tasks))
    blocks = [
        pa.table({"place": [place], "inputs": [pickle.dumps(task.inputs)]})
        for place, task in enumerate(tasks)
    ]
    answered = cluster.data.from_arrow(blocks).map_batches(
        Analyst, batch_size=1, batch_format="pyarrow", fn_constructor_args=(settings, limits),
        concurrency=(1, most, most), **needs,
    )  # fmt: skip
    for batch in answered.iter_batches(batch_size=1, batch_format="pyarrow"):
        for place, data in zip(*batch.to_pydict().values(), strict=True):
            found = pickle.loads(data)
            if isinstance(found, Exception):
                raise found
            yield tasks[place], found


@contextmanager
def _connected(address: str | None, workers: int | None) -> Iterator[None]:
    import logging

    import ray

    ours = not ray.is_initialized()
    if ours:
        quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        # Else it prints, for every actor, what only concerns a driver that dies.
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        try:
            if address is not None:
                _check_reachable(address)
                ray.init(address, **quiet)
            else:
                ray.init("local", num_cpus=workers, include_dashboard=False, **quiet)
        except Exception as error:  # noqa: BLE001 - Ray raises all kinds, even plain Exception
            if address is None:
                raise ConfigError(f"Ray cannot be started here ({one_line(error)})") from None
            raise ConfigError(
                f"Ray cannot be reached at {address!r} ({one_line(error)}): check the address, and "
                "that RAY_AUTH_MODE and the token are those of the cluster"
            ) from None
    context = ray.data.DataContext.get_current()
    before, context.enable_progress_bars = context.enable_progress_bars, False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        yield
    finally:
        context.enable_progress_bars = before
        if ours:
            ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raise ``OSError`` where nobody listens: Ray itself would try for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        with socket.create_connection((host, int(port)), timeout=10):
            pass
