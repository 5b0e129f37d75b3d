"""It fits a small phone with large letters, everything can be hit with a thumb, and axe finds nothing serious."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from axe import clean
from pixels import drawn

pytestmark = pytest.mark.browser
Open = Callable[..., Any]
#: what a thumb has to hit; links and options in running text are made as large
TARGETS = "button, input, select, textarea, summary, a.call, [role=option]"


def small_targets(page: Any) -> list[str]:
    script = """(selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility())
        .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
        .filter(([, box]) => box.height < 47.9 || box.width < 47.9)
        .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""
    return list(page.evaluate(script, TARGETS))


def too_wide(page: Any) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_small_phone_with_letters_twice_as_large(served: Any, phone: Open, lang: str) -> None:
    opened = phone(served, f"/my?lang={lang}#token={served.token}", at=served.border, accuracy=20, size=(320, 640))
    opened.page.wait_for_selector(".card[data-code]")
    opened.page.wait_for_selector(".own")
    opened.page.wait_for_selector(".map canvas")
    assert small_targets(opened.page) == []
    assert too_wide(opened.page) <= 0
    opened.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert too_wide(opened.page) <= 0
    assert small_targets(opened.page) == []


@pytest.mark.parametrize(
    ("lang", "scheme", "theme"), [("zh", "light", "auto"), ("en", "dark", "auto"), ("zh", "dark", "outdoor")]
)
def test_axe_finds_nothing_serious(served: Any, phone: Open, lang: str, scheme: str, theme: str) -> None:
    opened = phone(
        served,
        f"/my?lang={lang}#token={served.token}",
        at=served.border,
        accuracy=20,
        color_scheme=scheme,
        bypass_csp=True,
    )
    opened.page.wait_for_selector(".card[data-code]")
    opened.page.wait_for_selector(".own")
    opened.page.locator("header select").select_option(theme)
    opened.page.locator(".own summary").first.click()
    opened.page.wait_for_selector(".map canvas")
    clean(opened.page)


#: colours as numbers, and how far a text stands out from what lies behind it (WCAG 2)
CONTRASTS = """() => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255);
    const [r, g, b] = parts.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (one) => {
    const colour = getComputedStyle(one).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" && one.parentElement ? behind(one.parentElement) : colour;
  };
  const said = [...document.querySelectorAll("#app *")].filter((one) => one.checkVisibility() && !one.closest(".map") &&
    !one.disabled && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
  return said.map((one) => {
    const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x);
    return [one.outerHTML.slice(0, 90), (a + 0.05) / (b + 0.05)];
  });
}"""


def test_outdoors_every_text_stands_out_and_the_choice_is_kept(served: Any, phone: Open) -> None:
    opened = phone(served, f"/my#token={served.token}", at=served.border, accuracy=20, color_scheme="dark")
    opened.page.wait_for_selector(".own")
    opened.page.locator("header select").select_option("outdoor")
    opened.page.reload()
    opened.page.wait_for_selector(".own")
    opened.page.wait_for_selector(".card[data-code]")
    assert opened.page.locator("html").get_attribute("data-theme") == "outdoor"
    found = opened.page.evaluate(CONTRASTS)
    assert len(found) > 20
    assert [one for one in found if one[1] < 7] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_below_the_answer_is_drawn(served: Any, phone: Open, scheme: str) -> None:
    opened = phone(served, at=served.border, accuracy=20, color_scheme=scheme)
    opened.page.wait_for_selector(".map[data-idle]")
    colours, share = drawn(opened.page, ".map canvas")
    assert colours > 5
    assert share < 0.9


def test_without_permission_nothing_on_the_page_waits_for_a_gesture(served: Any, phone: Open) -> None:
    opened = phone(served, f"/my?grid={served.old}", size=(320, 640), has_touch=True)
    opened.page.evaluate("addEventListener('touchmove', () => (window.dragged = true), true)")
    opened.page.wait_for_selector(f".card[data-code='{served.old}']")
    opened.page.wait_for_selector(".map[data-idle]")
    opened.page.locator("#locate").tap()
    opened.page.wait_for_selector("#status:has-text('没有定位权限')")
    opened.page.locator("#asked").fill(served.new)
    opened.page.evaluate("delete document.querySelector('.map').dataset.idle")
    opened.page.locator(".search button").tap()
    opened.page.wait_for_selector(f".card[data-code='{served.new}']")
    opened.page.wait_for_selector(".map[data-idle]")
    before = drawn(opened.page, ".map canvas")
    opened.page.locator(".map .maplibregl-ctrl-zoom-out").tap()
    opened.page.wait_for_timeout(600)
    assert drawn(opened.page, ".map canvas") != before, "buttons do what two fingers would"
    assert opened.page.evaluate("window.dragged") is None
    assert too_wide(opened.page) <= 0


def test_who_wants_no_motion_gets_none(served: Any, phone: Open) -> None:
    opened = phone(served, reduced_motion="reduce")
    assert opened.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_no_text_of_a_plan_becomes_a_tag(served: Any, phone: Open) -> None:
    opened = phone(served)
    evil = "<img src=x onerror=window.evil=1>"
    answer = {"type": "about:blank", "status": 422, "detail": evil, "title": evil}
    opened.page.route("**/api/lookup?*", lambda route: route.fulfill(status=422, json=answer))
    opened.page.locator("#asked").fill("和平路" + evil)
    opened.page.locator("#asked").press("Enter")
    opened.page.wait_for_selector("[role=alert]")
    assert evil in opened.text("[role=alert]")
    assert opened.page.evaluate("window.evil") is None
