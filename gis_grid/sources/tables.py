"""Any file that holds a layer → a frame with a CRS, or one error that says what is wrong with it."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.crs import WGS84, coordinate_faults, crs_label, parse_crs, transform_geometries
from gis_grid.errors import CrsError, Fault, InputError
from gis_grid.sources.columns import decode_columns, plain, text
from gis_grid.sources.sheets import as_points, read_csv, read_xlsx, shapefile_encoding

_PARQUET: Final = (".parquet", ".geoparquet", ".pq")
_CSV: Final = (".csv", ".tsv", ".txt")
_XLSX: Final = (".xlsx", ".xlsm")
_OSM: Final = (".pbf", ".osm")
_OPTIONS: Final = {"layer": "layer", "layername": "layer", "crs": "crs", "where": "where", "subset": "where"}
#: Layer names that fit what is asked for, where a file holds several.
_LAYERS: Final = {
    "boundary": ("boundary", "outline", "border", "边界", "范围"),
    "streets": ("streets", "roads", "street", "road", "道路", "路网"),
    "households": ("households", "household", "addresses", "住户", "户数"),
    "communities": ("communities", "community", "社区", "districts"),
    "barriers": ("barriers", "barrier", "屏障"),
    "compounds": ("compounds", "compound", "小区"),
    "buildings": ("buildings", "building", "建筑", "楼栋"),
    "blocks": ("blocks", "block", "街区"),
}


@dataclass(frozen=True)
class Place:
    """Where a layer is: the file, and what the user wrote after it."""

    path: Path
    layer: str | None = None
    crs: str | None = None
    where: str | None = None

    @property
    def source(self) -> str:
        """How the layer is named in messages."""
        return f"{self.path.name}:{self.layer}" if self.layer else self.path.name


@dataclass(frozen=True)
class Opened:
    """Hold a layer as it came in: row numbers from 1 as index, geometry in column `geometry`, a CRS."""

    frame: gpd.GeoDataFrame
    notes: tuple[str, ...]
    source: str


def read_any(path: str | os.PathLike[str], *, crs: Any = None) -> gpd.GeoDataFrame:
    r"""Read a layer of any format.

    That is GeoPackage, Shapefile, GeoJSON, KML, FlatGeobuf and all else that GDAL opens, GeoParquet, CSV, XLSX and OSM
    PBF. `path` may pick a layer, `plan.gpkg:streets` or `plan.gpkg|layer=streets`, and after further bars a CRS that
    holds for this file alone, and rows: `china.parquet|crs=gcj02|where=adcode=420103`. `crs` is what files without a
    CRS are in; GCJ-02 and BD-09 also hold for files labelled with degrees, and are converted to WGS-84. The index
    counts records from 1.

    Raises
    ------
    InputError
        If there is no such file or layer, or nothing in it can be read.
    CrsError
        If the layer has no CRS and none was declared.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     written = Path(folder, "doors.csv").write_text("经度,纬度,户数\n114.3,30.6,12\n", encoding="utf-8-sig")
    ...     doors = read_any(Path(folder, "doors.csv"), crs="gcj02")
    >>> f"{doors.geometry.x[1]:.4f}", doors["户数"].tolist()
    ('114.2946', ['12'])
    """
    return open_layer(path, crs=crs).frame


def open_layer(path: str | os.PathLike[str], *, crs: Any = None, kind: str = "") -> Opened:
    """Read a layer as `read_any` does, and keep what was noticed on the way.

    `kind` (`streets`, `boundary`, …) chooses among several layers by their names, and what is taken from OSM.
    """
    place = parse_place(path)
    _check_file(place)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            raw, notes = _load(place, kind)
        except InputError:
            raise
        except Exception as caught:  # a broken file makes every parser fail in a way of its own
            raise _unreadable(caught, place) from caught
    minded = (RuntimeWarning, UserWarning)
    said = dict.fromkeys(f"{place.source}: {w.message}" for w in heard if issubclass(w.category, minded))
    if not len(raw):
        raise InputError(Fault("it holds no records", place.source, remedy="give a layer that is not empty"))
    frame = decode_columns(_tidy(raw))
    if place.where is not None:
        frame = _filtered(frame, place)
    frame, more = _with_crs(_without_stray(frame), place, crs)
    return Opened(frame, (*notes, *said, *more), place.source)


def open_table(path: str | os.PathLike[str]) -> tuple[pd.DataFrame, str]:
    """Read a table whose geometry, if any, does not matter; return it with the name it has in messages."""
    place = parse_place(path)
    _check_file(place)
    suffix = place.path.suffix.lower()
    try:
        if suffix in _CSV:
            table = read_csv(place.path, place.source)
        elif suffix in _XLSX:
            table = read_xlsx(place.path, place.source, place.layer)
        elif suffix in _PARQUET:
            table = pd.read_parquet(place.path)
        else:
            import pyogrio

            table = pyogrio.read_dataframe(place.path, layer=place.layer, read_geometry=False)
    except InputError:
        raise
    except Exception as caught:  # as above
        raise _unreadable(caught, place) from caught
    if not len(table):
        raise InputError(Fault("it holds no records", place.source, remedy="give a table that is not empty"))
    return decode_columns(table.set_axis(pd.RangeIndex(1, len(table) + 1), axis=0)), place.source


def parse_place(path: str | os.PathLike[str]) -> Place:
    """Split what a user wrote into the file and what follows it.

    >>> place = parse_place("plan.gpkg|layer=streets|crs=gcj02")
    >>> place.path.name, place.layer, place.crs
    ('plan.gpkg', 'streets', 'gcj02')
    """
    written = os.fspath(path)
    if Path(written).exists():
        return Place(Path(written))
    file, *options = written.split("|")
    chosen: dict[str, str] = {}
    for option in options:
        key, _, value = option.partition("=")
        if key.strip().lower() not in _OPTIONS or not value.strip():
            remedy = "write |layer=NAME, |crs=CRS or |where=COLUMN=VALUE"
            raise InputError(Fault(f"'|{option}' is not understood", file, remedy=remedy))
        chosen[_OPTIONS[key.strip().lower()]] = value.strip()
    head, colon, tail = file.rpartition(":")
    if colon and tail and "/" not in tail and not Path(file).exists() and (Path(head).exists() or Path(head).suffix):
        file, chosen = head, {"layer": tail} | chosen
    return Place(Path(file), **chosen)


def _check_file(place: Place) -> None:
    path, problem, remedy = place.path, "", ""
    if not path.exists():
        near = sorted(p.name for p in path.parent.glob("*") if p.stem == path.stem) if path.parent.is_dir() else []
        problem = "there is no such file"
        remedy = f"did you mean {near[0]}?" if near else "check the path"
    elif path.is_dir() and path.suffix.lower() != ".gdb":
        inside = sorted(p.name for p in path.iterdir() if p.is_file())[:5]
        problem = "this is a folder"
        remedy = f"name a file in it{', e.g. ' + ', '.join(inside) if inside else ''}"
    elif path.is_file() and path.stat().st_size == 0:
        problem, remedy = "the file is empty (0 bytes)", "export it again"
    elif path.is_file() and not os.access(path, os.R_OK):
        problem, remedy = "the file may not be read", "check its permissions"
    if problem:
        raise InputError(Fault(problem, str(path), remedy=remedy))


def _unreadable(caught: Exception, place: Place) -> InputError:
    """Say in a user's words that a parser failed."""
    why = " ".join(str(caught).split()).split(";")[0][:160] or type(caught).__name__
    remedy = "check that the file is complete and of the format its name says"
    if place.path.suffix.lower() == ".shp":
        remedy = "a shapefile needs its .shx and .dbf beside it; check that all are complete"
    if isinstance(caught, UnicodeDecodeError):
        remedy = "save its text as UTF-8"
    return InputError(Fault(f"it cannot be read ({why})", place.source, remedy=remedy))


