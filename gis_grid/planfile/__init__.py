"""Plan files: one GeoPackage that holds a plan whole, opens in QGIS with its styles, and is read back as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from gis_grid.errors import Fault, PlanFileError
from gis_grid.places import check_place, whole_file
from gis_grid.plan import Plan
from gis_grid.planfile.layers import FORMAT, GEOMETRY, NEEDED, layers_of, plain_columns, plan_of
from gis_grid.planfile.styles import TABLE, style_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["check_plan_place", "read_plan", "write_plan"]

#: Stands in every time stamp of a file, so that equal plans make equal files.
WRITTEN_AT = "2000-01-01T00:00:00.000Z"
GEOMETRY_TYPES = {
    "grids": "MultiPolygon",
    "blocks": "MultiPolygon",
    "communities": "MultiPolygon",
    "tiers": "MultiPolygon",
    "borders": "MultiLineString",
    "outline": "MultiLineString",
    "streets": "MultiLineString",
    "addresses": "Point",
    "numbers": "MultiLineString",
    "issues": "Point",
    "compounds": "MultiPolygon",
    "buildings": "MultiPolygon",
}
BROKEN = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError)


def write_plan(plan: Plan, path: str | Path) -> Path:
    """Write a plan to a GeoPackage that QGIS opens with styles, and return its path.

    The file is written beside its place, checked, flushed to the disk and then renamed: a reader sees the old file or
    the new one, never half of one. Equal plans give equal bytes. Coordinates stay in the plan's CRS, in metres.

    Raises
    ------
    OutputError
        If the folder is missing or closed, the disk is full, or the name does not end in .gpkg; what stood there
        before is untouched.

    Examples
    --------
    >>> import tempfile
    >>> import geopandas as gpd
    >>> import gis_grid as gg
    >>> yard = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 200, 200)], crs=4547)
    >>> lane = {"name": "", "street_class": "service", "link": False, "barrier": False}
    >>> lanes = gpd.GeoDataFrame([lane], geometry=[shapely.LineString([(0, 9), (99, 9)])], crs=4547)
    >>> homes = gpd.GeoDataFrame({"households": [400]}, geometry=[shapely.Point(50, 50)], crs=4547)
    >>> plan = gg.build_from(gg.District(yard, lanes, homes))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     back = read_plan(write_plan(plan, f"{folder}/plan.gpkg"))
    >>> back.grids["households"].tolist()
    [400]
    """
    path = check_plan_place(path)
    layers = layers_of(plan)
    with whole_file(path, faults=(*BROKEN, sqlite3.Error)) as part:
        _write_layers(layers, part)
        _check_written(layers, part)
    return path


def check_plan_place(path: str | Path) -> Path:
    """Return the path if a plan can stand there, so that long work need not start in vain; faults as `check_place`."""
    return check_place(path, ".gpkg", what="a plan is a GeoPackage")


def read_plan(path: str | Path) -> Plan:
    """Read a plan from its file, with everything that `write_plan` put there.

    Raises
    ------
    PlanFileError
        If there is no such file, it is no GeoPackage, or layers, columns or their content are not those of a plan;
        all faults at once.

    Examples
    --------
    >>> read_plan("nowhere.gpkg")
    Traceback (most recent call last):
    gis_grid.errors.PlanFileError: nowhere.gpkg: there is no such file → check the path
    """
    path = Path(path)
    if not path.is_file():
        problem, remedy = (
            ("this is a folder", "name a file") if path.is_dir() else ("there is no such file", "check the path")
        )
        raise PlanFileError(Fault(problem, str(path), remedy=remedy))
    try:
        found = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        absent = [name for name in NEEDED if name not in found]
        layers = {} if absent else {name: _read_layer(path, name) for name in found if name != TABLE}
    except (*BROKEN, OSError) as caught:
        raise PlanFileError(Fault(f"this is no GeoPackage that can be read ({caught})", str(path))) from caught
    remedy = "pass a file written by gis-grid build"
    faults = [Fault(f"this is no plan: there is no layer '{name}'", str(path), remedy=remedy) for name in absent]
    for name in set(layers) & set(NEEDED):
        columns = [column for column in NEEDED[name] if column not in layers[name]]
        faults += [Fault(f"the column is missing from layer '{name}'", str(path), column) for column in columns]
    if faults:
        raise PlanFileError(sorted(faults, key=str))
    return _assemble(layers, str(path))


def _assemble(layers: Mapping[str, pd.DataFrame], source: str) -> Plan:
    pairs = dict(zip(layers["metadata"]["key"], layers["metadata"]["value"], strict=True))
    if pairs.get("format") != FORMAT or "scheme_tables" not in pairs:
        found = pairs.get("format", "nothing")
        raise PlanFileError(Fault(f"metadata names the format {found!r}; this version reads {FORMAT!r}", source))
    faults = []
    for name, key in (("grids", "grid_id"), ("grids", "code"), ("blocks", "block_id")):
        ids = layers[name][key]
        if not ids.is_unique or (ids == "").any():
            twice = ", ".join(sorted(set(ids[ids.duplicated() | (ids == "")]))[:5])
            faults.append(Fault(f"ids in layer '{name}' are empty or stand twice: {twice}", source, key))
    known = layers["blocks"]["grid_code"].isin(layers["grids"]["code"])
    for block, code in layers["blocks"].loc[~known, ["block_id", "grid_code"]].itertuples(index=False):
        faults.append(Fault(f"there is no grid {code!r} in layer 'grids'", source, "grid_code", block))
    if faults:
        raise PlanFileError(faults)
    return Plan(**plan_of(layers))


def _read_layer(path: Path, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = pyogrio.read_dataframe(path, layer=name)
    for column in frame.select_dtypes(include=["object", "str"]).columns:
        if column != "geometry":
            frame[column] = frame[column].astype("str").fillna("")
    if isinstance(frame, gpd.GeoDataFrame):
        shapes = frame.geometry.to_numpy()
        single = shapely.get_num_geometries(shapes) == 1
        frame = frame.set_geometry(shapes.copy(), crs=frame.crs)
        frame.loc[single, "geometry"] = shapely.get_geometry(shapes[single], 0)
    return frame


def _write_layers(layers: Mapping[str, pd.DataFrame], path: Path) -> None:
    with _fixed_clock():
        for name, frame in layers.items():
            _write_layer(plain_columns(frame), path, name)
        _write_layer(style_table(list(layers), stamp=WRITTEN_AT), path, TABLE)


def _write_layer(frame: pd.DataFrame, path: Path, name: str) -> None:
    # the version of GeoPackage that QGIS has read without a murmur since its long-term release of 2018
    version = {} if path.exists() else {"VERSION": "1.2"}
    if not isinstance(frame, gpd.GeoDataFrame):
        pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", dataset_options=version)
        return
    kind = GEOMETRY_TYPES[name]
    pyogrio.write_dataframe(
        frame,
        path,
        layer=name,
        driver="GPKG",
        geometry_type=kind,
        promote_to_multi=kind.startswith("Multi"),
        dataset_options=version,
        layer_options={"GEOMETRY_NAME": GEOMETRY, "SPATIAL_INDEX": "YES"},
    )


@contextmanager
def _fixed_clock() -> Iterator[None]:
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": WRITTEN_AT})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _check_written(layers: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Count what stands in the file, since a full disk may show only when GDAL has closed it."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as file:
        for name, frame in layers.items():
            (count,) = file.execute(f'SELECT count(*) FROM "{name}"').fetchone()  # noqa: S608  our own layer names
            if count != len(frame):
                raise OSError(f"layer '{name}' kept {count} of {len(frame)} rows")
