"""Which frames come is tested through ``open_video``, in ``test_reader``."""

from __future__ import annotations

import pytest

from mien.errors import ConfigError
from mien.media.video.choice import Choice, Wanted


def test_a_choice_says_its_share() -> None:
    assert Choice(every=4).share(25) == 0.25
    assert Choice(fps=5).share(25) == 0.2
    assert Choice(fps=50).share(25) == Choice().share(25) == 1


def test_frames_of_a_variable_rate_come_by_their_times() -> None:
    """Two a second: the first at or after 1, 1.5, 2 … seconds, and none twice for one time."""
    wanted = Wanted(Choice(start=1, end=4, fps=2))
    times = [0.0, 0.9, 1.2, 1.3, 1.6, 1.9, 2.0, 3.7, 3.8]
    assert [t for t in times if wanted.has(t)] == [1.2, 1.6, 2.0, 3.7]
    assert not wanted.is_over(3.99) and wanted.is_over(4)
    with pytest.raises(ConfigError):
        Choice(start=2, end=2)
