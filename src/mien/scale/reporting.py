"""The report of a job."""

from __future__ import annotations

from pathlib import Path

from mien.extras import require_extra
from mien.reports.corpus import CorpusView, corpus_page
from mien.reports.page import check_report_path, write_report
from mien.scale.job import Job
from mien.scale.progress import duration
from mien.scale.tallies import FACES, MOST_REASONS, PIXELS, SIDES, tally


def write_corpus_report(folder: Path, path: Path, command: str) -> None:
    """Write a page about what is done of a job. ``command``: the command line, for its end.

    Raises ``ConfigError`` for a folder of no job, ``OutputError`` and ``MissingExtraError``.
    """
    require_extra("scale", "mien corpus")
    check_report_path(path)
    job = Job(folder)
    sums = tally(job)
    done = sums.pictures + sums.videos
    view = CorpusView(
        name=str(folder),
        inputs=len(job.manifest),
        done=done,
        failed=sums.failed,
        faces=sums.faces,
        videos=sums.videos,
        frames=sums.frames,
        duplicates=sums.duplicates,
        bytes=sums.bytes,
        work=duration(sums.seconds),
        milliseconds=1000 * sums.seconds / done if done else None,
        sources=job.sources,
        settings={
            name: value
            for name, value in job.request.items()
            if name != "weights" and value not in (None, False, {}, [])
        },
        expressions=sums.expressions.most_common(),
        faces_a_picture=[(name, sums.faces_a_picture[name]) for name in FACES],
        megapixels=[(name, sums.megapixels[name]) for name in PIXELS],
        sides=[(name, sums.sides[name]) for name in SIDES],
        reasons=[
            (reason, count, sums.examples[reason])
            for reason, count in sums.reasons.most_common(MOST_REASONS)
        ],
        more_reasons=max(0, len(sums.reasons) - MOST_REASONS),
        slowest=sums.slowest,
    )
    write_report(path, corpus_page(view, command))
