from __future__ import annotations

import pytest

from mien.errors import ConfigError, InputError, NotFoundError
from mien.log import persons
from mien.log.database import Log
from mien.log.times import DAY_MS, now_ms


def test_a_person_has_a_pseudonym_and_consents(any_log: Log) -> None:
    carla = persons.add_person(any_log, "carla-7")
    assert carla.until() == "none" and len(carla.token) == 32
    until = now_ms() + DAY_MS
    carla = persons.give_consent(any_log, "carla-7", "her daughter", "the study", until)
    assert carla.until().startswith("until 20") and carla.consents[0].given_by == "her daughter"
    assert carla.consent(now_ms()) is not None
    assert carla.consent(until) is None  # it has ended then
    assert carla.consent(carla.consents[0].given_ms - 1) is None
    carla = persons.give_consent(any_log, "carla-7", "Carla", "the study")
    assert carla.until() == "no end"
    carla = persons.withdraw_consent(any_log, "carla-7")
    assert carla.until() == "withdrawn" and len(carla.consents) == 2
    with pytest.raises(ConfigError, match="no consent in force"):
        persons.withdraw_consent(any_log, "carla-7")
    with any_log.read() as connection:
        everybody = persons.all_persons(connection)
        assert [one.pseudonym for one in everybody] == ["anna", "ben", "carla-7"]
        ids = [one.id for one in everybody]
        assert persons.consented(connection, ids, now_ms()) == set(ids[:2])


@pytest.mark.parametrize("name", ["", "a b", "anna@home", "-a", "a" * 65, "ä", "a\nb", "../a"])
def test_what_is_no_pseudonym(log: Log, name: str) -> None:
    with pytest.raises(ConfigError, match="is not a pseudonym"):
        persons.add_person(log, name)


def test_mistakes(log: Log) -> None:
    with pytest.raises(ConfigError, match="there is a person 'anna' already"):
        persons.add_person(log, "anna")
    with pytest.raises(InputError, match="no person 'ana' is enrolled: did you mean 'anna'"):
        persons.withdraw_consent(log, "ana")
    with pytest.raises(ConfigError, match="consent needs text under 'purpose'"):
        persons.give_consent(log, "anna", "Anna", " ")
    with pytest.raises(ConfigError, match="has ended already"):
        persons.give_consent(log, "anna", "Anna", "x", now_ms() - 1)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 5000, ""])
def test_a_text_that_is_no_pseudonym_is_nobody(any_log: Log, name: str) -> None:
    with pytest.raises(NotFoundError, match="is enrolled"), any_log.read() as connection:
        persons.find_person(connection, name)
