"""The files that ``mien evaluate`` writes of a classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mien.cli.support.output_files import Targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mien.cli.evaluate.data import Data
    from mien.cli.evaluate.given import Model
    from mien.evaluation.classification.measures import Evaluation
    from mien.evaluation.classification.predictions import Predictions
    from mien.reports.figures.classification.evaluation import Material

MISTAKES = 24
EXPLAINED = 6


@dataclass(frozen=True, slots=True)
class Outputs:
    """What was asked for; ``None`` and empty: not."""

    targets: Targets
    explain: Sequence[str]
    """Keys of pictures, and numbers of examples."""
    method: str

    def check_targets(self) -> None:
        """Raise now what would stand in the way of a file after the work."""
        from mien.errors import ConfigError

        self.targets.check()
        if self.explain and not self.targets.shows:
            raise ConfigError("--explain needs --figures DIR or --html FILE to draw into")

    def check_explanation(self, model: Model, data: Data, split: str) -> None:
        """Raise now what would stand in the way of the explanations."""
        from mien.errors import ConfigError, InputError, nearest

        if self.method == "gradcam" and not model.is_run:
            raise ConfigError(
                f"Grad-CAM needs the folder of a training run, and {model.source} is none: "
                "choose --explain-with occlusion"
            )
        if self.method == "gradcam" and self.targets.shows:
            self._explainer(model)(np.zeros((model.classifier.spec.input_size,) * 2, np.uint8))
        keys = [text for text in self.explain if not text.isdecimal()]
        if keys and split in data.dataset.splits():  # else a better message comes later
            known = [sample.key for sample in data.dataset.samples(split)]
            for key in keys:
                if key not in known:
                    near = nearest(key, known)
                    hint = f"did you mean {near!r}?" if near else f"the first is {known[0]!r}"
                    raise InputError(f"no picture {key!r} in split {split!r}: {hint}")

    def write(
        self,
        model: Model,
        data: Data,
        predictions: Predictions,
        found: Evaluation,
        warnings: Sequence[str],
        path: str,
        command: str,
    ) -> None:
        """Write every file that was asked for; ``path`` is the data's. Raises ``OutputError``."""
        if self.targets.figure is not None:
            from mien.reports.figures.classification.confusion import save_confusion

            save_confusion(found, self.targets.figure)
        if not self.targets.shows:
            return
        from mien.reports.classification import CAPTIONS, classification_report
        from mien.reports.figures.classification.evaluation import classification_figures
        from mien.reports.figures.save import png
        from mien.reports.page import Origin, write_report

        material = self._material(model, data, predictions, found)
        pictures = {
            name: png(figure)
            for name, figure in classification_figures(material)
            if self.targets.figures is not None or name in CAPTIONS  # each is drawn once, for both
        }
        self.targets.write_pictures(pictures)
        if self.targets.html is not None:
            origin = Origin(command, model.source, path, warnings)
            spec = model.classifier.spec
            write_report(self.targets.html, classification_report(material, spec, origin, pictures))

    def _material(
        self, model: Model, data: Data, predictions: Predictions, found: Evaluation
    ) -> Material:
        from mien.evaluation.classification.predictions import examples, surest_mistakes
        from mien.reports.figures.classification.crops import read_classified_crops
        from mien.reports.figures.classification.evaluation import Material
        from mien.reports.figures.curves import read_metrics

        chosen: list[int] = []
        for text in self.explain or (str(EXPLAINED),):
            if text.isdecimal():
                chosen += examples(predictions, int(text)).tolist()
            elif text in predictions.keys:  # it may be one that cannot be read
                chosen.append(predictions.keys.index(text))
        explained = read_classified_crops(data.dataset, predictions, list(dict.fromkeys(chosen)))
        explain = self._explainer(model)
        metrics = model.folder and model.folder / "metrics.jsonl"
        return Material(
            predictions,
            found,
            mistakes=read_classified_crops(
                data.dataset, predictions, surest_mistakes(predictions, MISTAKES)
            ),
            explained=explained,
            maps={face.key: explain(face.image) for face in explained},
            method=self.method,
            epochs=read_metrics(metrics) if metrics and metrics.is_file() else (),
        )

    def _explainer(self, model: Model) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        """From one face crop to its map."""
        if self.method == "gradcam":
            from mien.train.checkpoint import load_network
            from mien.train.classification.gradcam import grad_cam

            network, _ = load_network(model.source)
            return lambda crop: grad_cam(network, model.classifier.spec, crop)
        from mien.evaluation.classification.explanation import occlusion

        return lambda crop: occlusion(model.classifier, crop)
