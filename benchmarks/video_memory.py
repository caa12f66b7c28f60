"""Does memory stay flat over an hour of video? Resident memory after a minute, and at the end.

    python benchmarks/video_memory.py clip.mp4

The clip is joined to itself, as often as it takes, into a file of ``--minutes``: its packets are
copied by PyAV (``pip install '.[video]'``), so each frame is decoded as it was recorded. The file
is then analysed as by ``mien video --output rows.csv``, with people followed and answers steadied,
as fast as it goes. Memory is that of this process, without what other processes share with it.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import av

from mien.media.video.reader import open_video
from mien.pipeline import Recognizer
from mien.sinks.count import CountSink
from mien.sinks.csv import CsvSink
from mien.sinks.video_table import PersonTableSink

MIB = 1 << 20


def join(clip: Path, out: Path, seconds: float) -> None:
    """Write the video of ``clip`` again and again, without its sound."""
    with av.open(str(out), "w") as target:
        stream, offset = None, 0
        while stream is None or offset * stream.time_base < seconds:
            end = 0
            with av.open(str(clip)) as source:
                video = source.streams.video[0]
                if stream is None:
                    stream = target.add_stream_from_template(video)
                    stream.time_base = video.time_base
                for packet in source.demux(video):
                    if packet.dts is None:  # the last, which is empty
                        continue
                    end = max(end, packet.pts + packet.duration)
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    packet.stream = stream
                    target.mux(packet)
            offset += end


def resident() -> float:
    """Memory of this process in MiB, without pages of files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def main() -> None:
    """Print a line for each minute of video, then the growth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=int, help="analyse every N-th frame")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "long.mp4"
        join(args.clip, path, args.minutes * 60)
        size = path.stat().st_size / MIB
        recognizer = Recognizer(threads=args.threads)
        video = open_video(path, every=args.every)
        sinks = [
            CountSink("frame"),
            stack.enter_context(CsvSink(Path(folder) / "rows.csv")),
            stack.enter_context(PersonTableSink(Path(folder) / "persons.txt")),
        ]
        seen, memory, began = 0, [], time.perf_counter()
        for result in recognizer.watch(video, video.name):
            for sink in sinks:
                sink.write(result)
            if result.time_s >= 60 * (seen + 1):
                seen += 1
                gc.collect()
                memory.append(resident())
                print(f"{seen:3} min  {memory[-1]:6.1f} MiB", flush=True)
        memory.append(resident())
        frames, seconds = sinks[0].pictures, time.perf_counter() - began
        print(
            f"{video.width}×{video.height}, {frames:,} frames of a file of {size:.0f} MiB in "
            f"{seconds / 60:.1f} minutes; {sinks[0].text()}"
        )
        print(
            f"after a minute {memory[0]:.1f} MiB, at the end {memory[-1]:.1f}, "
            f"most {max(memory):.1f}: {memory[-1] - memory[0]:+.1f} MiB"
        )


if __name__ == "__main__":
    main()
