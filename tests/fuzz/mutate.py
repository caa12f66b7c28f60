"""Seeded changes of files, most of which keep their structure: the parts that readers look at."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from tests.fuzz.case import Case

NUMBERS = (
    "0", "-1", "1", "0.5", "1.0", "-0", "1e400", "-1e400", "nan", "inf", "NaN", "Infinity", "1e308",
    "1e-320", "1e300", "9" * 41, "9" * 400, "9" * 5000, "2147483648", "9223372036854775807",
    "-9223372036854775809", "1000000000", "0x10", "1_000", "٣", "true", "null", "1e999999999",
)  # fmt: skip
TEXTS = (
    "", " ", "\0", "..", "../../x.jpg", "/etc/hostname", "/dev/zero", "C:\\x", "\x1b]0;x\x07", "[red]",
    "[/]", "\u202etxt", "a" * 300, "a" * 70_000, "ü", "\ufeff", "\r\n", "=1+1", "NaN", "null", "True",
    "happy", "face", "{", "[" * 3000, "'", '"', "<x>", "&a;", ",", "\\", "1979-05-27", "%s", "\ud800",
)  # fmt: skip
BYTES = (
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\x00" * 8,
    b"\xff" * 8,
    b"\r",
    b"\n\n",
    b"\x80",
    b"PK\x03\x04",
)
RAW = (
    "1e400", "-1e400", "NaN", "Infinity", "9" * 41, "9" * 400, "9" * 5000, "1.0", "[" * 3000,
    "[" * 60 + "]" * 60, '{"a":' * 70 + "1" + "}" * 70, '"\\ud800"', '"\\u0000"', "1e308", "1e-320",
)  # fmt: skip
"""Pieces of JSON that Python's ``dumps`` would not write."""
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 0.5, -0.5, 1e300, 2**31, 2**63, 10**9, "", "0", "1", "x", [], {},
    [[]], [None], {"a": 1}, "../x.jpg", "/etc/hostname", "a\0b", "\x1b[31m", "[red]", "a" * 300, "ü",
)  # fmt: skip
_PICTURES = (".jpg", ".png")
_TOKEN = re.compile(r"[-+]?\d[\d.eE+-]*|[A-Za-z_]+|\S")
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def mutate(case: Case, rng: Random) -> Case:
    """``case`` with one to four changes of files, names or kinds."""
    files, special = dict(case.files), dict(case.special)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        if not files:
            break
        # Most of the faults are in how annotations are read, and most of the files are pictures.
        texts = [name for name in sorted(files) if not name.endswith(_PICTURES)]
        name = rng.choice(texts if texts and rng.random() < 0.7 else sorted(files))
        draw = rng.random()
        if draw < 0.90:
            files[name] = content(files[name], name, rng)
        elif draw < 0.96:
            files[_name(name, rng)] = files.pop(name)
        elif draw < 0.98:
            del files[name]
        else:
            special[name] = rng.choice(("fifo", "zero", "folder", "loop"))
    return Case(files, special, zipped=case.zipped, option=case.option)


def content(data: bytes, name: str, rng: Random) -> bytes:
    """The bytes of one file, changed by its kind."""
    kind = name.lower().rpartition(".")[2]
    ways: list[Callable[[bytes, Random], bytes]] = [_bytes]
    if kind in ("json", "jsonl"):
        ways = [_json, _json, _json, _text, _bytes]
    elif kind in ("npy", "npz"):
        ways = [_arrays, _arrays, _arrays, _bytes]
    elif kind in ("csv", "txt", "xml", "toml"):
        ways = [_text, _text, _lines, _bytes]
    return rng.choice(ways)(data, rng)


def _name(name: str, rng: Random) -> str:
    """Another name: with another part, ending or case, or hostile as a whole."""
    parts = re.split(r"([/._])", name)
    at = rng.randrange(len(parts))
    parts[at] = rng.choice(
        (*TEXTS[:20], *NUMBERS[:22], parts[at].upper(), "@eaDir", "train", "happy")
    )
    return "".join(parts)


def _bytes(data: bytes, rng: Random) -> bytes:
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(found) + 1)
        end = min(len(found), at + rng.choice((1, 2, 4, 8, 64, 512)))
        way = rng.randrange(6)
        if way == 0 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            found[at:end] = rng.randbytes(end - at)
        elif way == 2:
            found[at:at] = rng.choice(BYTES)
        elif way == 3:
            del found[at:end]
        elif way == 4:
            found[at:at] = found[at:end]
        elif rng.random() < 0.3:
            del found[at:]
        else:
            found[at:end] = rng.choice((b"\0", b"\xff", b"\x7f")) * (end - at)
    return bytes(found)