def _load(place: Place, kind: str) -> tuple[pd.DataFrame, list[str]]:
    """Read the raw layer; a frame without geometry gets points from its columns."""
    path, suffix = place.path, place.path.suffix.lower()
    if place.layer is not None and suffix in (*_PARQUET, *_CSV):
        raise InputError(
            Fault(f"there is no layer '{place.layer}'", path.name, remedy="a file of this format is one layer")
        )
    if suffix == ".xls":
        raise InputError(Fault("the old Excel format is not read", place.source, remedy="save it as .xlsx or CSV"))
    if suffix in _CSV:
        table: pd.DataFrame = read_csv(path, place.source)
    elif suffix in _XLSX:
        table = read_xlsx(path, place.source, place.layer)
    elif suffix in _PARQUET:
        table = _read_parquet(path)
    elif suffix in _OSM:
        from gis_grid.sources.osm import read_osm

        return read_osm(path, kind=kind, layer=place.layer), []
    else:
        return _read_ogr(place, kind)
    if isinstance(table, gpd.GeoDataFrame) or not len(table):
        return table, []
    return as_points(table, place.source)


def _read_parquet(path: Path) -> pd.DataFrame:
    """Read GeoParquet, or Parquet with coordinates in columns."""
    try:
        frame: pd.DataFrame = gpd.read_parquet(path)
    except ValueError as caught:
        if "geo metadata" not in str(caught).lower():
            raise
        return pd.read_parquet(path)
    return frame


