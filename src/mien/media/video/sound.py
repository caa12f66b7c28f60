"""Copies the sound of a video into another, as it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from mien.errors import one_line


class CopiedSound:
    """The first sound track of a video, packet by packet, moved to the start of another."""

    def __init__(self, path: str, output: Any, start_s: float) -> None:
        """``output``: an open container of PyAV. ``start_s``: what becomes its time 0, in seconds
        since the start of the video's stream in ``path``.
        """
        import av

        self._output, self._begin_s = output, start_s
        self._offset = start_s  # the same in the time of the container
        self._input: Any = None
        self._stream: Any = None
        self._packets: Iterator[Any] = iter(())
        self._waiting: Any = None
        try:
            self._input = av.open(f"file:{os.path.abspath(path)}")  # noqa: PTH100
            self.description = self._open()
        except (av.FFmpegError, OSError, ValueError) as error:
            self.description = f"no sound ({one_line(error)})"
            self.close()

    def _open(self) -> str:
        if not self._input.streams.audio:
            return "no sound"
        sound = self._input.streams.audio[0]
        codec = sound.codec.canonical_name
        if codec not in self._output.supported_codecs:
            return f"no sound ({self._output.format.name} holds no {codec})"
        pictures = self._input.streams.video[0]
        self._offset += float((pictures.start_time or 0) * pictures.time_base)
        self._stream = self._output.add_stream_from_template(sound)
        self._packets = self._input.demux(sound)
        return f"with sound ({codec})"

    def copy_until(self, time_s: float) -> None:
        """Copy what is heard before ``time_s``, in seconds since the start of the video's stream.

        Sound that cannot be read ends.
        """
        import av

        while self._stream is not None:
            try:
                packet = self._waiting or next(self._packets, None)
            except av.FFmpegError:
                packet = None
            self._waiting = None
            if packet is None:
                return
            if packet.pts is None or packet.time_base is None:  # the end, and what has no place
                continue
            place = float(packet.pts * packet.time_base) - self._offset
            if place >= time_s - self._begin_s:
                self._waiting = packet
                return
            if place >= 0:
                self._move(packet)

    def _move(self, packet: Any) -> None:
        shift = round(self._offset / packet.time_base)
        packet.pts -= shift
        if packet.dts is not None:
            packet.dts -= shift
        packet.stream = self._stream
        self._output.mux(packet)

    def close(self) -> None:
        """Close the original; a second call does nothing."""
        if self._input is not None:
            self._input.close()
        self._input = self._stream = None
