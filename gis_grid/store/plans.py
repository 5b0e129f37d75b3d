"""Plans in and out of the store: taken in as a plan file has them, given back exactly so."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import delete, insert, select, update

from gis_grid import plan as plans
from gis_grid.errors import AbsentError, Fault
from gis_grid.planfile.layers import layers_of, plain_columns, plan_of
from gis_grid.scheme import Scheme
from gis_grid.store.arrow import pack, unpack
from gis_grid.store.columns import now
from gis_grid.store.dates import dated
from gis_grid.store.models import Area, Assignment, Base, Block, Grid, Ground, GroundLayer, Plan, PlanLayer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

WGS84 = "EPSG:4326"
#: layers that every plan on a ground shares, and those of a plan; tiers and posts are derived when a plan is written
GROUND_LAYERS = (
    "borders",
    "outline",
    "communities",
    "streets",
    "addresses",
    "numbers",
    "aliases",
    "compounds",
    "buildings",
)
PLAN_LAYERS = ("issues", "concordance", "staff", "assignments")
BLOCK_COLUMNS = ("block_id", "parent_block_id", "atom", "community_code", "households")
GRID_COLUMNS = (
    "grid_id",
    "code",
    "name",
    "kind",
    "tier",
    "parent_code",
    "community_code",
    "households",
    "bounds_zh",
    "bounds_en",
)


def new_id(kind: str) -> str:
    """Make an id for a plan (`p…`), draft (`d…`), job (`j…`) or token (`t…`) that no other one has."""
    return kind + secrets.token_hex(6)


def import_plan(
    session: Session, plan: plans.Plan, *, district: int, name: str, who: str, based_on: str | None = None
) -> str:
    """Take a plan into a district, on a ground of its own, and return its id; its state is `proposed`.

    Raises
    ------
    AbsentError
        If there is no such district.
    """
    area = session.get(Area, district)
    if area is None or area.level != "district":
        raise AbsentError(Fault(f"there is no district {district}", remedy="add it first"))
    layers = {key: plain_columns(frame) for key, frame in layers_of(plan).items()}
    columns = {plans.tier_column(tier) for tier in plan.scheme.tiers} - {"community_code"}
    ground = keep_ground(session, layers, district=district, tiers=columns)
    return keep_plan(
        session, layers, scheme=plan.scheme, ground=ground, district=district, name=name, who=who, based_on=based_on
    )


def keep_plan(
    session: Session,
    layers: Mapping[str, pd.DataFrame],
    *,
    scheme: Scheme,
    ground: int,
    district: int,
    name: str,
    who: str,
    based_on: str | None = None,
    from_draft: str | None = None,
) -> str:
    """Keep the layers of a plan whose ground is in the store already, and return the plan's id."""
    kept = Plan(
        id=new_id("p"),
        district_id=district,
        ground_id=ground,
        name=name,
        state="proposed",
        main_tier=scheme.main.id,
        scheme=scheme.content(),
        notes=_notes(layers["metadata"]),
        based_on=based_on,
        from_draft=from_draft,
        created_at=now(),
        created_by=who,
    )
    session.add(kept)
    session.flush()
    _keep_packed(session, kept.id, _pack_layers(layers, scheme))
    return kept.id


def rewrite_plan(session: Session, plan_id: str, made: Packed) -> None:
    """Put what follows from blocks and assignment anew in the place of what a plan has of it.

    Only publishing does that: codes are settled then, and everything that names them.
    """
    for table in (Grid, Assignment, PlanLayer):
        session.execute(delete(table).where(table.plan_id == plan_id))
    session.execute(update(Plan).where(Plan.id == plan_id).values(notes=made.notes))
    _keep_packed(session, plan_id, made)


@dataclass(frozen=True)
class Packed:
    """What the store keeps of a plan beside its ground, ready to be written: rows by columns, layers as bytes."""

    grids: Mapping[str, list[Any]]
    assignments: Mapping[str, list[str]]
    blocks: list[str]
    layers: Mapping[str, bytes]
    notes: list[list[str]]


def packed(plan: plans.Plan) -> Packed:
    """Return what the store keeps of a plan; it takes no session, and so no lock."""
    return _pack_layers({key: plain_columns(frame) for key, frame in layers_of(plan).items()}, plan.scheme)


