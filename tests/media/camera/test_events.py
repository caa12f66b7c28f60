from __future__ import annotations

import warnings

import pytest

from mien.media.camera.events import Connected, Lost, Resized, warn_of_loss


def test_each_event_is_a_line() -> None:
    assert str(Connected("camera 0", 640, 480, 1)) == "camera 0: connected, 640×480"
    assert str(Connected("camera 0", 640, 480, 2)) == "camera 0: connected again, 640×480"
    assert str(Resized("camera 0", 320, 240)) == "camera 0: frames are now 320×240"
    lost = Lost("camera 0", "the stream ended", 0.5, True)
    assert str(lost) == "camera 0: the stream ended; next attempt in 0.5 s"


def test_only_losses_are_warnings() -> None:
    with pytest.warns(UserWarning, match="the stream ended"):
        warn_of_loss(Lost("camera 0", "the stream ended", 0.5, True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_loss(Connected("camera 0", 640, 480, 1))
        warn_of_loss(Resized("camera 0", 320, 240))
