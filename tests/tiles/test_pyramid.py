"""A plan as one file: written, read back by us and by GDAL, the same every time."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, TileType, tileid_to_zxy
from pmtiles.writer import Writer

import gis_grid as gg
from gis_grid.errors import InputError, OutputError
from gis_grid.tiles import Pyramid, TileArchive, TileOptions, map_style, write_tiles
from gis_grid.tiles.mercator import EXTENT
from small import small_plan
from tile_decoding import check_polygons, layers, shapes

LAYERS = ["communities", "streets", "grids", "blocks", "borders", "labels"]


@pytest.fixture(scope="module")
def plan() -> gg.Plan:
    return gg.build_from(gg.sample_frames())


@pytest.fixture(scope="module")
def archive(plan: gg.Plan, tmp_path_factory: pytest.TempPathFactory) -> TileArchive:
    return TileArchive(write_tiles(plan, tmp_path_factory.mktemp("tiles") / "plan.pmtiles"))


def test_every_tile_is_valid_in_every_layer_and_zoom(archive: TileArchive) -> None:
    with archive.path.open("rb") as file:
        found = list(all_tiles(MmapSource(file)))
    assert {place[0] for place, _ in found} == set(range(archive.zooms[0], archive.zooms[1] + 1))
    for place, packed in found:
        tile = gzip.decompress(packed)
        assert archive.tile(*place) == packed
        for name in ("communities", "grids", "blocks"):
            check_polygons(tile, name)
        decoded = layers(tile)
        assert [name for name in LAYERS if name in decoded] == list(decoded)
        for name in ("streets", "borders"):
            lines = shapes(decoded.get(name, []))
            assert (shapely.length(lines) > 0).all()
            rims = shapely.total_bounds(lines) if len(lines) else np.zeros(4)
            assert rims.min() >= -64
            assert rims.max() <= EXTENT + 64


def test_gdal_reads_all_layers_with_what_they_say(plan: gg.Plan, archive: TileArchive) -> None:
    assert list(pyogrio.list_layers(archive.path)[:, 0]) == LAYERS
    read = (
        pyogrio.read_dataframe(archive.path, layer="grids").drop_duplicates("mvt_id").set_index("mvt_id").sort_index()
    )
    assert list(read["code"]) == list(plan.grids["code"])
    assert list(read["households"].astype(int)) == list(plan.grids["households"])
    labels = pyogrio.read_dataframe(archive.path, layer="labels").set_index("mvt_id").sort_index()
    assert list(labels["code"]) == list(plan.grids["code"])
    at = labels.set_crs(3857, allow_override=True).to_crs(plan.blocks.crs)
    assert (shapely.distance(at.geometry.to_numpy(), plan.grids.geometry.to_numpy()) < 0.5).all()


def test_the_shapes_of_the_last_zoom_are_those_of_the_plan(plan: gg.Plan, archive: TileArchive) -> None:
    read = pyogrio.read_dataframe(archive.path, layer="grids", columns=["code"])
    whole = read.set_crs(3857, allow_override=True).to_crs(plan.blocks.crs).dissolve("code")
    wanted = plan.grids.set_index("code").geometry.reindex(whole.index)
    off = shapely.area(shapely.symmetric_difference(whole.geometry.to_numpy(), wanted.to_numpy()))
    assert (off < 0.5 * shapely.length(wanted.to_numpy())).all()  # half a metre along the outline


def test_colours_of_neighbours_differ(plan: gg.Plan, archive: TileArchive) -> None:
    read = pyogrio.read_dataframe(archive.path, layer="grids", read_geometry=False).drop_duplicates("code")
    colour = read.set_index("code")["colour"]
    code = plan.assignment.map(plan.grids["code"])
    one, two = (plan.borders[side].map(code) for side in ("a", "b"))
    apart = (one != two).to_numpy()
    assert (colour.reindex(one[apart]).to_numpy() != colour.reindex(two[apart]).to_numpy()).all()


def test_equal_plans_make_equal_bytes(plan: gg.Plan, archive: TileArchive, tmp_path: Path) -> None:
    again = write_tiles(plan, tmp_path / "again.pmtiles")
    assert again.read_bytes() == archive.path.read_bytes()
    assert TileArchive(again).etag == archive.etag


def test_guests_see_no_small_counts(tmp_path: Path) -> None:
    plan = small_plan()
    few = np.where(np.arange(20) == 3, 4, plan.blocks["households"])
    plan = replace(plan, blocks=plan.blocks.assign(households=few))
    path = write_tiles(plan, tmp_path / "guest.pmtiles", TileOptions(counts="suppressed"))
    with TileArchive(path) as archive:
        assert archive.metadata["counts"] == "suppressed"
    read = pyogrio.read_dataframe(path, layer="blocks", read_geometry=False)
    shown = read.drop_duplicates("mvt_id").set_index("mvt_id")["households"].sort_index()
    assert shown.isna().to_numpy().nonzero()[0].tolist() == [3]
    assert shown.dropna().astype(int).min() >= 10


def test_a_failed_write_leaves_what_stood_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan.pmtiles"
    path.write_bytes(b"before")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gis_grid.places.os.fsync", fail)
    with pytest.raises(OutputError, match="No space left"):
        write_tiles(small_plan(), path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_places_and_zooms_that_cannot_be_are_refused(tmp_path: Path) -> None:
    plan = small_plan()
    for name in ("plan.mbtiles", "missing/plan.pmtiles"):
        with pytest.raises(OutputError, match="→"):
            write_tiles(plan, tmp_path / name)
    with pytest.raises(InputError, match="would need"):
        write_tiles(plan, tmp_path / "plan.pmtiles", TileOptions(zooms=(10, 24)))
    empty = replace(plan, blocks=plan.blocks.iloc[:0], assignment=plan.assignment.iloc[:0])
    with pytest.raises(OutputError, match="no blocks"):
        write_tiles(empty, tmp_path / "plan.pmtiles")


def test_progress_ends_with_the_whole(plan: gg.Plan) -> None:
    told: list[float] = []
    pyramid = Pyramid(plan, TileOptions(zooms=(12, 13)))
    for _ in pyramid.tiles(lambda _, share: told.append(share)):
        pass
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_large_directory_is_read_through_its_leaves(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = np.sort(rng.choice(4**9, 20_000, replace=False)) + (4**9 - 1) // 3  # tiles of zoom 9
    path = tmp_path / "many.pmtiles"
    with path.open("wb") as file:
        writer = Writer(file)
        for number in numbers.tolist():
            writer.write_tile(number, rng.bytes(int(rng.integers(5, 60))))
        writer.finalize({"tile_compression": Compression.NONE, "tile_type": TileType.MVT}, {"vector_layers": []})
    with TileArchive(path) as archive, path.open("rb") as file:
        assert archive.header["leaf_directory_length"] > 0
        assert not archive.packed
        reader = Reader(MmapSource(file))
        places = [tileid_to_zxy(number) for number in [*numbers[::1999].tolist(), *range(87_400, 87_440)]]
        found = [archive.tile(*place) for place in places]
        assert found == [reader.get(*place) for place in places]
        assert None in found
        assert sum(tile is not None for tile in found) > 10


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"PMTiles", b"PMTiles\x02" + bytes(200), b"SQLite format 3" + bytes(200)):
        path = tmp_path / "plan.pmtiles"
        path.write_bytes(content)
        with pytest.raises(InputError, match="no PMTiles file"):
            TileArchive(path)


def test_a_tile_outside_is_none_and_outside_the_world_refused(archive: TileArchive) -> None:
    first, last = archive.zooms
    assert archive.tile(first - 1, 0, 0) is None
    assert archive.tile(last, 0, 0) is None
    assert archive.tile(last + 1, 0, 0) is None
    with pytest.raises(InputError):
        archive.tile(2, 4, 0)


def test_tilejson_says_what_is_in_the_tiles(archive: TileArchive) -> None:
    document = json.loads(json.dumps(archive.tilejson("/api/tiles/p1/{z}/{x}/{y}.mvt")))
    assert document["tilejson"] == "3.0.0"
    assert document["tiles"] == ["/api/tiles/p1/{z}/{x}/{y}.mvt"]
    assert [layer["id"] for layer in document["vector_layers"]] == LAYERS
    west, south, east, north = document["bounds"]
    lon, lat, zoom = document["center"]
    assert west < lon < east
    assert south < lat < north
    assert document["minzoom"] <= zoom <= document["maxzoom"]
    said = {layer["id"]: set(layer["fields"]) for layer in document["vector_layers"]}
    for name in LAYERS:
        read = pyogrio.read_dataframe(archive.path, layer=name, read_geometry=False)
        assert set(read.columns) - {"mvt_id"} == said[name]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_style_draws_only_what_the_tiles_hold(archive: TileArchive, theme: str) -> None:
    style = map_style("/plan.json", base="/base.json", theme=theme)  # type: ignore[arg-type]
    names = [layer["id"] for layer in style["layers"]]
    assert len(names) == len(set(names))
    fields = {layer["id"]: set(layer["fields"]) for layer in archive.metadata["vector_layers"]}
    for layer in style["layers"][1:]:
        assert layer["source"] in style["sources"]
        used = set(mentioned(layer)) - {"few"}  # only tiles for guests say it
        assert used <= fields[layer["source-layer"]], layer["id"]
    assert "http" not in json.dumps(style)
    assert "glyphs" not in style
    assert "sprite" not in style


def mentioned(value: object) -> list[str]:
    """Return the properties of features that a style speaks of."""
    if isinstance(value, dict):
        return [name for part in value.values() for name in mentioned(part)]
    if isinstance(value, list):
        if len(value) == 2 and value[0] in ("get", "has"):
            return [value[1]]
        return [name for part in value for name in mentioned(part)]
    return []
