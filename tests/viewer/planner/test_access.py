"""What a machine can say about accessibility: axe finds nothing serious on the page, on any of its panels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from axe import clean

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_axe_finds_nothing_serious(office: Any, sit: Callable[..., Any]) -> None:
    desk = sit(office.draft())
    page = desk.page
    clean(page)
    desk.drag(desk.borders()[0], release=False)
    clean(page)
    page.mouse.up()
    page.keyboard.press("j")
    for name in ("网格", "问题", "记录", "影响"):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(800)
        clean(page, name)
    page.keyboard.press("?")
    clean(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="方案", exact=True).click()
    page.locator(".plan").first.wait_for()
    clean(page)
