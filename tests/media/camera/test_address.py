from __future__ import annotations

import pytest

from mien.errors import ConfigError
from mien.media.camera.address import camera_of, masked


@pytest.mark.parametrize(("source", "camera"), [
    (0, 0), ("0", 0), ("12", 12),
    ("rtsp://10.0.0.2/live", "rtsp://10.0.0.2/live"),
    ("HTTP://cam.local:8080/a?b=c", "HTTP://cam.local:8080/a?b=c"),
    ("rtsp://u:p@[fe80::1]:554/x", "rtsp://u:p@[fe80::1]:554/x"),
])  # fmt: skip
def test_what_is_a_camera(source: int | str, camera: int | str) -> None:
    assert camera_of(source) == camera


@pytest.mark.parametrize("source", [
    -1, 100, "100", True, 1.5, None, "", "talk.mp4", "file:///etc/passwd", "/dev/video0", "http:x",
    "rtsp://", "rtsp:///", "http://u:SECRET@", "http://a b/", "http://u:SECRET\n@host/",
    "ftp://u:SECRET@host/", "u:SECRET@host/x", "concat:http://u:SECRET@a/|b", "http://hö.de/",
    "rtsp//u:SECRET@host/x",
])  # fmt: skip
def test_what_is_no_camera_is_said_without_its_password(source: object) -> None:
    with pytest.raises(ConfigError) as caught:
        camera_of(source)  # type: ignore[arg-type]
    assert "SECRET" not in str(caught.value) and "\n" not in str(caught.value)
    assert ": " in str(caught.value)


@pytest.mark.parametrize(("address", "shown"), [
    (0, "camera 0"),
    ("rtsp://10.0.0.2:554/live", "rtsp://10.0.0.2:554/live"),
    ("rtsp://anna:SECRET@10.0.0.2/live", "rtsp://***@10.0.0.2/live"),
    ("rtsp://anna:SE@CR/ET@10.0.0.2/live", "rtsp://***@10.0.0.2/live"),
    ("rtsp://SECRET@[::1]:554/live", "rtsp://***@[::1]:554/live"),
    ("http://c/v.cgi?user=SECRET&pwd=SECRET", "http://c/v.cgi?user=***&pwd=***"),
    ("http://c/v?channel=2&token=SEC=RET#k=SECRET", "http://c/v?channel=2&token=***#k=***"),
    ("rtsp://c/user=SECRET_password=SEC_RET_channel=1_stream=0.sdp",
     "rtsp://c/user=***_password=***_channel=1_stream=0.sdp"),
])  # fmt: skip
def test_passwords_are_masked(address: int | str, shown: str) -> None:
    assert masked(address) == shown
