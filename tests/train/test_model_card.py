from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mien.specs.detector import DetectorSpec
from tests.support.few_scenes import TINY

torch = pytest.importorskip("torch")

from mien.train.checkpoint import weights_hash  # noqa: E402
from mien.train.model_card import add_choices, add_training_facts  # noqa: E402

NET = torch.nn.Linear(2, 1)


def facts(config: Any = TINY, **known: Any) -> DetectorSpec:
    spec = DetectorSpec("x", 96, 160, architecture="two boxes")
    state = {"epochs_done": 1, "facts": known}
    return add_training_facts(spec, NET, config, state, intended_use="tests", limits="none")


def test_a_run_says_what_it_was_trained_on() -> None:
    spec = facts(pictures=9, faces=40, torch="2.6")
    assert (spec.name, spec.architecture) == ("tiny", "two boxes")
    assert spec.trained_on == f"{TINY.dataset}, split train (9 pictures, 40 faces)"
    assert spec.sha256 == weights_hash(NET)
    assert spec.card["epochs"] == "1 of 2" and spec.card["recipe"] == TINY.to_dict()
    assert (spec.card["intended_use"], spec.card["limits"]) == ("tests", "none")
    assert spec.card["torch"] == "2.6" and not {"pictures", "faces"} & spec.card.keys()
    divided = replace(TINY, splits="random:90/10")
    assert facts(divided).trained_on == f"{TINY.dataset}, split train of random:90/10"


def test_data_of_earlier_runs_are_named_once() -> None:
    own = f"{TINY.dataset}, split train"
    other = {"trained_on": f"{own}; started from weights of faces (3 pictures)"}
    same = {"trained_on": own}
    assert facts(started_from=other).trained_on == other["trained_on"]
    assert facts(started_from=same).trained_on == own
    assert facts(started_from={}).trained_on == own


def test_choices_replace_facts() -> None:
    spec = facts()
    kept = add_choices(spec, "float16", None, None, None)
    assert (kept.name, kept.licence) == (spec.name, spec.licence)
    assert kept.card == {**spec.card, "weights": "float16"}
    chosen = add_choices(spec, "float32", "mine", "CC0", {"limits": "many", "room": "42"})
    assert (chosen.name, chosen.licence) == ("mine", "CC0")
    assert (chosen.card["limits"], chosen.card["room"]) == ("many", "42")