def _read_ogr(place: Place, kind: str) -> tuple[pd.DataFrame, list[str]]:
    import pyogrio

    layers = {str(name): shape for name, shape in pyogrio.list_layers(place.path)}
    layer, notes = _chosen_layer(place, layers, kind)
    encoding = shapefile_encoding(place.path) if place.path.suffix.lower() == ".shp" else None
    if encoding is not None:
        notes.append(f"{place.source}: no encoding is declared (.cpg); its text was read as {encoding.upper()}")
    try:
        frame = pyogrio.read_dataframe(place.path, layer=layer, encoding=encoding)
    except UnicodeDecodeError:  # an undeclared or wrongly declared encoding, as in older MapInfo tables
        frame = pyogrio.read_dataframe(place.path, layer=layer, encoding="gb18030")
        notes.append(f"{place.source}: its text is not in the encoding it declares; it was read as GB18030")
    if isinstance(frame, gpd.GeoDataFrame) or not len(frame):
        return frame, notes
    points, more = as_points(frame, place.source)
    return points, [*notes, *more]


def _chosen_layer(place: Place, layers: dict[str, Any], kind: str) -> tuple[str, list[str]]:
    listed = ", ".join(layers) or "none"
    if place.layer is not None:
        if place.layer not in layers:
            problem = f"there is no layer '{place.layer}'"
            raise InputError(Fault(problem, place.path.name, remedy=f"its layers are: {listed}"))
        return place.layer, []
    drawn = [name for name, shape in layers.items() if shape is not None] or list(layers)
    if len(drawn) == 1:
        return drawn[0], []
    named = [name for word in _LAYERS.get(kind, ()) for name in drawn if plain(name) == word]
    if named:
        return named[0], [f"{place.path.name}: took layer '{named[0]}' of {listed}"]
    remedy = f"pick one with {place.path.name}:LAYER; its layers are: {listed}"
    raise InputError(Fault(f"it holds {len(layers)} layers", place.path.name, remedy=remedy))


