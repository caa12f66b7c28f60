from __future__ import annotations

import importlib.metadata
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from mien import registry
from mien.errors import MienError, UnknownNameError
from mien.registry import Registry

TABLES = [registry.detectors, registry.classifiers, registry.datasets, registry.architectures]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_every_built_in_registers_its_name(table: Registry) -> None:
    if table is registry.architectures:
        pytest.importorskip("torch", reason="the 'train' extra brings PyTorch")
    assert table.names() == sorted(table.names()) != []
    for name in table.names():
        assert callable(table.get(name))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_a_wrong_name_lists_the_right_ones(table: Registry) -> None:
    name = table.names()[0]
    with pytest.raises(UnknownNameError, match=f"did you mean '{name}'") as caught:
        table.get(name + "x")
    assert all(known in str(caught.value) for known in table.names())


def test_registering_and_a_taken_name() -> None:
    table = Registry("thing", {})

    @table.register("one")
    def one() -> int:
        return 1

    assert table.get("one") is one and table.names() == ["one"]
    table.register("one")(one)  # a module that is imported twice does no harm
    with pytest.raises(MienError, match="thing 'one' is already registered"):
        table.register("one")(lambda: 2)


def test_a_module_that_forgets_to_register() -> None:
    with pytest.raises(MienError, match="module json does not register thing 'x'"):
        Registry("thing", {"x": "json"}).get("x")


def test_a_third_party_comes_through_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_detector.py").write_text(
        "from mien.registry import register_detector\n"
        "@register_detector('theirs')\n"
        "def build(): return 'built'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    table = Registry("detector", {})
    monkeypatch.setattr(registry, "register_detector", table.register)
    point = EntryPoint("theirs", "their_detector", "mien.detectors")
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda group: [point][: group == point.group]
    )
    assert table.names() == ["theirs"]
    assert "their_detector" not in sys.modules  # listing imports nothing
    assert table.get("theirs")() == "built"
    sys.modules.pop("their_detector")


@pytest.mark.parametrize("code", ["import nowhere_to_be_found", "1 / 0", "(", "raise Exception"])
def test_a_third_party_that_cannot_be_imported_is_one_line(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_broken_detector.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("theirs", "their_broken_detector", "mien.detectors")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point])
    with pytest.raises(MienError, match=r"'theirs' .*mien\.detectors.*their_broken_") as caught:
        Registry("detector", {}).get("theirs")
    assert "\n" not in str(caught.value)
