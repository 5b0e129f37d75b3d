"""Other and old names of streets and compounds, with the names that they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from gis_grid.errors import Fault, InputError
from gis_grid.sources import Read
from gis_grid.sources.columns import text
from gis_grid.sources.tables import open_table

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

_WORDS: Final = {
    "alias": ("alias", "old_name", "旧名", "别名", "曾用名", "旧路名"),
    "name": ("name", "new_name", "名称", "现名", "标准名", "今名"),
    "note": ("note", "notes", "备注", "说明"),
}


def read_aliases(path: str | os.PathLike[str]) -> Read:
    """Read a table of aliases, CSV or XLSX: columns `name` (名称), `alias` (旧名), and maybe `note` (备注).

    The frame has these three columns, and the row in the file as index.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column, or rows cannot be used; all faults at once.
    """
    table, source = open_table(path)
    plain = {str(name).strip().lower(): name for name in table.columns}
    found = {kind: next((plain[one] for one in words if one in plain), None) for kind, words in _WORDS.items()}
    listed = ", ".join(map(str, table.columns[:12]))
    remedy = f"name the columns name (名称) and alias (旧名); its columns are: {listed}"
    absent = [kind for kind in ("alias", "name") if found[kind] is None]
    if absent:
        raise InputError(Fault("the column is missing", source, kind, None, remedy) for kind in absent)
    told = {kind: text(table, column) if column is not None else "" for kind, column in found.items()}
    frame = pd.DataFrame(told, index=table.index)[["alias", "name", "note"]]
    faults = list(_faults(frame, source, {kind: str(column) for kind, column in found.items()}))
    if faults:
        raise InputError(faults)
    frame = frame.drop_duplicates(["alias", "name"])
    frame.attrs["source"] = source  # named where a name turns out not to be known
    return Read(frame)


def _faults(frame: pd.DataFrame, source: str, columns: dict[str, str]) -> Iterator[Fault]:
    meant: dict[str, str] = {}
    for row, alias, name in zip(frame.index, frame["alias"], frame["name"], strict=True):
        for kind, value in (("alias", alias), ("name", name)):
            if not value:
                yield Fault("the cell is empty", source, columns[kind], row, "fill it in, or take the row out")
        if alias and alias == name:
            yield Fault(f"'{alias}' stands for itself", source, columns["alias"], row, "take the row out")
        if alias and name and meant.setdefault(alias, name) != name:
            problem = f"'{alias}' stands for '{meant[alias]}' and for '{name}'"
            yield Fault(problem, source, columns["alias"], row, "keep one of the rows")
