"""Records what a source shows of enrolled persons: a video, a camera, or a folder of photos."""

from mien.log.recording.any_source import record
from mien.log.recording.wish import Done, Wish, check_wish

__all__ = ["Done", "Wish", "check_wish", "record"]
