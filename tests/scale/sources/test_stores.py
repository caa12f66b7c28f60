from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="needs the 'scale' extra")
pytest.importorskip("fsspec", reason="needs the 'scale' extra")

import fsspec
import pyarrow as pa

from mien.errors import ImageReadError, MienError, MissingPackageError
from mien.scale import analyze_batch, fetching, opening
from mien.scale.fetching import ChangedError, read_picture
from mien.scale.inputs import Input
from mien.scale.running import run
from mien.scale.sources.finding import find_inputs
from tests.support import clips, corpus


def fill(store: Any, bucket: str, folder: Path) -> dict[str, bytes]:
    """Put a folder's files into a store; address below the bucket → content of its pictures."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            store.pipe_file(f"{bucket}/{path.relative_to(folder)}", path.read_bytes())
    return {f"pictures/{path.name}": path.read_bytes() for path in (folder / "pictures").iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, the same in a zip and a tar, a video, and what is left out."""
    place = tmp_path_factory.mktemp("store")
    corpus.write(place / "pictures", 3)
    corpus.write_archives(place / "packed", place / "pictures")
    clips.write(place / "clip.mp4", frames=3)
    (place / "notes.md").write_text("no picture")
    (place / ".hidden.png").write_bytes(b"x")
    return place


def check_store(protocol: str, expected: dict[str, bytes], folder: Path, out: Path | None) -> None:
    errors: list[MienError] = []
    top = f"{protocol}://faces"
    inputs = list(find_inputs([top], errors.append))
    assert not errors
    archives = [f"{top}/packed/{a}/in/" for a in ("a.zip", "b.tar")]
    names = sorted(name.rpartition("/")[2] for name in expected)
    assert [each.source for each in inputs] == [
        f"{top}/clip.mp4",
        *(start + name for start in archives for name in names),
        *(f"{top}/pictures/{name}" for name in names),
    ]
    assert all(each.mtime_ns for each in inputs)
    for each in inputs[1:]:
        assert read_picture(each) == expected[f"pictures/{each.source.rpartition('/')[2]}"]
    some = list(find_inputs([f"{top}/pictures/0*.png"], errors.append))
    assert [each.source for each in some] == [f"{top}/pictures/0{n}.png" for n in range(3)]
    table = analyze_batch(pa.table({"path": [some[0].path, f"{top}/none.jpg"]})).to_pylist()
    assert table[0]["expression"] and "none.jpg" in table[1]["error"]
    assert not list(find_inputs([f"{protocol}://no-such-bucket-here"], errors.append))
    assert "no-such-bucket-here" in str(errors[-1])
    if out is not None:
        run([top], out / "remote", workers=1, shard_size=3)
        run([str(folder / part) for part in ("clip.mp4", "packed", "pictures")], out / "local",
            workers=1, shard_size=3)  # fmt: skip
        assert rows(out / "remote", top) == rows(out / "local", str(folder))


def rows(job: Path, top: str) -> list[dict[str, Any]]:
    """Rows of faces and inputs, with names below the top."""
    from pyarrow import parquet

    found = [
        row
        for path in sorted((job / "shards").glob("*.parquet"))
        for row in parquet.read_table(path).to_pylist()
    ]
    for row in found:
        row["source"] = row["source"].removeprefix(top)
        row["error"] = (row.get("error") or "").replace(top, "")
    return found


def test_a_store_of_fsspec(folder: Path) -> None:
    store = fsspec.filesystem("memory")
    store.rm("/faces", recursive=True) if store.exists("/faces") else None
    expected = fill(store, "/faces", folder)
    opening.file_system.cache_clear()
    inputs = list(find_inputs(["memory://faces"], print))
    found = {each.source.partition("faces/")[2]: each for each in inputs}
    for name, data in expected.items():
        assert read_picture(found[name]) == data
        for archive in ("packed/a.zip/in", "packed/b.tar/in"):
            assert read_picture(found[f"{archive}/{name.rpartition('/')[2]}"]) == data
    store.pipe_file("/faces/pictures/00.png", b"longer than it was" * 10_000)
    with pytest.raises(ChangedError, match=r"00\.png' has changed"):
        read_picture(found["pictures/00.png"])
    store.rm("/faces/pictures/01.png")
    with pytest.raises(ImageReadError, match="it is gone"):
        read_picture(found["pictures/01.png"])


def test_the_objects_of_a_group_are_fetched_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = threading.Barrier(3)

    def fetch(path: str, start: int, stop: int) -> bytes:
        together.wait(timeout=30)  # for all three, or it raises
        if path.endswith("1"):
            raise FileNotFoundError(path)
        return path.encode()

    monkeypatch.setattr(fetching, "read_range", fetch)
    group = [Input(f"memory://{n}", 10) for n in range(3)]
    with fetching.readers([*group, replace(group[0], duplicate_of=7)]) as reads:
        assert [reads[0](), reads[2]()] == [b"memory://0", b"memory://2"]
        with pytest.raises(ImageReadError, match="it is gone"):
            reads[1]()


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("Install s3fs to access S3")

    opening.file_system.cache_clear()
    monkeypatch.setattr(fsspec, "filesystem", missing)
    with pytest.raises(MissingPackageError, match="s3:// needs s3fs: pip install s3fs"):
        opening.store_of("s3://bucket/a.jpg")


@contextmanager
def server(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@pytest.mark.slow
def test_s3_over_http(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against moto's server, which speaks the protocol of S3 on loopback."""
    s3fs = pytest.importorskip("s3fs")
    pytest.importorskip("moto.server")
    port = free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with server(command, port):
        store = s3fs.S3FileSystem(skip_instance_cache=True)
        store.mkdir("faces")
        expected = fill(store, "faces", folder)
        opening.file_system.cache_clear()
        check_store("s3", expected, folder, tmp_path)


@pytest.mark.slow
def test_google_storage_over_http(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against gcp-storage-emulator on loopback."""
    # Else it asks for a bucket's kind by gRPC, which the emulator does not speak, for a minute. It
    # is read when gcsfs is imported.
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    gcsfs = pytest.importorskip("gcsfs")
    pytest.importorskip("gcp_storage_emulator")
    port = free_port()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    code = (
        "from gcp_storage_emulator.server import create_server; "
        f"create_server('127.0.0.1', {port}, in_memory=True, default_bucket='faces').run()"
    )
    with server([sys.executable, "-c", code], port):
        store = gcsfs.GCSFileSystem(token="anon", skip_instance_cache=True)
        expected = fill(store, "faces", folder)
        opening.file_system.cache_clear()
        check_store("gs", expected, folder, tmp_path)
