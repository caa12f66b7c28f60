"""Names → detectors, classifiers, datasets and architectures.

One decorator a kind stores a class, or a function that makes what the kind is. Third parties reach
the same tables through entry points, for example::

    [project.entry-points."mien.detectors"]
    mydetector = "mypackage.detector"       # a module that calls @register_detector("mydetector")

The built-ins come through the same door: each table names the modules that hold them, and a module
is imported only when one of its names is asked for.
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
        """Decorator that stores a class or factory under ``name``; a taken name is an error."""

        def store(factory: T) -> T:
            if self._factories.get(name, factory) is not factory:
                raise MienError(f"{self.kind} {name!r} is registered already")
            self._factories[name] = factory
            return factory

        return store

    def _modules(self) -> dict[str, str]:
        from importlib.metadata import entry_points  # here, since it takes long to import

        plugins = {e.name: e.module for e in entry_points(group=f"mien.{self.kind}s")}
        return {**plugins, **self._builtin, **dict.fromkeys(self._factories, "")}

    def names(self) -> list[str]:
        """Every name there is, sorted; imports nothing."""
        return sorted(self._modules())

    def get(self, name: str, hint: str = "") -> Callable[..., Any]:
        """The class or factory behind ``name``; ``UnknownNameError`` lists the names there are.

        ``hint`` ends that message: what else may be given. Raises ``MienError`` where the
        module of a third party fails.
        """
        if name not in self._factories:
            # Built-ins first: asking the installed packages for entry points costs milliseconds.
            module = self._builtin.get(name) or self._modules().get(name)
            if module is None:
                raise UnknownNameError(self.kind, name, self.names(), hint)
            if name in self._builtin:
                import_module(module)
            else:
                self._import_plugin(name, module)
        if name not in self._factories:
            raise MienError(f"module {module} was to register {self.kind} {name!r} and did not")
        return self._factories[name]

    def _import_plugin(self, name: str, module: str) -> None:
        try:
            import_module(module)
        except Exception as error:  # a third party's module may raise anything
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise MienError(
                f"{self.kind} {name!r} comes from the entry point 'mien.{self.kind}s' and its "
                f"module {module} cannot be imported ({reason}): mend or uninstall its package"
            ) from error


detectors = Registry(
    "detector",
    {
        "faster_rcnn": "mien.detectors.onnx",
        "haar": "mien.detectors.haar",
        "mtcnn": "mien.detectors.mtcnn.detector",
        "none": "mien.detectors.whole",
        "yunet": "mien.detectors.yunet",
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
