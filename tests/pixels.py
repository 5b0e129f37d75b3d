"""What a map looks like: a map that was never drawn is one colour."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def drawn(page: Any, selector: str) -> tuple[int, float]:
    """Return how many colours an element shows on more than a thousandth of it, and the share of the commonest."""
    picture = Image.open(io.BytesIO(page.locator(selector).screenshot())).convert("RGB").quantize(64)
    counts = sorted((count for count, _ in picture.getcolors(64) or []), reverse=True)
    size = sum(counts)
    return sum(count > size / 1000 for count in counts), counts[0] / size
