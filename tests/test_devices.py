from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import onnxruntime
import pytest

import mien
from mien.classifiers.base import load_classifier
from mien.classifiers.onnx import OnnxClassifier
from mien.detectors.base import DetectorFacts
from mien.detectors.load import load_detector
from mien.devices import DEVICES, INSTALL, PROVIDERS, candidates
from mien.errors import ConfigError, ModelFileError
from mien.registry import classifiers, detectors
from mien.runtime import open_session
from mien.samples import ASTRONAUT
from mien.weights import DEFAULT, MTCNN
from tests.support.commands import mien as run

RNET = MTCNN / "rnet.onnx"
REAL = onnxruntime.InferenceSession


def test_the_names_are_providers_that_onnx_runtime_knows() -> None:
    assert set(PROVIDERS.values()) <= set(onnxruntime.get_all_providers())
    assert set(DEVICES) == {"auto", *PROVIDERS} and set(INSTALL) == set(PROVIDERS) - {"cpu"}


def test_auto_prefers_gpus_and_ends_with_the_processor() -> None:
    has = ["OpenVINOExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    assert candidates("auto", has) == ["cuda", "openvino", "cpu"]
    assert candidates("auto", ["AzureExecutionProvider"]) == ["cpu"]
    assert candidates("openvino", has) == ["openvino"]


@pytest.mark.parametrize(
    ("device", "package"),
    [
        ("cuda", "onnxruntime-gpu"),
        ("dml", "onnxruntime-directml"),
        ("openvino", "onnxruntime-openvino"),
    ],
)
def test_a_missing_provider_comes_with_the_command_that_installs_it(
    device: str, package: str
) -> None:
    with pytest.raises(ConfigError, match=f"{device}.*which has CPU.*pip install .?{package}"):
        candidates(device, ["CPUExecutionProvider"])
    with pytest.raises(ConfigError, match=r"unknown device 'cudaa': did you mean 'cuda'\?"):
        candidates("cudaa", ["CPUExecutionProvider"])


class Falling(REAL):  # type: ignore[misc]
    """A session that goes back to the processor, as ONNX Runtime does without CUDA's libraries."""

    def __init__(self, model: Any, options: Any, providers: list[str], **_: Any) -> None:
        super().__init__(model, options, providers=["CPUExecutionProvider"])


class Failing(Falling):
    """A session whose provider fails when it starts."""

    def __init__(self, model: Any, options: Any, providers: list[str], **more: Any) -> None:
        if providers[0] != "CPUExecutionProvider":
            raise RuntimeError("CUDA failure 35: driver is too old\nfor this runtime")
        super().__init__(model, options, providers, **more)


class Working(Falling):
    """A session that says it is on the device."""

    def __init__(self, model: Any, options: Any, providers: list[str], **more: Any) -> None:
        super().__init__(model, options, providers, **more)
        self._asked = providers

    def get_providers(self) -> list[str]:
        return self._asked


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Any:
    def has(*devices: str, session: type) -> None:
        listed = [*(PROVIDERS[name] for name in devices), "CPUExecutionProvider"]
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: listed)
        monkeypatch.setattr(onnxruntime, "InferenceSession", session)

    return has


@pytest.mark.parametrize(
    ("session", "reason"),
    [(Falling, "fell back to the CPU: no libcublas\\)"), (Failing, "driver is too old for")],
)
def test_a_device_that_does_not_work_is_an_error_if_named_and_passed_over_by_auto(
    pretend: Any, monkeypatch: pytest.MonkeyPatch, session: type, reason: str
) -> None:
    pretend("cuda", session=session)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: print("no libcublas\nmore"))
    with pytest.raises(ConfigError, match=f"'cuda' cannot be used here.*{reason}"):
        open_session(RNET, device="cuda")
    with pytest.warns(RuntimeWarning, match=reason):
        auto = open_session(RNET, device="auto")
    assert auto.get_providers() == ["CPUExecutionProvider"]
    with pytest.raises(ModelFileError, match="not a model"):  # the file's fault, not the device's
        open_session(b"no model", device="cuda")


def test_a_device_that_works_is_used_by_every_network(pretend: Any) -> None:
    pretend("cuda", session=Working)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recognizer = mien.Recognizer("mtcnn", device="cuda")
    detector: Any = recognizer.detector
    assert isinstance(recognizer.classifier, OnnxClassifier)
    for session in (recognizer.classifier._session, detector._pnet, detector._onet):
        assert session.get_providers() == ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert recognizer.image(ASTRONAUT)[0].expression == "happiness"
    assert open_session(RNET).get_providers() == ["CPUExecutionProvider"]  # not by default


def test_the_default_opens_what_it_always_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("providers of a GPU are asked for")

    asked: list[list[str]] = []

    class Recording(REAL):  # type: ignore[misc]
        def __init__(self, *args: Any, providers: list[str], **more: Any) -> None:
            asked.append(providers)
            super().__init__(*args, providers=providers, **more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Recording)
    open_session(RNET)
    assert asked == [["CPUExecutionProvider"]]


def test_plug_ins_without_a_device_keep_working_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch, pretend: Any
) -> None:
    pretend("cuda", session=Working)

    class Own:
        facts = DetectorFacts(name="own", summary="nothing", landmarks=False)
        score_threshold = 0.0

        def detect(self, image: Any, score_threshold: float | None = None) -> list[Any]:
            return []

    monkeypatch.setitem(detectors._factories, "own", Own)
    monkeypatch.setitem(classifiers._factories, "own", lambda threads=None: OnnxClassifier(DEFAULT))
    with pytest.warns(RuntimeWarning, match="detector 'own' takes no device.* not on cuda"):
        load_detector("own", device="cuda")
    with pytest.warns(RuntimeWarning, match="classifier 'own' takes no device"):
        load_classifier("own", device="cuda")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for device in (None, "cpu", "auto"):
            load_detector("own", device=device)
            load_classifier("own", device=device)
        load_detector("none", device="cuda")  # has no network


def test_the_real_onnx_runtime_says_what_it_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    lacking = [
        name for name in INSTALL if PROVIDERS[name] not in onnxruntime.get_available_providers()
    ]
    assert lacking  # no build has all of them
    for name in lacking:
        assert run("analyze", ASTRONAUT, "--device", name) == 2
        error = capsys.readouterr().err
        assert f"device '{name}' is not in the installed ONNX Runtime" in error
        assert INSTALL[name] in error and error.count("\n") == 1
    assert run("doctor") == 0
    printed = capsys.readouterr().out
    assert "device cpu:           works" in printed
    assert all(f"needs {INSTALL[name]}" in printed for name in lacking)


def test_every_device_answers_alike() -> None:
    crops = [np.random.default_rng(0).integers(0, 255, (48, 48), np.uint8)]
    expected = load_classifier("default").classify(crops)
    assert np.allclose(
        load_classifier("default", device="auto").classify(crops), expected, atol=1e-2
    )
