"""What is worked out about a plan or a draft, as plain values: rules, suggestions, comparisons, tables, tiles, files.

These functions run in the processes of `api.pool`, each of which keeps the few plans that were asked for last; a plan
does not change between two steps on its way, and neither does a draft at one revision.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from api.staffing import hands
from gis_grid.errors import Fault, InputError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gis_grid.plan import Plan
    from gis_grid.report.card import CardOptions
    from gis_grid.store import Store
    from gis_grid.store.access import Actor

#: plans and drafts kept by a process
KEPT = 6
#: formats a plan can be had in: the ending of the file, GDAL's name of the format, the media type
FORMATS = {
    "gpkg": ("gpkg", "", "application/geopackage+sqlite3"),
    "geojson": ("geojson", "GeoJSON", "application/geo+json"),
    "shapefile": ("zip", "ESRI Shapefile", "application/zip"),
    "kml": ("kml", "KML", "application/vnd.google-earth.kml+xml"),
    "xlsx": ("xlsx", "", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pdf": ("pdf", "", "application/pdf"),
}
Format = Literal["gpkg", "geojson", "shapefile", "kml", "xlsx", "pdf"]
Layer = Literal["grids", "blocks", "borders", "communities"]
#: how files are described
_BYTES = {"schema": {"type": "string", "format": "binary"}}
#: how rows of plain numbers are described
NUMBERS = "application/octet-stream"
_NUMBERS = {"schema": {"type": "string", "format": "binary"}}
BINARY: dict[int | str, dict[str, Any]] = {200: {"content": {NUMBERS: _NUMBERS}}}
_SENT = {media: {"schema": {"type": "object"}} if "json" in media else _BYTES for _, _, media in FORMATS.values()}
FILE: dict[int | str, dict[str, Any]] = {200: {"content": _SENT}}

_plans: OrderedDict[str, Plan] = OrderedDict()


def plan_of(store: Store, plan_id: str) -> Plan:
    """Return a plan of the store."""
    with store.reading() as session:  # one transaction: the version is that of what is read
        return _plan(session, plan_id)


def _plan(session: Session, plan_id: str) -> Plan:
    from gis_grid.store.catalogue import version_of
    from gis_grid.store.plans import load_plan

    key = f"{plan_id}@{version_of(session, plan_id)}"
    if key not in _plans:
        return _kept(key, load_plan(session, plan_id))
    _plans.move_to_end(key)
    return _plans[key]


def draft_of(store: Store, draft_id: str) -> tuple[Plan, int]:
    """Return a draft as it stands, not put to the rules, and its revision."""
    from gis_grid.store.draft_plans import load_draft
    from gis_grid.store.drafts import draft

    with store.reading() as session:  # one transaction: the revision is that of what is read
        found = draft(session, draft_id)
        revision, key = found.revision, f"{draft_id}@{found.revision}"
        if key not in _plans:
            begun_as = _plan(session, found.plan_id)
            return _kept(key, load_draft(session, draft_id, checked=False, before=begun_as)), revision
    _plans.move_to_end(key)
    return _plans[key], revision


def _kept(key: str, plan: Plan) -> Plan:
    _plans[key] = plan
    while len(_plans) > KEPT:
        _plans.popitem(last=False)
    return plan


def suggested(store: Store, draft_id: str, grids: list[str], seed: int) -> dict[str, Any]:
    """Suggest moves that mend some grids of a draft."""
    from gis_grid.partition.suggest import suggest

    plan, revision = draft_of(store, draft_id)
    found = suggest(plan, grids, seed=seed)
    return {
        "revision": revision,
        "moves": [dataclasses.asdict(move) for move in found.moves],
        "before": dataclasses.asdict(found.before),
        "after": dataclasses.asdict(found.after),
        "findings": [{"message_zh": one.message_zh, "message_en": one.message_en} for one in found.findings],
        "message_zh": found.message_zh,
        "message_en": found.message_en,
        "households_moved": found.households_moved,
    }


def issues(store: Store, id_: str) -> dict[str, Any]:
    """Put a plan or a draft to the rules; a plan has the revision 0."""
    from gis_grid.rules import check

    plan, revision = draft_of(store, id_) if id_.startswith("d") else (plan_of(store, id_), 0)
    found = check(plan)
    counts = {name: sum(one.severity == name for one in found) for name in ("error", "exception", "warning")}
    told = []
    for one in found:
        fields = {f.name: getattr(one, f.name) for f in dataclasses.fields(one) if f.name != "tried"}
        told.append(fields | {"block_ids": list(one.block_ids), "remedies": list(one.remedies)})
    return {"revision": revision, "legal": not counts["error"], "counts": counts, "issues": told}


def handed_in(store: Store, plan_id: str, draft: str | None, revision: int | None, actor: Actor, comment: str) -> str:
    """Hand in a plan, or a draft of it, and return the id of the plan that is handed in."""
    from gis_grid.store.publish import submit

    with store.writing() as session:
        return submit(session, plan_id, draft=draft, revision=revision, actor=actor, comment=comment)


def published(store: Store, plan_id: str, actor: Actor, options: dict[str, Any]) -> None:
    """Put a plan into force, then draw its tiles."""
    from gis_grid.store.publish import put_into_force
    from gis_grid.store.tilesets import keep_drawn

    plan, version = put_into_force(store, plan_id, actor=actor, **options)
    keep_drawn(store, plan_id, plan, version=version)


def card(store: Store, plan_id: str, code: str, options: CardOptions) -> bytes:
    """Return the card of a grid of a plan as a PDF."""
    from gis_grid.report import grid_card

    return grid_card(plan_of(store, plan_id), code, options)


def compared(store: Store, before_id: str, after_id: str) -> dict[str, Any]:
    """Say what moves from one plan or draft to another."""
    from gis_grid.compare import compare

    before, after = (_either(store, one) for one in (before_id, after_id))
    found = compare(before, after)
    changing = hands(store, before_id, before, after)
    moved = found.blocks[found.blocks["moved"]].reset_index()
    changed = found.grids[found.grids["event"] != "same"]
    frames = {"grids": changed, "moved": moved, "staff": found.staff}
    frames |= {"handover": changing.blocks, "handover_totals": changing.totals}
    rows = {name: plain_rows(frame) for name, frame in frames.items()}
    totals = {name: (value.item() if hasattr(value, "item") else value) for name, value in found.totals.items()}
    return {"before": before_id, "after": after_id, "totals": totals} | rows


def _either(store: Store, id_: str) -> Plan:
    return draft_of(store, id_)[0] if id_.startswith("d") else plan_of(store, id_)


def plain_rows(frame: Any) -> list[dict[str, Any]]:
    """Return the rows of a frame with values that JSON has; what is missing is null."""
    texts = frame.drop(columns="geometry", errors="ignore").to_json(orient="records", date_format="iso")
    rows: list[dict[str, Any]] = orjson.loads(texts)
    return rows


def exported(store: Store, id_: str, format_: str, layer: str, grid: str = "") -> tuple[bytes, str, str]:
    """Write a plan as a file and return its bytes, the ending of its name, and its media type.

    `gpkg` and `xlsx` hold every layer, `pdf` is an atlas or the card of one grid, the others hold the layer named.
    """
    if format_ not in FORMATS:
        raise InputError(Fault(f"there is no format {format_}", column="format", remedy=f"use {', '.join(FORMATS)}"))
    from gis_grid.planfile import write_plan
    from gis_grid.staffing import with_assignments

    plan = _either(store, id_)
    ending, _, media = FORMATS[format_]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"plan.{ending}"
        if format_ == "gpkg":
            write_plan(with_assignments(plan), path)
        elif grid:
            return _card(plan, grid), ending, media
        elif format_ in ("xlsx", "pdf"):
            from gis_grid.report import write_report

            write_report(plan, path)
        else:
            path = _layer_file(plan, layer, format_, Path(folder))
        return path.read_bytes(), ending, media


def _card(plan: Plan, grid: str) -> bytes:
    """Return the card of a grid, by its id."""
    from gis_grid.report import CardOptions, grid_card
    from gis_grid.report.atlas import holders_of

    if grid not in plan.grids.index:
        raise InputError(Fault(f"there is no grid {grid}", column="grid", remedy="see the ids in the table"))
    code = str(plan.grids.at[grid, "code"])
    holders = holders_of(plan)
    return grid_card(plan, code, CardOptions(None if holders is None else holders.get(code, [])))


def _layer_file(plan: Plan, layer: str, format_: str, folder: Path) -> Path:
    import geopandas as gpd

    from gis_grid.planfile.layers import layers_of, plain_columns

    frame = layers_of(plan).get(layer)
    if not isinstance(frame, gpd.GeoDataFrame):
        remedy = "use grids, blocks, borders or communities"
        raise InputError(Fault(f"there is no layer {layer} with shapes", column="layer", remedy=remedy))
    plain = gpd.GeoDataFrame(plain_columns(frame))
    if format_ == "shapefile":
        return _shapefile(plain, layer, folder)
    path = folder / f"{layer}.{FORMATS[format_][0]}"
    options = {"RFC7946": "YES"} if format_ == "geojson" else {}
    plain.to_crs("EPSG:4326").to_file(path, driver=FORMATS[format_][1], engine="pyogrio", **options)
    return path


def _shapefile(frame: Any, layer: str, folder: Path) -> Path:
    """Write a shapefile with GBK texts, as the offices that ask for one read it, into one archive."""
    import warnings
    import zipfile

    with warnings.catch_warnings():  # long names of columns and long texts are cut, which the format demands
        warnings.simplefilter("ignore")
        frame.to_file(folder / f"{layer}.shp", driver="ESRI Shapefile", engine="pyogrio", encoding="GBK")
    path = folder / f"{layer}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.glob(f"{layer}.*")):
            if part != path:
                archive.write(part, part.name)
    return path


def layers_of_file(_store: Store, files: str, file_id: str) -> list[dict[str, Any]]:
    """Say which layers an uploaded file holds: geometry, rows, CRS and columns of each.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    from api.uploads import dataset_of

    path = dataset_of(Path(files), file_id)
    if path is None:
        raise InputError(Fault("this file is not here any more", remedy="hand it in again", code="file-gone"))
    if path.suffix in (".csv", ".xlsx", ".parquet"):
        return [{"name": path.stem, "geometry": None, "crs": None, **_table_columns(path)}]
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path)][:50]
        found = [(name, pyogrio.read_info(path, layer=name)) for name in names]
    except (DataSourceError, DataLayerError, ValueError, OSError) as caught:
        remedy = "save it anew, or in another format"
        raise InputError(Fault("it cannot be read", path.name, remedy=remedy, code="file-broken")) from caught
    return [
        {
            "name": name,
            "geometry": info["geometry_type"],
            "rows": max(int(info["features"]), 0),
            "crs": info["crs"],
            "columns": [str(one) for one in info["fields"]],
        }
        for name, info in found
    ]


def _table_columns(path: Path) -> dict[str, Any]:
    """Return the columns and rows of a table, without taking it all in where the format says them."""
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet

        try:
            about = pyarrow.parquet.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as caught:
            raise InputError(
                Fault("it cannot be read", path.name, remedy="save it anew", code="file-broken")
            ) from caught
        return {"rows": about.metadata.num_rows, "columns": [str(name) for name in about.schema_arrow.names]}
    if path.suffix == ".xlsx":
        return {"rows": None, "columns": []}
    with path.open("rb") as file:
        head = file.readline(64_000)
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = head.decode("gb18030", errors="replace")
    separator = "\t" if "\t" in text else ";" if ";" in text and "," not in text else ","
    return {"rows": None, "columns": [part.strip().strip('"') for part in text.split(separator)]}
