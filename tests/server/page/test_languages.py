"""The files of languages: whole, with the same gaps to fill, and read by the browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import mien
from mien.monitor.measures import MEASURES
from tests.server.support.tabs import tab

LANG = Path(mien.__file__).parent / "server" / "page" / "lang"
LISTED = {
    entry["code"]: entry["name"] for entry in json.loads((LANG / "languages.json").read_text())
}
OTHERS = sorted(set(LISTED) - {"en"})


def texts(code: str) -> dict[str, str]:
    """Path of each text → the text; plural forms have paths of their own."""

    def walk(book: dict[str, Any], before: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, value in book.items():
            path = f"{before}{key}"
            found |= walk(value, f"{path}.") if isinstance(value, dict) else {path: value}
        return found

    return walk(json.loads((LANG / f"{code}.json").read_text()), "")


def gaps(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_file_is_listed() -> None:
    files = {path.stem for path in LANG.glob("*.json")} - {"languages"}
    assert files == set(LISTED) and all(LISTED.values())


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_every_text(code: str) -> None:
    english, other = texts("en"), texts(code)
    assert sorted(set(english) - set(other)) == [], "missing"
    assert sorted(set(other) - set(english)) == [], "no longer used"
    assert all(other[path].strip() or not english[path].strip() for path in other)
    assert [path for path in english if gaps(english[path]) != gaps(other[path])] == []


@pytest.mark.parametrize("code", LISTED)
def test_words_say_what_a_face_showed_and_not_what_a_person_felt(code: str) -> None:
    said = [text for path, text in texts(code).items() if ".says" in path]
    assert len(said) == 2 * 8
    verbs = "is|was|feels|felt|ist|war|fühlte|est|était|ressent|es|está|siente"
    states = "sad|happy|angry|traurig|glücklich|wütend|triste|heureu|content|feliz|enfad"
    assert not [text for text in said if re.search(rf"\b({verbs}) ({states})", text)]


def details() -> list[str]:
    """A sentence of each measure, and one of each other rule, as alerts carry them."""
    found = [measure.says(0.08, 0.15) for measure in MEASURES.values()]
    return [
        *found, f"from 9:00 to 12:00 {found[0]}", f"{found[-1]}; so little for 3 days in a row",
        "not seen for 26.4 hours between 08:00 and 21:00", "no picture from door for 31 minutes",
        "the disk is nearly full: 4.2% is free", "the clock jumped back by 130 s",
        "the clock jumped forward by 130 s", "the condition ended",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "code", ["de", *(pytest.param(code, marks=pytest.mark.slow) for code in OTHERS if code != "de")]
)
def test_alerts_are_told_in_the_language(browser: Any, house: Any, code: str) -> None:
    script = "(all) => import('/js/people/details.js').then(({detail}) => all.map(detail))"
    with tab(browser, f"{house.url}/#/models", locale=code) as page:
        assert page.get_attribute("html", "lang") == code
        told = page.evaluate(script, details())
        assert page.evaluate(script, ["words of another program"]) == ["words of another program"]
    for before, after in zip(details(), told, strict=True):
        assert after != before and "{" not in after and "people." not in after
        values = re.findall(r"\d+ %", before)
        assert all(re.search(rf"\b{value[:-2]}\s?%", after) for value in values)


def test_a_language_can_be_added_and_english_stands_in_for_what_it_lacks(
    browser: Any, house: Any
) -> None:
    context = browser.new_context(locale="it-IT")
    page = context.new_page()
    listed = [{"code": "en", "name": "English"}, {"code": "it", "name": "Italiano"}]
    page.route("**/lang/languages.json", lambda route: route.fulfill(json=listed))
    added = {"models": {"heading": "Modelli e dati"}}
    page.route("**/lang/it.json", lambda route: route.fulfill(json=added))
    page.goto(f"{house.url}/#/models")
    page.wait_for_selector("main h1")
    assert page.inner_text("main h1") == "Modelli e dati"
    assert page.inner_text(".places [data-view=live]") == "Live"
    assert page.locator(".language option").all_inner_texts() == ["English", "Italiano"]
    context.close()


def test_numbers_and_dates_follow_the_language(browser: Any, house: Any) -> None:
    script = """import('/js/i18n.js').then(({number, percent, date}) =>
        [number(1234.5), percent(0.0512, 1), date('2026-03-01T12:00:00Z')])"""
    days = """import('/js/i18n.js').then(({ago, moment}) => {
        const now = new Date('2026-11-27T16:00');
        return [ago('2026-11-16T00:00', now), moment('2026-11-26T19:00', now)];
    })"""
    shown = {}
    for code in ("en-GB", "de-DE"):
        with tab(browser, f"{house.url}/#/models", locale=code, timezone_id="UTC") as page:
            shown[code] = page.evaluate(script)
            said = page.evaluate(days)
            if code == "en-GB":
                assert said == ["11 days ago", "yesterday, 19:00"]
    assert shown["en-GB"] == ["1,234.5", "5.1%", "1 Mar 2026"]
    assert shown["de-DE"] == ["1.234,5", "5,1\N{NO-BREAK SPACE}%", "01.03.2026"]


def test_no_line_of_french_begins_with_a_sign(browser: Any, house: Any) -> None:
    script = """import('/js/i18n.js').then(({t}) => [
        t('people.was_useful'), t('people.alerts_may_not', {role: 'x'}),
        t('people.sessions.number', {number: '2'}), t('people.details.between', {rest: 'y'})])"""
    with tab(browser, f"{house.url}/#/models", locale="fr-FR") as page:
        said = "".join(page.evaluate(script))
    assert not re.search(r" [;:?!»…]|« |N° ", said)
    assert re.search("utile\u202f\\?.*«\u00a0x\u00a0».*N°\u00a02.* \\{to\\}\u00a0:", said)
