"""The card of a grid over HTTP: for those who may see it, as of a day, with who answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pypdfium2 as pdfium
from calls import Calls
from town_in_force import BEGUN, Town


def test_a_card_comes_as_a_page_to_print(published: Town, serving: Callable[..., Calls]) -> None:
    _, code = published.inside(3)
    calls = serving(token=published.token("planner"))
    found = calls.get(f"/api/grids/{code}/card.pdf")
    assert found.status_code == 200, found.text
    assert found.headers["content-type"] == "application/pdf"
    with closing(pdfium.PdfDocument(found.content)) as document:
        (text,) = [page.get_textpage().get_text_bounded() for page in document]
    assert code in text
    assert str(BEGUN) in text
    assert "样例区" in text
    assert calls.get("/api/grids/000/card.pdf").status_code == 404
    assert calls.get(f"/api/grids/{code}/card.pdf", params={"at": "2020-01-01"}).status_code == 404


def test_strangers_get_no_card(published: Town, serving: Callable[..., Calls]) -> None:
    _, code = published.inside()
    found = serving().get(f"/api/grids/{code}/card.pdf")
    assert found.status_code == 401, found.text
