"""Names → detectors, classifiers, datasets and architectures.

Each table has a decorator that stores a class or a factory function under a name. Third parties
register through entry points, for example::

    [project.entry-points."mien.detectors"]
    mydetector = "mypackage.detector"       # a module that calls @register_detector("mydetector")

The built-ins register the same way: each table lists the module of each built-in name, and imports
it when the name is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

from mien.errors import MienError, UnknownNameError

T = TypeVar("T", bound=Callable[..., Any])


class Registry:
    """One table of names. ``builtin`` maps a name to the module whose import registers it."""

    def __init__(self, kind: str, builtin: Mapping[str, str]) -> None:
        self.kind = kind
        self._builtin = dict(builtin)
        self._factories: dict[str, Callable[..., Any]] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that stores a class or factory under ``name``.

        Raises ``MienError`` if another one has that name.
        """

        def add(factory: T) -> T:
            if self._factories.get(name, factory) is not factory:
                raise MienError(f"{self.kind} {name!r} is already registered")
            self._factories[name] = factory
            return factory

        return add

    def _modules(self) -> dict[str, str]:
        from importlib.metadata import entry_points  # here because it is slow to import

        plugins = {e.name: e.module for e in entry_points(group=f"mien.{self.kind}s")}
        return {**plugins, **self._builtin, **dict.fromkeys(self._factories, "")}

    def names(self) -> list[str]:
        """Every known name, sorted; imports nothing."""
        return sorted(self._modules())

    def get(self, name: str, hint: str = "") -> Callable[..., Any]:
        """The class or factory registered as ``name``.

        Raises ``UnknownNameError``, whose message ends with ``hint``, and ``MienError`` if a third
        party's module fails.
        """
        if name not in self._factories:
            # Built-ins first: reading the entry points of installed packages takes milliseconds.
            module = self._builtin.get(name) or self._modules().get(name)
            if module is None:
                raise UnknownNameError(self.kind, name, self.names(), hint)
            if name in self._builtin:
                import_module(module)
            else:
                self._import_plugin(name, module)
        if name not in self._factories:
            raise MienError(f"module {module} does not register {self.kind} {name!r}")
        return self._factories[name]

    def _import_plugin(self, name: str, module: str) -> None:
        try:
            import_module(module)
        except Exception as error:  # a third party's module may raise anything
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise MienError(
                f"{self.kind} {name!r} comes from the entry point 'mien.{self.kind}s' and its "
                f"module {module} cannot be imported ({reason}): fix or uninstall its package"
            ) from error


DEFAULT_DETECTOR = "yunet"
"""The detector that is used where none is named."""
detectors = Registry(
    "detector",
    {
        "auto": "mien.detectors.auto",
        "faster_rcnn": "mien.detectors.onnx",
        "haar": "mien.detectors.haar",
        "mtcnn": "mien.detectors.mtcnn.detector",
        "none": "mien.detectors.whole",
        "yunet": "mien.detectors.yunet.detector",
    },
)
classifiers = Registry("classifier", {"default": "mien.classifiers.onnx"})
datasets = Registry(
    "dataset",
    {
        "affectnet": "mien.datasets.crops.affectnet",
        "affectnet2021": "mien.datasets.crops.affectnet2021",
        "boxes": "mien.datasets.crops.boxes",
        "coco": "mien.datasets.scenes.coco",
        "dataturks": "mien.datasets.scenes.dataturks",
        "fddb": "mien.datasets.scenes.fddb",
        "fer2013": "mien.datasets.crops.fer2013",
        "ferplus": "mien.datasets.crops.ferplus",
        "folder": "mien.datasets.crops.folder",
        "table": "mien.datasets.crops.table",
        "packed": "mien.datasets.packing.packed",
        "voc": "mien.datasets.scenes.voc",
        "wider": "mien.datasets.scenes.wider",
    },
)
architectures = Registry(
    "architecture",
    {
        "cnn": "mien.train.classification.models.cnn",
        "knn": "mien.train.classification.models.fitted",
        "majority": "mien.train.classification.models.fitted",
        "mlp": "mien.train.classification.models.mlp",
        "resnet": "mien.train.classification.models.resnet",
        "timm": "mien.train.classification.models.backbone",
        "unet": "mien.train.classification.models.unet",
    },
)

register_detector = detectors.register
register_classifier = classifiers.register
register_dataset = datasets.register
register_architecture = architectures.register
