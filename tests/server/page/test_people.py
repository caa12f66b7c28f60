"""The views of persons in a real browser, on a server with the simulated log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra 'server' is not installed")
pytest.importorskip("uvicorn", reason="the extra 'server' is not installed")
pytest.importorskip("sqlalchemy", reason="the extra 'log' is not installed")

from tests.server.support.people import make_log, serving_people, visit
from tests.server.support.tabs import DESKTOP, PHONE, download, focused, tab, violations

SIZES = {"phone": PHONE, "desktop": DESKTOP}
LAST_DAY = """new Intl.DateTimeFormat("en-US", {dateStyle: "medium", timeZone: "UTC"})
  .format(new Date(document.querySelector("#field-until").value))"""
SMILING = ".panel[data-measure=smiling]"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_log(tmp_path_factory.mktemp("log"))


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory, log: Path) -> Iterator[Any]:
    """A server for tests that change nothing which another one looks at."""
    with serving_people(tmp_path_factory.mktemp("ward"), log) as served:
        yield served
        assert served.faults == []


@pytest.fixture
def own(tmp_path: Path, log: Path) -> Iterator[Any]:
    """A server of one test, which may change anything."""
    with serving_people(tmp_path, log) as served:
        yield served
        assert served.faults == []


def test_two_windows_answer_alerts_with_keys(browser: Any, own: Any) -> None:
    with visit(browser, own, "people", "care") as one, visit(browser, own, "people/anna") as two:
        for page in (one, two):
            page.wait_for_selector(".alert-card.open >> nth=1")
        one.keyboard.press("a")
        two.wait_for_selector(".alert-card.acknowledged", timeout=6000)
        assert "by the care" in two.inner_text(".alert-card.acknowledged")
        one.wait_for_selector(".alert-card.acknowledged")
        one.keyboard.press("j")  # the acknowledged one, then the next
        one.keyboard.press("j")
        assert "expressivity changed" in focused(one)
        one.keyboard.press("r")
        one.keyboard.type("was moved to another chair")
        for key in ("Tab", "Tab", "Enter"):
            one.keyboard.press(key)
        two.wait_for_selector(".alert-card.resolved", timeout=6000)
        assert "was moved to another chair" in two.inner_text(".alert-card.resolved")
        acknowledged = two.locator(".alert-card.acknowledged")
        for button, text in (("note", "looked in"), ("explain", "her hip hurt")):
            if button == "explain":
                acknowledged.locator("[data-does=useful-true]").click()
            acknowledged.locator(f"[data-does={button}]").click()
            two.fill("#field-note", text)
            two.click("dialog .primary")
            two.wait_for_selector(f".said:has-text('the admin: {text}')")
    with own.client("watch") as client:
        asked = {"state": "all", "person": "anna"}
        found = client.get("/v1/log/alerts", params=asked).json()["alerts"]
    states = {alert["rule"]: alert["state"] for alert in found}
    assert [alert["feedback_note"] for alert in found if alert["useful"]] == ["her hip hurt"]
    assert states == {"smiling changed": "acknowledged", "expressivity changed": "resolved"}


def test_charts_and_tables_show_what_the_log_says(browser: Any, ward: Any) -> None:
    with ward.client("watch") as client:
        trends = client.get("/v1/log/persons/anna/trends").json()
    (smiling,) = (each for each in trends["measures"] if each["name"] == "smiling")
    known = [day for day in smiling["days"] if day["value"] is not None]
    changed = [day for day in known if day["alarm"]]
    silent = sum(bool(day["reason"]) for day in trends["days"])
    with visit(browser, ward, "people/anna", "watch") as page:
        page.wait_for_selector(f"{SMILING} svg")
        drawn = {
            kind: page.locator(f"{SMILING} svg .{kind}").count()
            for kind in ("dot", "alarm", "flag", "silent", "restart")
        }
        assert drawn == {
            "dot": len(known) - len(changed), "alarm": len(changed), "flag": 1, "silent": silent,
            "restart": sum(day["restart"] for day in trends["days"]),
        }  # fmt: skip
        assert min(drawn.values()) > 0
        label = page.get_attribute(f"{SMILING} svg", "aria-label")
        assert f"smiled {known[-1]['value']:.0%} of the time" in label
        page.click(f"{SMILING} summary")
        rows = [row.split("\t") for row in page.inner_text(f"{SMILING} tbody").splitlines()]
        assert [row[1] for row in rows] == [share(day["value"]) for day in smiling["days"][::-1]]
        page.click("[data-by=week]")
        monday = date.fromisoformat(trends["to"])
        monday -= timedelta(days=monday.weekday())
        week = [day["value"] for day in known if day["date"] >= monday.isoformat()]
        assert page.inner_text(f"{SMILING} .value b") == f"{np.median(week):.0%}"


def share(value: float | None) -> str:
    """As ``mien.monitor.measures`` writes it, and English tables."""
    if value is None:
        return "–"
    return f"{value:.1%}".replace(".0", "") if 0 < value < 0.02 else f"{value:.0%}"


def test_the_slider_says_each_day_in_words(browser: Any, ward: Any) -> None:
    with visit(browser, ward, "people/anna", "watch") as page:
        page.wait_for_selector(".panel svg")
        said = page.eval_on_selector(
            ".looker input",
            """(slider) => Array.from({length: Number(slider.max) + 1}, (_, day) => {
                slider.value = day;
                slider.dispatchEvent(new Event("input"));
                return slider.getAttribute("aria-valuetext");
            }).join("\\n")""",
        )
        assert ": no statement: nothing was recorded" in said
        assert "the camera ran, but the face was not seen" in said
        assert ": seen 2." in said and "; smiled " in said


def test_enrol_consent_export_and_erase(browser: Any, own: Any, tmp_path: Path) -> None:
    forgive = ("422", "404")
    with (
        visit(browser, own, "people", forgive=forgive) as page,
        visit(browser, own, "people/dora", "watch", forgive=forgive) as other,
    ):
        for pseudonym in ("not a pseudonym", "room-12"):
            page.click("text=Enrol a person")
            page.fill("#field-pseudonym", pseudonym)
            page.keyboard.press("Enter")
            page.wait_for_selector("#notices .message")
        page.wait_for_selector("h1:has-text('room-12')")
        page.wait_for_selector("text=Nothing is recorded yet")
        page.click("text=Note a consent")
        page.fill("#field-given_by", "her daughter")
        page.fill("#field-purpose", "to see early when help may be needed")
        page.check("#field-pictures")
        until = page.evaluate(LAST_DAY)
        page.keyboard.press("Enter")
        page.wait_for_selector(f".chip.good:has-text('Consent until {until}')")
        assert focused(page) == "Note a consent"
        page.click("text=Keep no more pictures")
        page.click("dialog button.danger")
        page.wait_for_selector("text=to pictures: withdrawn")
        assert not page.locator("text=Keep no more pictures").count()
        page.click("text=Withdraw consent")
        page.click("dialog button.danger")
        page.wait_for_selector(".chip.warn:has-text('Consent withdrawn')")
        page.goto(f"{own.url}/#/people/bert")
        page.wait_for_selector(".panel svg")
        page.click("text=Show the recordings")
        page.click(".sessions button.danger")
        page.click("dialog button.danger")
        page.wait_for_selector("text=Nothing is recorded of this person yet")
        page.wait_for_selector("text=Nothing is recorded yet")  # the days are read again
        page.goto(f"{own.url}/#/people/dora")
        page.wait_for_selector(".panel svg")
        page.select_option("#export-format", "jsonl")
        file = download(page, "button:has-text('Export')", tmp_path)
        kinds = {json.loads(line)["table"] for line in file.read_text().splitlines()}
        assert {"observations", "hours", "consents"} <= kinds
        page.click("text=Erase dora…")
        page.fill("#ask-word", "anna")
        assert page.is_disabled("dialog button.danger")
        page.fill("#ask-word", "dora")
        page.keyboard.press("Enter")
        page.wait_for_selector(".certificate h1")
        assert focused(page) == "Certificate of erasure"
        assert "exported on" in page.inner_text(".certificate")
        text = download(page, ".certificate button.primary", tmp_path).read_text()
        assert text.startswith("Certificate of erasure") and "dora" not in text
        other.wait_for_selector("h1:has-text('No person “dora” is enrolled')", timeout=8000)
    with own.client("admin") as client:
        assert client.get("/v1/log/persons/dora").status_code == 404


@pytest.mark.parametrize("role", ["watch", "care"])
def test_a_low_role_is_told_what_it_may_not(browser: Any, ward: Any, role: str) -> None:
    with visit(browser, ward, "people/anna", role) as page:
        page.wait_for_selector(".panel svg")
        text = page.inner_text("main")
        assert ("Answering alerts needs" in text) is (role == "watch")
        assert page.locator("text=Acknowledge").count() == 2 * (role == "care")
        assert "Exporting needs the role" in text and "Erasing needs the role" in text
        assert page.locator("button.danger").all_inner_texts() == (
            ["Withdraw consent"] if role == "care" else []
        )
        with page.expect_popup() as opened:
            page.click("text=Open report")
        opened.value.wait_for_selector("h1")
        assert "anna" in opened.value.title()
        if role == "watch":
            page.keyboard.press("a")
            page.keyboard.press("r")
            assert not page.locator("dialog, #notices .message").count()


def test_pages_without_persons_say_what_to_do(
    browser: Any, ward: Any, house: Any, tmp_path: Path
) -> None:
    from mien.log.opening import create_log

    with visit(browser, ward, "people", "analyse") as page:
        assert "needs the role" in page.inner_text("main") and violations(page) == []
    with visit(browser, ward, "people/nobody", forgive=("404",)) as page:
        assert "No person “nobody” is enrolled" in page.inner_text("main")
    with tab(browser, f"{house.url}/#/people") as page:
        assert "mien serve --log" in page.inner_text("main")
    create_log(tmp_path / "empty.db").close()
    empty = serving_people(tmp_path, tmp_path / "empty.db")
    with empty as served, visit(browser, served, "people") as page:
        assert "No person yet" in page.inner_text("main")
        assert page.locator("button:has-text('Enrol')").count() == 1


def test_keyboard_alone_from_the_list_to_a_table(browser: Any, ward: Any) -> None:
    with visit(browser, ward, "people", "watch") as page:
        page.wait_for_selector(".persons a")
        tab_to(page, "dora")
        page.wait_for_selector("h1:has-text('dora')")
        assert focused(page) == "dora"
        page.wait_for_selector(".panel svg")
        tab_to(page, "Table: Smiling")
        page.wait_for_selector(".panel table")


def tab_to(page: Any, text: str) -> None:
    """Press Tab until ``text`` has the focus, then Enter."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == text:
            return page.keyboard.press("Enter")
    raise AssertionError(f"Tab does not reach {text!r}")


