"""On which side of a line a point lies, without rounding.

The sign comes from plain arithmetic wherever its error bound settles it, else from the sum of the six exact products
kept as an expansion of doubles (Shewchuk 1997, "Adaptive precision floating-point arithmetic and fast robust
geometric predicates").
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gis_grid.compiling import compiled

Floats = npt.NDArray[np.float64]

#: The relative error of the determinant is below 3 + 16 ulp; a little more is taken to be exact.
BOUND = 3.4e-16
#: Splits a double into two halves of 26 bits (Dekker 1971).
_SPLIT = 134217729.0


@compiled
def _two_sum(a: float, b: float) -> tuple[float, float]:
    total = a + b
    seen = total - a
    return total, (a - (total - seen)) + (b - seen)


@compiled
def _two_product(a: float, b: float) -> tuple[float, float]:
    product = a * b
    high = _SPLIT * a
    a_high = high - (high - a)
    a_low = a - a_high
    high = _SPLIT * b
    b_high = high - (high - b)
    b_low = b - b_high
    return product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


@compiled
def _grow(held: Floats, count: int, a: float, b: float) -> None:
    """Add the exact product of two numbers to an expansion of `count` parts."""
    product, rest = _two_product(a, b)
    for part in (rest, product):
        carry = part
        for n in range(count):
            carry, held[n] = _two_sum(carry, held[n])
        held[count] = carry
        count += 1


@compiled
def exact_side(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> float:
    """Return a number above 0 left of the line from a to b, below 0 right of it, 0 on it: its sign is exact."""
    held = np.zeros(12)
    _grow(held, 0, ax, by)
    _grow(held, 2, -ax, y)
    _grow(held, 4, -x, by)
    _grow(held, 6, -ay, bx)
    _grow(held, 8, ay, x)
    _grow(held, 10, y, bx)
    for n in range(11, -1, -1):
        part: float = held[n]
        if part != 0.0:
            return part
    return 0.0


@compiled
def side(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> float:
    """Return a number above 0 left of the line from a to b, below 0 right of it, 0 on it: its sign is exact."""
    left = (bx - ax) * (y - ay)
    right = (by - ay) * (x - ax)
    found = left - right
    if abs(found) > BOUND * (abs(left) + abs(right)):
        return found
    return exact_side(ax, ay, bx, by, x, y)
