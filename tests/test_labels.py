from __future__ import annotations

import pytest

from mien.errors import InputError
from mien.labels import AFFECTNET8, AFFECTNET11, CKPLUS, FER2013, FERPLUS, RAFDB, canonical


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
    with pytest.raises(InputError, match=r"'hapy' is not an expression; did you mean 'happy'\?"):
        canonical("hapy")
    with pytest.raises(InputError, match="known: anger, contempt"):
        canonical("xyzzy")


def test_orders_of_the_gated_data_sets() -> None:
    # AffectNet's readme: "0: Neutral, 1: Happiness, 2: Sadness, 3: Surprise, 4: Fear, 5: Disgust,
    # 6: Anger, 7: Contempt, 8: None, 9: Uncertain, 10: No-Face".
    affectnet = ("Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger", "Contempt")
    assert tuple(canonical(word) for word in affectnet) == AFFECTNET8
    assert (*AFFECTNET8, "none", "uncertain", "non-face") == AFFECTNET11
    # RAF-DB's readme, from 1; CK+'s, from 0.
    rafdb = ("Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral")
    assert tuple(canonical(word) for word in rafdb) == RAFDB
    ckplus = ("neutral", "anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
    assert tuple(canonical(word) for word in ckplus) == CKPLUS


def test_codes_of_two_letters_are_never_suggested() -> None:
    with pytest.raises(InputError, match=r"'face' is not an expression \(known"):
        canonical("face")