def _text(data: bytes, rng: Random) -> bytes:
    """Numbers and words replaced by hostile ones."""
    text = data.decode("utf-8", "surrogateescape")
    for _ in range(rng.choice((1, 1, 2, 3))):
        pattern, pool = (_NUMBER, NUMBERS) if rng.random() < 0.6 else (_TOKEN, (*TEXTS, *NUMBERS))
        start = rng.randrange(len(text) + 1)
        if match := pattern.search(text, start) or pattern.search(text):
            text = text[: match.start()] + rng.choice(pool) + text[match.end() :]
    return text.encode("utf-8", "surrogatepass" if "\ud800" in text else "surrogateescape")


def _lines(data: bytes, rng: Random) -> bytes:
    """Lines dropped, repeated, swapped, emptied or joined."""
    lines = data.split(b"\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    way = rng.randrange(5)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines[at:at] = [lines[other]] * rng.choice((1, 2, 50))
    elif way == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif way == 3:
        lines[at] = rng.choice(TEXTS).encode("utf-8", "surrogatepass")
    else:
        lines[at] = lines[at] + lines[other]
    return b"\n".join(lines)


def _json(data: bytes, rng: Random) -> bytes:
    """Values, keys and items of the document or of one of its lines replaced, dropped, repeated."""
    lines = data.splitlines() if b"\n{" in data.strip() else [data]
    at = rng.randrange(len(lines)) if lines else 0
    try:
        document = json.loads(lines[at])
    except (ValueError, RecursionError, IndexError):
        return _text(data, rng)
    lines[at] = change_json(document, rng).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def _arrays(data: bytes, rng: Random) -> bytes:
    """An array of a ``.npz`` or ``.npy`` file with other values, another shape, type or name."""
    try:
        loaded = np.load(io.BytesIO(data), allow_pickle=False)
        arrays = dict(loaded) if data.startswith(b"PK") else {"": loaded}
        name = rng.choice(sorted(arrays))
        arrays[name] = _array(arrays[name], rng)
    except Exception:  # noqa: BLE001 - it was changed before
        return _bytes(data, rng)
    if name and rng.random() < 0.1:
        arrays[rng.choice(("x", "labels", "keys"))] = arrays.pop(name)
    buffer = io.BytesIO()
    if "" in arrays:
        np.save(buffer, arrays[""], allow_pickle=False)
    else:
        np.savez(buffer, **arrays)
    return buffer.getvalue()


def _array(array: np.ndarray, rng: Random) -> np.ndarray:
    way = rng.randrange(6)
    if way == 0 and array.size:
        array = np.array(array)
        values = {"f": (np.nan, np.inf, -1.0, 1e30), "i": (-1, 10**9, -(2**62)), "u": (0, 255)}
        place = np.unravel_index(rng.randrange(array.size), array.shape)
        array[place] = rng.choice(values.get(array.dtype.kind, (0, 1)))
        return array
    if way == 1:
        return array[: rng.randrange(len(array) + 1)] if array.ndim else array.reshape(1)
    if way == 2:
        return array.reshape(-1) if array.ndim > 1 else array.reshape(*array.shape, 1)
    if way == 3:
        kinds = ("f2", "f4", "f8", "i1", "i8", "u1", "?", "U5", "c8", ">i4", "S3", "M8[s]")
        return array.astype(rng.choice(kinds))
    if way == 4:
        return np.concatenate([array, array]) if array.ndim else np.array(rng.choice(NUMBERS))
    if array.ndim == 0 and array.dtype.kind == "U":
        text = str(array)
        try:
            return np.array(change_json(json.loads(text), rng))
        except (ValueError, RecursionError):
            return np.array(rng.choice((*TEXTS, *NUMBERS)))
    return array * 0


def change_json(document: Any, rng: Random) -> str:
    """JSON text of ``document`` with one place changed."""
    raw = rng.choice(RAW)
    value = "@RAW@" if rng.random() < 0.4 else rng.choice(VALUES)
    holders = _containers(document)
    if not holders or rng.random() < 0.02:
        return json.dumps(value).replace('"@RAW@"', raw)
    holder = rng.choice(holders)
    key = rng.choice(sorted(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
    way = rng.random()
    if way < 0.7:
        holder[key] = value
    elif way < 0.8:
        del holder[key]
    elif isinstance(holder, dict):
        holder[rng.choice(("", "id", "x", "a" * 300, key + key))] = holder.pop(key)
    else:
        holder[key:key] = [holder[key]] * rng.choice((1, 2, 30))
    return json.dumps(document).replace('"@RAW@"', raw)


def _containers(document: Any) -> list[Any]:
    """Every filled list and object in ``document``; small ones as often as large ones."""
    found, todo = [], [document]
    while todo:
        item = todo.pop()
        if isinstance(item, dict | list) and item:
            found.append(item)
            todo.extend(item.values() if isinstance(item, dict) else item)
    return found
