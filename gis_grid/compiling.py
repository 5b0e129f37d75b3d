"""Machine code for hot loops, made by numba and kept for the next run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function that only compiled functions call, and keep the machine code for the next run."""
    return _compile(function, no_cpython_wrapper=True)


def entrance(function: Function) -> Function:
    """Compile a function that is called from Python, and keep the machine code for the next run."""
    return _compile(function, no_cpython_wrapper=False)


def _compile(function: Function, *, no_cpython_wrapper: bool) -> Function:
    compiler: Any = numba.njit  # its types leave out the wrappers, without which compiling takes half as long
    how = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, "no_cpython_wrapper": no_cpython_wrapper}
    try:
        return cast(Function, compiler(cache=True, **how)(function))
    except RuntimeError:  # a read-only installation whose user has no home: compile anew in every process
        return cast(Function, compiler(**how)(function))
