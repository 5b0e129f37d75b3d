"""The side of a line, compared with arithmetic in fractions."""

from __future__ import annotations

from fractions import Fraction

import numba
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.lookup.exact import exact_side, side

# the functions are made for compiled callers only
_exact = numba.njit(lambda *points: exact_side(*points))  # noqa: PLW0108
_side = numba.njit(lambda *points: side(*points))  # noqa: PLW0108
coordinate = st.floats(-4e6, 4e6, allow_subnormal=False).filter(lambda value: value == 0 or abs(value) > 1e-9)


def truth(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> int:
    a, b, c, d, e, f = map(Fraction, (ax, ay, bx, by, x, y))
    value = (c - a) * (f - b) - (d - b) * (e - a)
    return (value > 0) - (value < 0)


def sign(value: float) -> int:
    return (value > 0) - (value < 0)


@settings(max_examples=300, deadline=None)
@given(*[coordinate] * 6)
def test_the_sign_is_exact_anywhere(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> None:
    wanted = truth(ax, ay, bx, by, x, y)
    assert sign(_exact(ax, ay, bx, by, x, y)) == wanted
    assert sign(_side(ax, ay, bx, by, x, y)) == wanted


@settings(max_examples=300, deadline=None)
@given(*[coordinate] * 4, st.floats(0, 1))
def test_the_sign_is_exact_within_a_few_ulp_of_the_line(ax: float, ay: float, bx: float, by: float, t: float) -> None:
    x, y = ax + t * (bx - ax), ay + t * (by - ay)
    assert sign(_side(ax, ay, bx, by, x, y)) == truth(ax, ay, bx, by, x, y)
