"""The page in headless Chromium: filters, search, pages, links on hover; hostile records run nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chromium import BROWSER, Chromium
from spanport.report import view
from spanport.types import Alignment, ProjectedSpan, Projection, Sentence, Span

pytestmark = [pytest.mark.skipif(BROWSER is None, reason="needs Chromium"), pytest.mark.slow]

EVIL = (
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title = 'owned'\">",
    "\" onpointerover=\"document.title = 'owned'",
    "</mark></article><iframe src='javascript:parent.document.title=1'></iframe>",
    "{{ 7 * 7 }}",
)


def record(number: int) -> Projection:
    evil = EVIL[number % len(EVIL)]
    ana = Span(0, 3, "PER" if number % 3 else evil)
    source, target = Sentence(f"Ana lives {evil}", "eng_Latn", spans=(ana,)), Sentence(f"vive Ana n{number} {evil}")
    spans = (ProjectedSpan(5, 8, ana.label, number / 100, ana),) if number % 4 else ()
    links = Alignment(((0, 1), (1, 0)))
    return Projection(target, spans, source, links, "feasible" if number % 10 == 0 else "optimal")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    folder = tmp_path_factory.mktemp("view")
    (folder / "page.html").write_text(view([record(number) for number in range(47)], "a <b>title</b>"), "utf-8")
    with Chromium(folder / "profile") as browser:
        browser("Emulation.setDeviceMetricsOverride", width=1200, height=900, deviceScaleFactor=1, mobile=False)
        browser.open(folder / "page.html")
        yield browser
        assert browser.evaluate("document.title") == "a <b>title</b>"
        asked = [e["params"]["request"]["url"] for e in browser.events if e["method"] == "Network.requestWillBeSent"]
        assert asked == [(folder / "page.html").as_uri()]
        assert not [event for event in browser.events if event["method"] == "Log.entryAdded"]


def shown(browser: Chromium) -> list[int]:
    """The numbers of the records that are seen."""
    lines = browser.evaluate("[...document.querySelectorAll('article:not([hidden]) footer')].map(f => f.textContent)")
    return [int(line.split()[0]) for line in lines]


def place(browser: Chromium) -> str:
    return str(browser.evaluate("document.getElementById('place').value"))


def choose(browser: Chromium, field: str, value: str) -> None:
    browser.evaluate(
        f"(f => {{ f.value = '{value}'; f.dispatchEvent(new Event('input', {{ bubbles: true }})); }})"
        f"(document.getElementById('{field}'))"
    )


def test_pages_turn_by_key_and_end(browser: Chromium) -> None:
    assert (shown(browser), place(browser)) == (list(range(1, 21)), "1–20 of 47")
    browser.key("j")
    browser.key("ArrowRight")
    browser.key("ArrowRight")
    assert (shown(browser), place(browser)) == (list(range(41, 48)), "41–47 of 47")
    browser.key("k")
    browser.key("ArrowLeft")
    assert place(browser) == "1–20 of 47"


def test_search_by_key_and_out_of_it(browser: Chromium) -> None:
    browser.key("/")
    for letter in "N31":
        browser.key(letter)
    assert (shown(browser), place(browser)) == ([32], "1–1 of 1 (47 without filters)")
    browser.key("Escape")
    choose(browser, "search", "nothing of the kind")
    assert browser.evaluate("document.getElementById('nothing').hidden") is False
    choose(browser, "search", "")


def test_filters_by_status_confidence_and_label(browser: Chromium) -> None:
    choose(browser, "status", "feasible")
    assert shown(browser) == [1, 11, 21, 31, 41]
    choose(browser, "status", "")
    choose(browser, "least", "0.43")
    assert shown(browser) == [44, 46, 47]
    choose(browser, "least", "0")
    browser.evaluate("document.querySelectorAll('#labels input').forEach(i => i.value !== 'none' && i.click())")
    assert shown(browser) == []
    browser.evaluate(
        "[...document.querySelectorAll('#labels label')].find(l => /^ ?PER/.test(l.textContent)).click()"
    )
    assert len(shown(browser)) == 20
    assert all((number - 1) % 3 for number in shown(browser))
    browser.evaluate("document.querySelectorAll('#labels input').forEach(i => i.checked || i.click())")
    assert place(browser) == "1–20 of 47"


def test_hovering_lights_entities_and_draws_links(browser: Chromium) -> None:
    browser.hover("article:nth-of-type(2) .target mark span")
    lit = "document.querySelectorAll('article:nth-of-type(2) mark.lit').length"
    assert browser.evaluate(lit) == 2
    assert browser.evaluate("[...document.querySelectorAll('span.lit')].map(w => w.textContent)") == ["Ana", "Ana"]
    assert browser.evaluate("document.querySelectorAll('article svg path').length") == 1
    browser.hover("article:nth-of-type(3) .source span[data-word='1']")
    assert browser.evaluate("[...document.querySelectorAll('span.lit')].map(w => w.textContent)") == ["lives", "vive"]
    browser.hover("article:nth-of-type(3) footer")
    assert browser.evaluate("document.querySelectorAll('.lit, article svg').length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_page(browser: Chromium, scheme: str) -> None:
    browser("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    colours = browser.evaluate(
        "['color', 'backgroundColor'].map(k => getComputedStyle(document.body)[k].match(/\\d+/g).map(Number)[0])"
    )
    assert abs(colours[0] - colours[1]) > 150
    assert (colours[1] > 128) == (scheme == "light")
