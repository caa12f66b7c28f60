"""Draw docs/images/video.jpg: frames of an annotated video of a camera that moves over a portrait.

    python tools/video_picture.py

The portrait is the one of the package, which is in the public domain.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mien.media.images import read_image
from mien.media.video.reader import Frame, open_video
from mien.pipeline import Recognizer
from mien.samples import ASTRONAUT
from mien.sinks.video import VideoSink

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "video.jpg"
WIDTH, HEIGHT, RATE, FRAMES = 288, 216, 15, 46
SHOWN, GAP = (0, 15, 30, 45), 8
# Middle and width of the view in the portrait, at the begin, in between and at the end.
VIEWS = np.array([[310, 150, 330], [225, 125, 300], [205, 118, 210], [290, 175, 420]])


def frames() -> Iterator[Frame]:
    """The view moves and zooms from one of ``VIEWS`` to the next."""
    portrait = read_image(ASTRONAUT)
    stops = np.linspace(0, FRAMES - 1, len(VIEWS))
    for number in range(FRAMES):
        x, y, width = (np.interp(number, stops, column) for column in VIEWS.T)
        scale = WIDTH / width
        move = np.array([[scale, 0, WIDTH / 2 - scale * x], [0, scale, HEIGHT / 2 - scale * y]])
        image = cv2.warpAffine(
            portrait, move, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
        )
        yield Frame(np.asarray(image, np.uint8), number, number / RATE)


def main() -> None:
    """Write the video, and four of its frames side by side."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        with VideoSink(path, RATE) as sink:
            for result in Recognizer().watch(frames()):
                sink.write(result)
        shown = [frame.image for frame in open_video(path) if frame.index in SHOWN]
    gap = np.full((HEIGHT, GAP, 3), 255, np.uint8)
    strip = [part for image in shown for part in (gap, image)][1:]
    Image.fromarray(np.hstack(strip)).save(OUT, quality=85, optimize=True)
    print(f"{OUT}: {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
