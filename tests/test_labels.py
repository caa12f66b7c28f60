from __future__ import annotations

import pytest

from mien.errors import InputError
from mien.labels import FER2013, FERPLUS, canonical


def test_orders_are_those_of_the_published_files() -> None:
    # Kaggle: "0=Angry, 1=Disgust, 2=Fear, 3=Happy, 4=Sad, 5=Surprise, 6=Neutral".
    kaggle = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
    assert tuple(canonical(word) for word in kaggle) == FER2013
    # The header of Microsoft's fer2013new.csv, after "Usage,Image name".
    header = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    assert tuple(header.split(",")[:8]) == FERPLUS
    assert set(FERPLUS) - set(FER2013) == {"contempt"}


@pytest.mark.parametrize("noun", FERPLUS)
def test_nouns_are_their_own_name(noun: str) -> None:
    assert canonical(noun) == canonical(f" {noun.upper()} ") == noun


def test_an_unknown_word_gets_the_nearest() -> None:
    with pytest.raises(InputError, match=r"'hapy' names no expression; did you mean 'happy'\?"):
        canonical("hapy")
    with pytest.raises(InputError, match="known: anger, contempt"):
        canonical("xyzzy")