def test_axe_finds_nothing_on_all_persons(browser: Any, ward: Any) -> None:
    with visit(browser, ward, "people", color_scheme="dark", size=PHONE) as page:
        page.wait_for_selector(".alert-card")
        assert violations(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, own: Any, size: str, scheme: str) -> None:
    options = {"color_scheme": scheme, "size": SIZES[size]}
    with own.client("admin") as client:  # consent to pictures, an alert that was judged
        given = {"given_by": "her daughter", "purpose": "care", "pictures": True}
        assert client.post("/v1/log/persons/anna/consents", json=given).is_success
        (first, *_) = client.get("/v1/log/alerts", params={"person": "anna"}).json()["alerts"]
        judged = {"useful": True, "note": "she had slept badly"}
        answer = client.post(f"/v1/log/alerts/{first['number']}/feedback", json=judged)
        assert answer.is_success
    for place in ("people", "people/anna", "people/bert", "people/carla", "models"):
        with visit(browser, own, place, **options) as page:
            if place.endswith(("anna", "bert")):
                page.wait_for_selector(".panel svg")
                page.locator(".panel summary").first.click()
            page.wait_for_timeout(500)
            assert violations(page) == [], place
            if place == "people":
                page.wait_for_selector(".alert-card")
                page.click("text=How useful each rule was")
                page.click(".segments >> text=All")
                page.wait_for_selector(".alert-card.resolved")
                assert violations(page) == [], "all alerts"
                check_dialog(page, "Enrol a person")
            if place == "people/anna":
                page.click("text=Show the recordings")
                page.wait_for_selector(".sessions li")
                assert violations(page) == [], "recordings"
                for button in DIALOGS:
                    check_dialog(page, button)
                erase(page, "anna")
                assert violations(page) == [], "certificate"


