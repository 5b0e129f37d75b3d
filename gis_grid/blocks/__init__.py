"""Streets, barriers and a boundary to blocks: faces between streets, counted, divided where they hold too much."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import shapely

from gis_grid.blocks.counts import block_of, count_points, totals
from gis_grid.blocks.divide import Care, Pieces, by_areas, by_cells, by_stairwells, carried_on, settled
from gis_grid.blocks.faces import WIDE_ROADS, FaceOptions, Lines, occupied_faces, street_faces
from gis_grid.blocks.ids import face_ids, part_ids
from gis_grid.blocks.merge import absorbed
from gis_grid.blocks.nest import fit_communities, inner_lines
from gis_grid.coverage import Bools, Geometries, Ints
from gis_grid.errors import Fault, FrameError
from gis_grid.frames import check_frame
from gis_grid.scheme import Band

__all__ = ["BlockOptions", "build_blocks", "fit_communities", "refine_blocks"]

#: Lines that bound faces from the start; lesser ones only divide a face that holds too much.
BOUNDING = ("motorway", "trunk", "primary", "secondary", "tertiary", "residential", "railway", "river")
#: Lines that may run inside a walled compound and are then no street.
MINOR = ("residential", "service", "path")


@dataclass(frozen=True)
class BlockOptions:
    """Choose how blocks are made: what is too narrow, how far dead ends carry on, whether to divide at all."""

    faces: FaceOptions = field(default_factory=FaceOptions)
    extend_m: float = 90.0
    cell_share: float = 0.125
    divide: bool = True


@dataclass(frozen=True)
class _Ground:
    """Hold what blocks are divided by: lines, walls, buildings, and where the households are."""

    drawn: Lines
    lanes: Geometries
    walls: Geometries
    footprints: Geometries
    stairwells: Ints
    homes: Geometries
    loads: Ints
    points: Geometries
    band: Band
    options: BlockOptions

    def held(self, geometry: Geometries) -> Ints:
        """Return how many households each of some areas holds."""
        return totals(block_of(self.points, geometry), self.loads, len(geometry))


def build_blocks(
    boundary: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    households: gpd.GeoDataFrame,
    *,
    communities: gpd.GeoDataFrame | None = None,
    compounds: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    band: Band | None = None,
    options: BlockOptions | None = None,
    progress: Callable[[str], None] | None = None,
) -> gpd.GeoDataFrame:
    """Divide a district into blocks along its streets and count the households in each.

    All frames keep the contract of `gis_grid.frames` and share one metric CRS. `streets` carries barriers (railways,
    rivers) too. The blocks tile the boundary, nest in the communities, and hold every household row that lies inside;
    a face above `band.max` is divided while anything divides it.

    Raises
    ------
    FrameError
        If a frame breaks its contract, or the frames do not share one CRS.
    """
    band, options = band or Band(), options or BlockOptions()
    say = progress or (lambda _: None)
    frames = {"boundary": boundary, "streets": streets, "households": households}
    frames |= {
        k: v
        for k, v in {"communities": communities, "compounds": compounds, "buildings": buildings}.items()
        if v is not None
    }
    checked = {kind: check_frame(frame, kind) for kind, frame in frames.items()}
    _same_crs(checked)
    streets, households = checked["streets"], checked["households"]
    ground = _ground(streets, households, compounds, buildings, band, options)
    outline = shapely.union_all(boundary.geometry.to_numpy())
    say("faces")
    drawn = [outline] if communities is None else communities.geometry.to_numpy()
    regions = fit_communities(outline, np.array(drawn, dtype=object))
    counted = {"points": ground.points, "households": ground.loads}
    faces = street_faces(outline, ground.drawn, fixed=inner_lines(regions), options=options.faces, **counted)
    region = block_of(shapely.point_on_surface(faces), regions)
    lived_in = occupied_faces(faces, ground.points, ground.loads, options.faces)
    faces, region = absorbed(faces, region, lived_in, min_width_m=options.faces.min_width_m)
    pieces = Pieces(faces, np.arange(len(faces)), np.full(len(faces), "face", dtype=object), region)
    if options.divide:
        say("dividing")
        pieces = _divide(pieces, ground)
    say("counting")
    codes = [""] if communities is None else communities["community_code"].to_list()
    return _frame(pieces, np.array(face_ids(faces), dtype=object), np.array(codes, dtype=object), ground, households)


def refine_blocks(
    blocks: gpd.GeoDataFrame,
    chosen: Collection[str],
    streets: gpd.GeoDataFrame,
    households: gpd.GeoDataFrame,
    *,
    compounds: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    band: Band | None = None,
    options: BlockOptions | None = None,
) -> gpd.GeoDataFrame:
    """Divide chosen blocks further, though they are within the band, where their neighbours leave no other way.

    The frames are those the blocks were built from. A compound or building that fits the band stays whole; of the
    other blocks each is divided by the first means that parts its households. Ids of all other blocks stay.
    """
    ground = _ground(streets, households, compounds, buildings, band or Band(), options or BlockOptions())
    codes, region = np.unique(blocks["community_code"].to_numpy(dtype=str), return_inverse=True)
    ids = blocks.index.to_numpy(dtype=object)
    atom = blocks["atom"].to_numpy(dtype=object)
    pieces = Pieces(blocks.geometry.to_numpy(), np.arange(len(ids)), atom, region)
    wanted = np.isin(ids, list(chosen)) & (atom == "face")
    todo = wanted
    # never by stairwell: a building within the band stays whole
    for step in _steps(ground)[:-1]:
        if not todo.any():
            break
        cut = step(pieces.take(todo))
        # only what parts the households of a block is worth a border through it
        lived = np.bincount(cut.face, ground.held(cut.geometry) > 0, len(ids)) > 1
        pieces = pieces.swap(todo & lived[pieces.face], cut.take(lived[cut.face]))
        todo = wanted[pieces.face] & ~_parted(pieces.face, len(ids))
    parent = blocks["parent_block_id"].to_numpy(dtype=object)
    tops = np.where(parent == "", ids, parent)
    return _frame(settled(pieces), ids, codes.astype(object), ground, households, tops)


def _parted(face: Ints, count: int) -> Bools:
    out: Bools = (np.bincount(face, minlength=count) > 1)[face]
    return out


def _ground(
    streets: gpd.GeoDataFrame,
    households: gpd.GeoDataFrame,
    compounds: gpd.GeoDataFrame | None,
    buildings: gpd.GeoDataFrame | None,
    band: Band,
    options: BlockOptions,
) -> _Ground:
    walls, homes = _geometry(compounds), households.geometry.to_numpy()
    return _Ground(
        drawn=_bounding_lines(streets, walls),
        lanes=streets.geometry.to_numpy(),
        walls=walls,
        footprints=_geometry(buildings),
        stairwells=np.empty(0, np.int64) if buildings is None else buildings["stairwells"].to_numpy(),
        homes=homes,
        loads=households["households"].to_numpy(),
        points=count_points(homes),
        band=band,
        options=options,
    )


def _same_crs(frames: dict[str, gpd.GeoDataFrame]) -> None:
    wanted = frames["boundary"].crs
    faults = [
        Fault(
            f"its CRS is {frame.crs.to_string()}, the boundary's {wanted.to_string()}", kind, remedy="project it first"
        )
        for kind, frame in frames.items()
        if frame.crs != wanted
    ]
    if faults:
        raise FrameError(faults)


def _geometry(frame: gpd.GeoDataFrame | None) -> Geometries:
    return np.empty(0, dtype=object) if frame is None else frame.geometry.to_numpy()


def _bounding_lines(streets: gpd.GeoDataFrame, walls: Geometries) -> Lines:
    """Return the lines that bound faces: streets but for lanes, and but for what runs inside a compound."""
    kind = streets["street_class"].to_numpy(dtype=object)
    lines = streets.geometry.to_numpy()
    use = np.isin(kind, BOUNDING)
    minor = np.flatnonzero(use & np.isin(kind, MINOR))
    if len(walls) and len(minor):
        line, wall = shapely.STRtree(walls).query(lines[minor], predicate="intersects")
        metres = shapely.length(shapely.intersection(lines[minor][line], walls[wall]))
        within = np.bincount(line, metres, len(minor))
        use[minor[within > 0.5 * shapely.length(lines[minor])]] = False
    chosen = streets[use]
    kind = kind[use]
    round_ = chosen["roundabout"].to_numpy(bool) if "roundabout" in chosen else np.zeros(len(chosen), bool)
    return Lines(lines[use], np.isin(kind, WIDE_ROADS), chosen["link"].to_numpy(bool), round_)


def _steps(ground: _Ground) -> list[Callable[[Pieces], Pieces]]:
    """Return the means of dividing a block, the cheapest border first."""
    reach, footprints, walls = ground.options.extend_m, ground.footprints, ground.walls
    fitting = walls[ground.held(walls) <= ground.band.max]
    whole = np.concatenate([footprints, fitting])
    care = Care(ground.options.faces.min_width_m, ground.points[ground.loads > 0], whole)
    items, loads = _items(ground, fitting)
    target = ground.band.target
    least = max(1, round(ground.options.cell_share * target))
    return [
        lambda p: carried_on(p, ground.drawn.geometry, care, reach_m=reach),
        lambda p: by_areas(p, walls, "compound", care) if len(walls) else p,
        lambda p: carried_on(p, ground.lanes, care, reach_m=reach),
        lambda p: by_cells(p, items, loads, least=least, most=target // 2),
        lambda p: by_stairwells(p, footprints, ground.stairwells) if len(footprints) else p,
    ]


def _items(ground: _Ground, fitting: Geometries) -> tuple[Geometries, Ints]:
    """Return what gets a cell of its own, and its households: compounds that fit a grid, and buildings elsewhere.

    Without buildings the homes themselves serve: parcels, footprints or points.
    """
    items = ground.footprints if len(ground.footprints) else ground.homes
    loads = ground.held(items) if len(ground.footprints) else ground.loads
    if len(fitting):
        outside = np.ones(len(items), bool)
        outside[shapely.STRtree(fitting).query(count_points(items), predicate="intersects")[0]] = False
        items = np.concatenate([fitting, items[outside]])
        loads = np.concatenate([ground.held(fitting), loads[outside]])
    return items[loads > 0], loads[loads > 0]


def _divide(pieces: Pieces, ground: _Ground) -> Pieces:
    """Divide what is above the band, step by step."""
    for step in _steps(ground):
        over = ground.held(pieces.geometry) > ground.band.max
        if not over.any():
            break
        pieces = pieces.swap(over, step(pieces.take(over)))
    return settled(pieces)


def _frame(
    pieces: Pieces,
    named: Geometries,
    codes: Geometries,
    ground: _Ground,
    households: gpd.GeoDataFrame,
    tops: Geometries | None = None,
) -> gpd.GeoDataFrame:
    """Name the pieces and count them; `named` are the ids of what they are pieces of, `tops` the faces of those."""
    part = _parted(pieces.face, len(named))
    ids = named[pieces.face]
    ids[part] = part_ids(ids[part].tolist(), pieces.geometry[part])
    block = block_of(ground.points, pieces.geometry)
    top = (named if tops is None else tops)[pieces.face]
    columns = {
        "parent_block_id": np.where(ids == top, "", top),
        "atom": pieces.atom,
        "community_code": codes[pieces.region],
    }
    for name in ("households", "shops"):
        if name in households:
            columns[name] = totals(block, households[name].to_numpy(), len(ids))
    frame = gpd.GeoDataFrame(columns, geometry=pieces.geometry, crs=households.crs, index=ids).rename_axis("block_id")
    return check_frame(frame.sort_index(), "blocks")
