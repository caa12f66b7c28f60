"""What an uploaded video may be: containers that hold their pictures themselves.

FFmpeg also reads lists that name other files or addresses (HLS, DASH, concat, SDP). From a stranger
they would make the server open its own files and others' servers.
"""

from __future__ import annotations

HEAD = 4096
"""Bytes from which ``is_container`` can tell."""
_STARTS = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"OggS",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, WMV
    b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"\x00\x00\x01\xb0",  # MPEG program streams, MPEG-4
    b"\x00\x00\x00\x01", b"\x00\x00\x01\x67", b"\x00\x00\x01\x09",  # bare H.264 and H.265
    b"YUV4MPEG2 ",
    b"\xff\xd8\xff",  # Motion JPEG
    b"GIF8",
)  # fmt: skip
_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_TS = 188


def is_container(head: bytes) -> bool:
    """Whether a file with the first bytes ``head`` (``HEAD`` of them) may be read as a video."""
    if head.startswith(_STARTS) or head[4:8] in _ATOMS:
        return True
    if head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"AVIX"):
        return True
    return any(
        len(head) > at + 3 * step and all(head[at + n * step] == 0x47 for n in range(4))
        for at, step in ((0, _TS), (4, _TS + 4))  # MPEG transport streams, of discs with a time
    )