DIALOGS = (
    "Resolve…", "Note…", "Change why…", "Note a consent", "Keep no more pictures",
    "Withdraw consent", "Remove", "Erase anna…",
)  # fmt: skip


def check_dialog(page: Any, button: str) -> None:
    """Open what ``button`` opens, let axe look at it, and close it with the keyboard."""
    page.locator(f"button:has-text('{button}')").first.click()
    page.wait_for_selector("dialog[open]")
    assert violations(page) == [], button
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert button in focused(page)


def erase(page: Any, person: str) -> None:
    page.click(f"text=Erase {person}…")
    page.fill("#ask-word", person)
    page.keyboard.press("Enter")
    page.wait_for_selector(".certificate h1")


@pytest.mark.slow
def test_axe_finds_nothing_where_the_camera_is_recorded_to_the_log(browser: Any, own: Any) -> None:
    with visit(browser, own, "live", "care", permissions=["camera"], size=PHONE) as page:
        page.click("text=Start the camera")
        page.wait_for_selector(".person-now")
        check_dialog(page, "Record to log")


def test_what_is_drawn_anew_stays_as_it_was(browser: Any, own: Any) -> None:
    with visit(browser, own, "people/anna") as page:
        page.wait_for_selector(f"{SMILING} svg")
        page.click(f"{SMILING} summary")
        page.focus("#day-looked-at")
        page.keyboard.press("ArrowLeft")
        day = page.inner_text(".looker .day")
        with own.client("care") as client:  # in another window
            (first, *_) = client.get("/v1/log/alerts", params={"person": "anna"}).json()["alerts"]
            client.post(f"/v1/log/alerts/{first['number']}/acknowledgement", json={})
        page.wait_for_selector(".alert-card.acknowledged")
        page.wait_for_timeout(300)
        assert page.inner_text(".looker .day") == day
        assert focused(page) == "day-looked-at"
        assert page.locator(f"{SMILING} table").count() == 1
