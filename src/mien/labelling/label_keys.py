"""The labels that raters choose from; the order gives their keys."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from mien.errors import ConfigError, InputError
from mien.escaping import for_csv, for_terminal
from mien.labels import FERPLUS, canonical

KEYS = "1234567890"
"""The key of each label, in their order."""
LONGEST = 40
"""Characters of a label."""


def parse_labels(text: str | None) -> tuple[str, ...]:
    """The labels in a list such as ``bored,pain,drowsy``; the eight expressions for ``None``.

    Where every name is a spelling of an expression, they become its nouns. Raises ``ConfigError``.
    """
    if text is None:
        return FERPLUS
    names = tuple(name.strip() for name in text.split(","))
    with suppress(InputError):  # labels of one's own
        names = tuple(map(canonical, names))
    check_labels(names)
    return names


def check_labels(names: Sequence[str]) -> None:
    """Raise ``ConfigError`` unless ``names`` can be labels that each have a key."""
    if not 2 <= len(names) <= len(KEYS):
        raise ConfigError(
            f"{len(names)} label{'s' * (len(names) != 1)}: give 2 to {len(KEYS)}, one for each "
            "digit key, such as --labels bored,pain,drowsy"
        )
    for name in names:
        if not name or len(name) > LONGEST:
            raise ConfigError(f"a label has 1 to {LONGEST} characters, not {len(name)}: {name!r}")
        if for_terminal(name) != name or for_csv(name) != name:
            raise ConfigError(
                f"the label {name!r} begins like a formula or has characters that cannot be seen: "
                "use letters and digits"
            )
    if len({name.casefold() for name in names}) < len(names):
        raise ConfigError(f"a label is given twice: {', '.join(names)}")