def _pack_layers(layers: Mapping[str, pd.DataFrame], scheme: Scheme) -> Packed:
    grids = layers["grids"]
    own = grids.drop(columns=[*GRID_COLUMNS[1:], "map_colour", grids.geometry.name], errors="ignore")
    contents = {"grids": pack(pd.DataFrame(own))}
    contents |= {layer: pack(layers[layer]) for layer in PLAN_LAYERS if layer in layers}
    blocks = layers["blocks"].assign(grid_id=layers["blocks"]["grid_code"].map(grids.set_index("code")["grid_id"]))
    units = {}
    for tier, column in (_tier_columns(scheme) | {scheme.main.id: "grid_id"}).items():
        unit = blocks[column].fillna("").astype(str)
        if (unit != "").any():
            units[tier] = unit.tolist()
    rows = _columns(grids, GRID_COLUMNS) | _places(grids)
    return Packed(rows, units, blocks["block_id"].tolist(), contents, _notes(layers["metadata"]))


def _keep_packed(session: Session, plan_id: str, made: Packed) -> None:
    count = len(made.grids["grid_id"])
    _insert(session, Grid, {**made.grids, "plan_id": [plan_id] * count})
    for tier, units in made.assignments.items():  # every block's unit in every tier that has units
        fixed = {"plan_id": [plan_id] * len(units), "tier": [tier] * len(units)}
        _insert(session, Assignment, {**fixed, "block_id": made.blocks, "unit": units})
    session.add_all(PlanLayer(plan_id=plan_id, name=layer, content=content) for layer, content in made.layers.items())
    session.flush()


def _notes(metadata: pd.DataFrame) -> list[list[str]]:
    pairs = zip(metadata["key"], metadata["value"], strict=True)
    return [[key, value] for key, value in pairs if key != "scheme_tables"]


def load_plan(session: Session, plan_id: str) -> plans.Plan:
    """Return a plan as `read_plan` reads it from the file that it was written to.

    Raises
    ------
    AbsentError
        If there is no such plan.
    """
    kept = session.get(Plan, plan_id)
    if kept is None:
        raise AbsentError(Fault(f"there is no plan {plan_id}"))
    crs = session.execute(select(Ground.crs).where(Ground.id == kept.ground_id)).scalar_one()
    on_ground, of_plan = Block.ground_id == kept.ground_id, Grid.plan_id == plan_id
    layers = _layers(session, GroundLayer, GroundLayer.ground_id == kept.ground_id)
    layers |= _layers(session, PlanLayer, PlanLayer.plan_id == plan_id)
    grids = _joined(_shaped(session, Grid, GRID_COLUMNS, of_plan), layers.pop("grids"), crs)
    blocks = _joined(_shaped(session, Block, BLOCK_COLUMNS, on_ground), layers.pop("blocks"), crs)
    layers |= {"grids": grids, "blocks": _with_units(session, kept, blocks, grids)}
    if kept.state == "published":
        layers["grids"] = dated(session, kept, grids)
    pairs = [*kept.notes, ["scheme_tables", json.dumps(kept.scheme)]]
    layers["metadata"] = pd.DataFrame(pairs, columns=["key", "value"], dtype=object)
    return plans.Plan(**plan_of(layers))


def list_plans(session: Session) -> list[tuple[str, str, str, str, str, str]]:
    """Return id, code and name of the district, state, title and day of every plan, the newest first."""
    query = select(Plan, Area).join(Area, Area.id == Plan.district_id).order_by(Plan.created_at.desc(), Plan.id)
    return [
        (plan.id, area.code, area.name, plan.state, plan.name, f"{plan.created_at:%Y-%m-%d}")
        for plan, area in session.execute(query)
    ]


def _tier_columns(scheme: Scheme) -> dict[str, str]:
    """Return the column of each tier but the main one and the communities, whose column every block has."""
    named = {tier.id: plans.tier_column(tier) for tier in scheme.tiers if tier.id != scheme.main.id}
    return {tier: column for tier, column in named.items() if column != "community_code"}


