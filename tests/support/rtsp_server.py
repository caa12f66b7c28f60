"""An RTSP camera on loopback, by GStreamer, where Debian's packages for it are installed.

They are not on PyPI, so the system's Python runs this file as a process of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly"
)
_PYTHON = "/usr/bin/python3"
_MISSING = 3
_PATTERN = "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=25/1"


@contextmanager
def rtsp_camera(
    port: int = 0, user: str = "", password: str = "", pictures: str = _PATTERN
) -> Iterator[tuple[str, int]]:
    """Its address without the password, and its process; skips where GStreamer is missing.

    ``port``: 0 for a free one. ``pictures``: what it shows, as GStreamer's elements.
    """
    import pytest  # not in the system's Python

    if shutil.which(_PYTHON) is None:
        pytest.skip(f"needs {_PYTHON} with Debian's {PACKAGES}")
    command = [_PYTHON, str(Path(__file__)), str(port), user, password, pictures]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={}
    ) as server:
        try:
            assert server.stdout is not None
            bound = server.stdout.readline().strip()
            if not bound:
                assert server.wait(60) == _MISSING
                pytest.skip(f"needs Debian's {PACKAGES}")
            yield f"rtsp://127.0.0.1:{bound}/live", server.pid
        finally:
            server.kill()


def _serve(port: str, user: str, password: str, pictures: str) -> None:
    try:
        import gi

        gi.require_version("Gst", "1.0")
        gi.require_version("GstRtspServer", "1.0")
        from gi.repository import GLib, Gst, GstRtspServer
    except (ImportError, ValueError):
        sys.exit(_MISSING)
    Gst.init(None)
    if Gst.ElementFactory.find("x264enc") is None or Gst.ElementFactory.find("rtph264pay") is None:
        sys.exit(_MISSING)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f"( {pictures} ! videoconvert ! x264enc tune=zerolatency speed-preset=ultrafast "
        "key-int-max=5 ! rtph264pay name=pay0 )"
    )
    factory.set_shared(True)
    if user:
        auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
        server.set_auth(auth)
    server.get_mount_points().add_factory("/live", factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
