"""Expression names, and each data set's own order.

Mien writes nouns; it also reads adjectives and other common spellings. Label orders differ between
data sets, and mixing them up is the field's classic bug: an index is never passed on without the
tuple of labels that it indexes.
"""

from __future__ import annotations

from mien.errors import InputError, nearest

FER2013 = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""Order of Kaggle's ``fer2013.csv`` (Goodfellow et al. 2013): ``emotion`` 0 to 6."""

FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""Column order of Microsoft's ``fer2013new.csv`` (Barsoum et al. 2016)."""

AFFECTNET8 = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
"""``expression`` 0 to 7 of AffectNet (Mollahosseini et al. 2017) and of its release of 2021."""

AFFECTNET11 = (*AFFECTNET8, "none", "uncertain", "non-face")
"""``expression`` 0 to 10 of the full AffectNet; the last three are not expressions."""

RAFDB = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
"""Labels 1 to 7 of RAF-DB's ``list_patition_label.txt`` (Li et al. 2017), which counts from 1."""

CKPLUS = ("neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
"""Labels 0 to 7 of CK+'s emotion files (Lucey et al. 2010)."""

# The first of each is the adjective.
_SPELLINGS = {
    "anger": ("angry", "an"),
    "contempt": ("contemptuous", "co"),
    "disgust": ("disgusted", "di"),
    "fear": ("fearful", "scared", "afraid", "fe"),
    "happiness": ("happy", "joy", "smile", "ha"),
    "neutral": ("neutrality", "ne"),
    "sadness": ("sad", "sa"),
    "surprise": ("surprised", "su"),
}
_WORDS = {word: noun for noun, (first, *_) in _SPELLINGS.items() for word in (noun, first)}
_NOUN = {s: noun for noun, others in _SPELLINGS.items() for s in (noun, *others)}


def canonical(name: str) -> str:
    """The noun for any common spelling: ``canonical("Happy") == "happiness"``.

    Raises ``InputError`` for any other word.
    """
    noun = _NOUN.get(name.strip().lower())
    if noun is None:
        near = nearest(name.strip().lower(), [word for word in _NOUN if len(word) > 2])
        hint = f"; did you mean {near!r}?" if near else ""
        raise InputError(f"{name!r} is not an expression{hint} (known: {', '.join(_SPELLINGS)})")
    return noun


def noun_or_adjective(name: str) -> str | None:
    """The noun for the noun or the adjective of an expression, in any case; ``None`` for others.

    Narrower than ``canonical``: among labels of one's own, ``smile`` and ``an`` are words as any.
    """
    return _WORDS.get(name.strip().lower())