def keep_ground(session: Session, layers: Mapping[str, pd.DataFrame], *, district: int, tiers: Collection[str]) -> int:
    """Keep the blocks of a plan, and the layers that every plan on them shares, and return the ground's id."""
    blocks = layers["blocks"]
    ground = Ground(district_id=district, crs=blocks.crs.to_string(), created_at=now())
    session.add(ground)
    session.flush()
    rows = _columns(blocks, BLOCK_COLUMNS) | _places(blocks) | {"ground_id": [ground.id] * len(blocks)}
    _insert(session, Block, rows)
    units = {"grid_code", *tiers}
    own = blocks.drop(columns=[*BLOCK_COLUMNS[1:], *units, blocks.geometry.name], errors="ignore")
    session.add(GroundLayer(ground_id=ground.id, name="blocks", content=pack(pd.DataFrame(own))))
    for layer in GROUND_LAYERS:
        if layer in layers:
            session.add(GroundLayer(ground_id=ground.id, name=layer, content=pack(layers[layer])))
    session.flush()
    return ground.id


def _columns(frame: pd.DataFrame, names: Iterable[str]) -> dict[str, list[Any]]:
    return {name: frame[name].tolist() for name in names}


def _places(frame: gpd.GeoDataFrame) -> dict[str, list[Any]]:
    """Return each row's place in the frame, its exact shape, and its shape in WGS 84 with the box around it."""
    exact = frame.geometry.to_numpy()
    seen = frame.geometry.to_crs(WGS84).to_numpy()
    parts, owner = shapely.get_parts(seen, return_index=True)
    many = np.full(len(frame), None, dtype=object)
    shapely.multipolygons(parts, indices=owner, out=many)
    west, south, east, north = shapely.bounds(seen).T.tolist()
    box = {"west": west, "south": south, "east": east, "north": north}
    return {"place": list(range(len(frame))), "shape": shapely.to_wkb(exact).tolist(), "geom": many.tolist()} | box


def _insert(session: Session, table: type[Base], columns: Mapping[str, list[Any]]) -> None:
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    if rows:
        session.execute(insert(table), rows)


def _layers(session: Session, table: type[GroundLayer | PlanLayer], owner: ColumnElement[bool]) -> dict[str, Any]:
    found = session.execute(select(table.name, table.content).where(owner))
    return {name: unpack(content) for name, content in found}


def _shaped(session: Session, table: type[Block | Grid], names: Sequence[str], owner: ColumnElement[bool]) -> Any:
    """Return the rows of blocks or grids in their order, with `shape` turned into geometry."""
    columns = [getattr(table, name) for name in names]
    found = session.execute(select(*columns, table.shape).where(owner).order_by(table.place)).all()
    frame = pd.DataFrame(found, columns=[*names, "geometry"])
    return frame.assign(geometry=shapely.from_wkb(frame["geometry"].to_numpy(dtype=object)))


def _joined(rows: pd.DataFrame, own: pd.DataFrame, crs: str) -> gpd.GeoDataFrame:
    """Put a frame's own columns beside those that stand in the table; both are in the frame's order."""
    texts = {name: "str" for name in rows if rows[name].dtype == object and name != "geometry"}
    rows, own = rows.astype(texts), own.drop(columns=rows.columns[0]).reset_index(drop=True)
    geometry = rows.pop("geometry")
    return gpd.GeoDataFrame(pd.concat([rows, own], axis=1), geometry=geometry.to_numpy(), crs=crs)


def _with_units(session: Session, kept: Plan, blocks: gpd.GeoDataFrame, grids: pd.DataFrame) -> gpd.GeoDataFrame:
    """Put the codes of their units in every tier on the blocks, as the plan file has them."""
    scheme = Scheme.from_content(kept.scheme, source=kept.id)
    columns = _tier_columns(scheme)
    query = select(Assignment.tier, Assignment.block_id, Assignment.unit).where(Assignment.plan_id == kept.id)
    found = pd.DataFrame(session.execute(query).all(), columns=["tier", "block_id", "unit"], dtype="str")
    unit_of = {tier: rows.set_index("block_id")["unit"] for tier, rows in found.groupby("tier")}
    nothing = pd.Series(dtype="str")
    codes = {c: blocks["block_id"].map(unit_of.get(t, nothing)).astype("str").fillna("") for t, c in columns.items()}
    code_of = grids.set_index("grid_id")["code"]
    grid = blocks["block_id"].map(unit_of[scheme.main.id]).map(code_of)
    return blocks.assign(**codes, grid_code=grid.astype("str").fillna(""))
