"""Tasks → answers by processes on this machine: a thread for each, which gives it its tasks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress

from mien.scale.answers import Answers
from mien.scale.isolation import answer_all
from mien.scale.settings import Settings
from mien.scale.task import Limits, Task
from mien.scale.worker import Worker


def run_locally(
    tasks: Iterable[Task], settings: Settings, workers: int, limits: Limits
) -> Iterator[tuple[Task, Answers]]:
    """Each task with its answers, in the order in which they are done, by ``workers`` processes.

    Tasks are taken as they are needed. The processes end with the iterator. Raises ``WorkerError``
    where none can be started, and what detectors and models raise.
    """
    crew = _Crew(tasks, settings, workers, limits)
    try:
        yield from crew.results()
    finally:
        crew.stop()


class _Crew:
    def __init__(
        self, tasks: Iterable[Task], settings: Settings, workers: int, limits: Limits
    ) -> None:
        self._tasks, self._turn = iter(tasks), threading.Lock()
        self._stopped = False
        # Bounded: where writing is slow, workers wait.
        self._done: queue.Queue[tuple[Task, Answers] | BaseException | None] = queue.Queue(
            2 * workers
        )
        self._workers = [Worker(settings, *limits) for _ in range(workers)]
        self._threads = [
            threading.Thread(target=self._serve, args=(worker,), daemon=True)
            for worker in self._workers
        ]

    def results(self) -> Iterator[tuple[Task, Answers]]:
        for thread in self._threads:
            thread.start()
        running = len(self._threads)
        while running:
            each = self._done.get()
            if each is None:
                running -= 1
            elif isinstance(each, BaseException):
                raise each
            else:
                yield each

    def stop(self) -> None:
        """End processes and threads."""
        self._stopped = True
        for thread, worker in zip(self._threads, self._workers, strict=True):
            while thread.is_alive():  # it may be about to start a process
                worker.close()
                with suppress(queue.Empty):
                    self._done.get_nowait()  # it may wait for room
                thread.join(0.05)
            worker.close()

    def _serve(self, worker: Worker) -> None:
        try:
            while (task := self._next()) is not None:
                self._done.put((task, answer_all(worker, task.inputs)))
        except BaseException as error:  # noqa: BLE001 - raised where results are taken
            self._done.put(error)
        finally:
            worker.close()
            self._done.put(None)

    def _next(self) -> Task | None:
        with self._turn:
            return None if self._stopped else next(self._tasks, None)