def _tidy(raw: pd.DataFrame) -> gpd.GeoDataFrame:
    """Name the geometry column, drop heights, number the records from 1."""
    frame = raw if isinstance(raw, gpd.GeoDataFrame) else gpd.GeoDataFrame(raw)
    geometry = shapely.force_2d(frame.geometry.to_numpy())
    rest = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    rest = rest.loc[:, ~rest.columns.duplicated()].rename(columns=str)
    index = pd.RangeIndex(1, len(rest) + 1, name="row")
    return gpd.GeoDataFrame(rest.set_axis(index, axis=0), geometry=geometry, crs=frame.crs)


def _filtered(frame: gpd.GeoDataFrame, place: Place) -> gpd.GeoDataFrame:
    """Keep the rows whose column has the value asked for."""
    column, equals, value = (place.where or "").partition("=")
    column, value = column.strip().strip('"'), value.strip().lstrip("=").strip().strip("'\"")
    if not equals or column not in frame.columns:
        listed = ", ".join(str(c) for c in frame.columns if c != "geometry")
        raise InputError(Fault("the column is missing", place.source, column, None, f"its columns are: {listed}"))
    kept = frame[(text(frame, column) == value).to_numpy(bool)]
    if not len(kept):
        some = ", ".join(sorted(set(text(frame, column)))[:8])
        raise InputError(Fault(f"no row holds '{value}'", place.source, column, None, f"there are: {some}"))
    return kept


def _without_stray(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Take away geometries with coordinates that are no finite numbers: they are no positions."""
    geometry = frame.geometry.to_numpy()
    xy, owner = shapely.get_coordinates(geometry, return_index=True)
    stray = np.unique(owner[~np.isfinite(xy).all(axis=1)])
    if not len(stray):
        return frame
    kept = geometry.copy()
    kept[stray] = None
    return frame.set_geometry(gpd.GeoSeries(kept, index=frame.index, crs=frame.crs))


# ---- which CRS it is in -----------------------------------------------------------------------------------------


def _with_crs(frame: gpd.GeoDataFrame, place: Place, declared: Any) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Settle the CRS: what the path says, else what the file says, else what was declared for all files."""
    own = frame.crs
    if own is not None and (own.is_engineering or own.name.lower().startswith(("unknown", "undefined"))):
        own = None
    if place.crs is not None:
        return _relabelled(frame, parse_crs(place.crs), own, place)
    if declared is None:
        if own is None:
            remedy = f"declare it: --crs EPSG:4326 (or gcj02, bd09, …), or {place.path.name}|crs=…"
            raise CrsError(Fault("the file has no CRS", place.source, remedy=remedy, code="no-crs"))
        return frame, []
    wanted = parse_crs(declared)
    if own is None or (isinstance(wanted, str) and own.is_geographic):
        return _relabelled(frame, wanted, own, place)
    if not isinstance(wanted, str) and wanted == own:
        return frame, []
    fits = not isinstance(wanted, str) and not coordinate_faults(frame.set_crs(wanted, allow_override=True))
    if fits and coordinate_faults(frame):
        return _relabelled(frame, wanted, own, place)
    return frame, [f"{place.source}: kept its own {crs_label(own)}; --crs holds for files without a CRS"]


def _relabelled(frame: gpd.GeoDataFrame, wanted: Any, own: Any, place: Place) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Take the coordinates for what was declared; GCJ-02 and BD-09 are converted to WGS-84 on the spot."""
    note = f"{place.source}: coordinates taken for {crs_label(wanted)} as declared"
    note += f" (the file says {crs_label(own)})" if own is not None and crs_label(own) != crs_label(wanted) else ""
    if not isinstance(wanted, str):
        return frame.set_crs(wanted, allow_override=True), [note]
    geometry = frame.geometry.to_numpy()
    if own is not None and own.is_projected:
        geometry = transform_geometries(geometry, own, WGS84)
    labelled = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=WGS84))
    faults = coordinate_faults(labelled, place.source)
    if faults:
        raise CrsError(faults)
    moved = transform_geometries(geometry, wanted, WGS84)
    return labelled.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=WGS84)), [note]
