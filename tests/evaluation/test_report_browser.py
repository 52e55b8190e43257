"""The report in a real browser: the map opens its questions, by mouse or keyboard, on a desk or a phone."""

import os
import runpy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from failwise.evaluation.report import ReportData, write_report

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser

SAMPLE = runpy.run_path(str(Path(__file__).with_name("test_report.py")))
DESK, PHONE = (1280, 900), (390, 844)
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
FACT = "pump/indicatedBy/bearing-damage/vibration"
WORDS = "On a pump, bearing damage is indicated by vibration."


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not path:
        pytest.skip("no Chromium found; name one in the environment variable CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield started
        started.close()


@contextmanager
def opened(
    browser: Any, folder: Path, data: ReportData, size: tuple[int, int] = DESK, *, fact: str = ""
) -> Iterator[Any]:
    """Open a report; console errors, page errors and requests that leave the disk fail the test."""
    path = write_report(data, folder / "report.html")
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    trouble: list[str] = []

    def note(text: str, wrong: bool = True) -> None:
        if wrong:
            trouble.append(text)

    def dismiss(dialog: Any) -> None:
        note(dialog.message)
        dialog.dismiss()

    page.on("console", lambda message: note(message.text, message.type in ("error", "warning")))
    page.on("pageerror", lambda error: note(str(error)))
    page.on("request", lambda request: note(request.url, not request.url.startswith("file:")))
    page.on("dialog", dismiss)
    page.goto(path.as_uri() + (f"#fact={fact}" if fact else ""))
    yield page
    page.close()
    assert trouble == []


def cell(page: Any, words: str) -> Any:
    return page.locator(f'#maps .cell[title^="{words}"]')


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_click_shows_the_questions_and_answers_of_a_fact(browser: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    with opened(browser, tmp_path, SAMPLE["sample"](), size) as page:
        assert fits(page)
        assert not page.locator("#panel").is_visible()
        cell(page, WORDS).click()
        panel = page.locator("#panel")
        assert panel.locator("h2").inner_text() == WORDS
        assert FACT in panel.inner_text()
        assert "3 of 6 right, where guessing has 25" in panel.locator(".why").inner_text()
        assert panel.locator(".question").count() == 6
        first = panel.locator(".question").first
        assert "what goes with Bearing damage, wording 0?" in first.inner_text()
        assert first.locator(".options li").count() == 4
        assert "right answer · the student\u2019s choice" in first.locator("li.right").inner_text()
        assert "71" in first.locator("li.right .p").inner_text()
        assert "the base\u2019s choice" in first.inner_text()
        assert fits(page)
        page.keyboard.press("Escape")
        assert not panel.is_visible()


def test_a_rationale_resolves_what_it_cites(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path, SAMPLE["sample"]()) as page:
        cell(page, WORDS).click()
        reason = page.locator("#panel details", has_text="Rationale by graph").first
        reason.locator("summary").click()
        assert "It holds, as [1] says." in reason.locator("p").inner_text()
        assert reason.locator("ol li").inner_text() == WORDS


def test_questions_that_only_mention_a_fact_stand_apart(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path, SAMPLE["sample"](), fact="pump%2FhasFailureMode%2Fpump%2Fbearing-damage") as page:
        fold = page.locator("#panel > details")
        assert fold.locator(".question").count() == 0
        fold.locator("summary").first.click()
        fold.locator(".question").first.wait_for()
        assert fold.locator(".question").count() == 20
        fold.locator("button", has_text="Show more").click()
        assert fold.locator(".question").count() == 40


def test_the_map_is_walked_and_opened_from_the_keyboard(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path, SAMPLE["sample"]()) as page:
        assert page.locator('.grid .cell[tabindex="0"]').count() == 1
        start = page.locator('.grid .cell[tabindex="0"]')
        start.focus()
        place = "[+document.activeElement.dataset.row, +document.activeElement.dataset.column]"
        for key, where in (("ArrowRight", [0, 1]), ("ArrowDown", [1, 1]), ("End", [1, 5]), ("Home", [1, 0])):
            page.keyboard.press(key)
            assert page.evaluate(place) == where
        chosen = page.evaluate("document.activeElement.dataset.fact")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "panel-title"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.dataset.fact") == chosen
        page.keyboard.press("Space")
        assert page.locator("#panel").is_visible()


def test_a_weak_fact_leads_to_its_cell_on_another_asset_class(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path, SAMPLE["sample"]()) as page:
        page.locator("#holes a", has_text="On a fan, bearing damage").first.click()
        assert page.locator("#panel h2").inner_text().startswith("On a fan, bearing damage")
        assert page.locator("#asset").input_value() == "Fan"
        assert page.locator("#maps .cell.at").count() == 1


def test_the_legend_and_the_finder_narrow_the_map(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path, SAMPLE["sample"]()) as page:
        page.locator(".legend button", has_text="wrong").click()
        lit = page.locator("#maps .cell:not(.dim)")
        assert lit.count() == page.locator("#maps .cell.s-wrong").count() > 0
        page.locator("#find").fill("bearing")
        assert page.locator(".grid tbody tr").count() == 1
        assert "bearing" in page.locator("#told").inner_text()
        page.locator("#find").fill("nothing like it")
        assert "Nothing here is called" in page.locator("#told").inner_text()


def test_a_column_sorts_both_ways(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path, SAMPLE["sample"]()) as page:
        page.locator("#groups summary", has_text="Failure mode").click()
        table = page.locator("#groups table", has_text="Looseness")
        for ascending in (False, True):
            table.locator("th button", has_text="Right").click()
            shares = table.locator("tbody td.strong").evaluate_all("all => all.map(one => +one.dataset.v)")
            assert shares == sorted(shares, reverse=not ascending)


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("text", SAMPLE["ATTACKS"])
def test_hostile_labels_run_nothing_and_fit(browser: Any, tmp_path: Path, size: tuple[int, int], text: str) -> None:
    with opened(browser, tmp_path, SAMPLE["hostile"](text), size) as page:
        assert fits(page)
        page.locator(".grid .cell").first.click()
        assert page.locator("#panel").is_visible()
        assert fits(page)


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_empty_reports_open(browser: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    empty = replace(SAMPLE["sample"](), rows=(), audits=(), rollups=(), questions=(), answers=())
    untested = replace(SAMPLE["sample"](), questions=(), answers=(), base_answers=(), rationales=())
    with opened(browser, tmp_path, empty, size) as page:
        assert "No fact was audited" in page.locator("#map").inner_text()
        assert fits(page)
    with opened(browser, tmp_path, untested, size) as page:
        page.locator(".grid .cell").first.click()
        assert "No question here tests it" in page.locator("#panel").inner_text()


def test_print_shows_every_asset_class(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path, SAMPLE["sample"]()) as page:
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#maps .map").count() == 6
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.locator("#maps .map").count() == 3
