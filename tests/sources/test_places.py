"""Boundary, communities, compounds, buildings and staff."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis_grid.errors import InputError
from gis_grid.frames import check_frame
from gis_grid.sources import read_boundary, read_buildings, read_communities, read_compounds, read_staff

METRIC = "EPSG:4547"


def boxes(n, *, width=100.0, step=100.0):
    return [shapely.box(528000 + step * k, 3386000, 528000 + step * k + width, 3386100) for k in range(n)]


def layer(tmp_path, shapes, **columns):
    gpd.GeoDataFrame(columns, geometry=shapes, crs=METRIC).to_parquet(tmp_path / "f.parquet")
    return tmp_path / "f.parquet"


# ---- boundary ---------------------------------------------------------------------------------------------------


def test_several_polygons_are_one_boundary(tmp_path):
    read = read_boundary(layer(tmp_path, boxes(3)))
    assert len(read.frame) == 1
    assert read.frame.geometry.iloc[0].equals(shapely.box(528000, 3386000, 528300, 3386100))
    assert any("3 polygons were united" in note for note in read.notes)
    apart = read_boundary(layer(tmp_path, boxes(2, step=500)))
    assert apart.tally["parts"] == 2
    assert any("2 separate parts" in note for note in apart.notes)


def test_holes_stay_but_gaps_are_closed(tmp_path):
    enclave = shapely.box(528000, 3386000, 528300, 3386300) - shapely.box(528100, 3386100, 528200, 3386200)
    gap = shapely.box(528010, 3386010, 528010.5, 3386010.5)
    read = read_boundary(layer(tmp_path, [enclave - gap]))
    assert read.frame.area.iloc[0] == pytest.approx(300 * 300 - 100 * 100)
    assert len(read.frame.geometry.iloc[0].interiors) == 1


@pytest.mark.parametrize(
    "shape", [shapely.Point(528000, 3386000), shapely.LineString([(528000, 3386000), (528100, 3386000)])]
)
def test_a_boundary_wants_polygons(tmp_path, shape):
    with pytest.raises(InputError, match=rf"{shape.geom_type} where a boundary wants polygons"):
        read_boundary(layer(tmp_path, [*boxes(1), shape]))


def test_a_crossed_ring_is_repaired(tmp_path):
    bow = shapely.Polygon([(528000, 3386000), (528100, 3386100), (528100, 3386000), (528000, 3386100)])
    read = read_boundary(layer(tmp_path, [bow]))
    assert read.frame.is_valid.all()
    assert read.frame.area.iloc[0] == pytest.approx(5000)
    assert any("1 invalid polygons were repaired" in note for note in read.notes)


def test_all_without_geometry_is_refused(tmp_path):
    with pytest.raises(InputError, match="no row has geometry"):
        read_boundary(layer(tmp_path, [None, shapely.Polygon()]))


def test_the_gcj02_outline_declared_is_the_wgs84_outline(real_data):
    wgs = read_boundary(f"{real_data('china/districts_wgs84.parquet')}|where=adcode=420103")
    gcj = read_boundary(f"{real_data('china/districts_gcj02.parquet')}|where=adcode=420103", crs="gcj02")
    assert wgs.frame.crs.to_epsg() == gcj.frame.crs.to_epsg() == 4547
    apart = shapely.hausdorff_distance(wgs.frame.geometry.iloc[0], gcj.frame.geometry.iloc[0])
    assert apart < 0.01
    assert wgs.frame.area.iloc[0] / 1e6 == pytest.approx(28.3, abs=1.5)


@pytest.mark.parametrize(
    ("name", "epsg"),
    [
        ("cambridge/cambridge_boundary", 32619),
        ("ottawa/ottawa_dev_districts", 32618),
        ("ottawa/ottawa_dev_blocks", 32618),
    ],
)
def test_real_boundaries(real_data, name, epsg):
    read = read_boundary(real_data(f"{name}.parquet"))
    assert read.frame.crs.to_epsg() == epsg
    assert read.frame.area.iloc[0] == pytest.approx(gpd.read_parquet(real_data(f"{name}.parquet")).area.sum(), rel=2e-3)
    check_frame(read.frame, "boundary")


# ---- communities ------------------------------------------------------------------------------------------------


def test_official_codes_are_kept_with_their_offices(tmp_path):
    path = layer(
        tmp_path,
        boxes(2),
        社区代码=["420103001001", "420103002003"],
        社区名称=["新华", "民意"],
        街道名称=["民族街道", "民意街道"],
    )
    frame = read_communities(path, target=METRIC).frame
    assert frame["community_code"].tolist() == ["420103001001", "420103002003"]
    assert frame["name"].tolist() == ["新华", "民意"]
    assert frame["office_code"].tolist() == ["420103001", "420103002"]
    assert frame["office_name"].tolist() == ["民族街道", "民意街道"]
    assert not frame["provisional"].any()


def test_codes_read_as_numbers_are_still_codes(tmp_path):
    path = layer(tmp_path, boxes(2), code=[420103001001.0, 420103002003.0], name=["新华", "民意"])
    assert read_communities(path, target=METRIC).frame["community_code"].tolist() == ["420103001001", "420103002003"]


def test_provisional_codes_do_not_depend_on_the_order(tmp_path):
    names = ["丙", "甲", "乙"]
    first = read_communities(layer(tmp_path, boxes(3), name=names), target=METRIC)
    again = read_communities(layer(tmp_path, boxes(3)[::-1], name=names[::-1]), target=METRIC)
    by_name = [dict(zip(read.frame["name"], read.frame["community_code"], strict=True)) for read in (first, again)]
    assert by_name[0] == by_name[1]
    assert first.frame["community_code"].str.fullmatch(r"99\d{10}").all()
    assert first.frame["provisional"].all()
    assert any("3 communities have no 12-digit code; provisional ones were given" in note for note in first.notes)


def test_some_codes_may_be_missing(tmp_path):
    path = layer(tmp_path, boxes(3), code=["420103001001", "", None], name=["a", "b", "c"])
    frame = read_communities(path, target=METRIC).frame
    assert frame["community_code"].is_unique
    assert frame["provisional"].tolist() == [False, True, True]


def test_parts_of_one_community_are_joined_and_one_code_for_two_is_refused(tmp_path):
    shapes = boxes(3, step=200)
    path = layer(tmp_path, shapes, code=["420103001001", "420103001002", "420103001001"], name=["a", "b", "a"])
    read = read_communities(path, target=METRIC)
    assert read.frame["name"].tolist() == ["a", "b"]
    assert read.frame.area.tolist() == pytest.approx([20000, 10000])
    assert any("a lies in 2 separate parts" in note for note in read.notes)
    path = layer(tmp_path, shapes, code=["420103001001", "420103001002", "420103001001"], name=["a", "b", "c"])
    with pytest.raises(InputError) as caught:
        read_communities(path, target=METRIC)
    assert [fault.row for fault in caught.value.faults] == ["1", "3"]


def test_overlaps_are_said(tmp_path):
    read = read_communities(layer(tmp_path, boxes(2, width=110), name=["a", "b"]), target=METRIC)
    assert any("a and b overlap by 1,000 m²" in note for note in read.notes)


def test_communities_without_any_column(tmp_path):
    frame = read_communities(layer(tmp_path, boxes(2)), target=METRIC).frame
    assert frame["community_code"].is_unique
    assert frame["name"].tolist() == ["community 1", "community 2"]


def test_columns_of_communities_can_be_named(tmp_path):
    path = layer(tmp_path, boxes(2), a=["420103001001", "420103001002"], b=["x", "y"])
    frame = read_communities(path, target=METRIC, code_column="a", name_column="b").frame
    assert frame["community_code"].tolist() == ["420103001001", "420103001002"]
    assert frame["name"].tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("name", "rows", "first", "provisional"),
    [
        ("ottawa/ottawa_dev_districts", 13, "990000003047", 13),
        ("cambridge/cambridge_neighborhoods", 13, "990000000004", 13),
        ("china/districts_wgs84", 19, "420102000000", 0),
    ],
)
def test_real_communities(real_data, name, rows, first, provisional):
    read = read_communities(real_data(f"{name}.parquet"))
    assert len(read.frame) == rows
    assert read.frame["community_code"].iloc[0] == first
    assert read.tally["provisional"] == provisional
    assert read.frame["community_code"].str.fullmatch(r"\d{12}").all()
    check_frame(read.frame, "communities")


def test_a_table_of_codes_is_no_layer(real_data):
    with pytest.raises(InputError, match="no columns of coordinates were recognised, and there is no geometry"):
        read_communities(real_data("china/seed_villages_12digit.csv"))


# ---- compounds and buildings ------------------------------------------------------------------------------------


def test_compounds_have_names(tmp_path):
    read = read_compounds(layer(tmp_path, boxes(2), 小区名称=["金色家园", None]), target=METRIC)
    assert read.frame["name"].tolist() == ["金色家园", ""]
    check_frame(read.frame, "compounds")


def test_buildings_have_at_least_one_stairwell(tmp_path):
    path = layer(
        tmp_path,
        boxes(4),
        单元数=["3", "0", None, "x"],
        层数=[6, 33, None, 2.5],
        户数=[36, 264, None, -1],
        小区=["a", "", None, "b"],
    )
    read = read_buildings(path, target=METRIC)
    assert read.frame["stairwells"].tolist() == [3, 1, 1, 1]
    assert read.frame["storeys"].tolist() == [6, 33, 0, 0]
    assert read.frame["households"].tolist() == [36, 264, 0, 0]
    assert read.frame["compound"].tolist() == ["a", "", "", "b"]
    assert any("1 values of '户数' are no whole counts" in note for note in read.notes)


def test_helsinki_buildings(real_data):
    read = read_buildings(real_data("streets/helsinki_buildings.parquet"), target=32635)
    assert len(read.frame) == 481
    assert (read.frame["stairwells"] == 1).all()
    assert read.frame["storeys"].max() < 30
    assert "households" not in read.frame, "its column of flats is empty"
    assert "Mannerheimintie 10" in set(read.frame["address"])


# ---- staff ------------------------------------------------------------------------------------------------------


def test_a_roster_with_vacancies(tmp_path):
    table = pd.DataFrame(
        {
            "姓名": ["张三", None, "空缺", None],
            "岗位": ["网格员"] * 3 + [None],
            "联系电话": ["13800000000", None, None, None],
            "社区代码": [420103001001, 420103001001, 420103001002, None],
            "身份证号": ["1", "2", "3", None],
        }
    )
    for name in ("r.csv", "r.xlsx"):
        path = tmp_path / name
        if name == "r.csv":
            path.write_bytes(table.astype({"社区代码": "Int64"}).to_csv(index=False).encode("gb18030"))
        else:
            table.to_excel(path, index=False)
        staff = read_staff(path)
        assert list(staff.columns) == ["name", "post", "phone", "community_code", "community", "grid", "vacant"]
        assert staff["vacant"].tolist() == [False, True, True]
        assert staff["community_code"].tolist() == ["420103001001", "420103001001", "420103001002"]
        assert staff["phone"].iloc[0] == "13800000000"


def test_every_fault_of_a_roster_is_named_at_once(tmp_path):
    (tmp_path / "r.csv").write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_staff(tmp_path / "r.csv")
    assert [fault.column for fault in caught.value.faults] == ["name", "post"]
    (tmp_path / "r.csv").write_text("name,post\nx,\ny,leader\nz,\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_staff(tmp_path / "r.csv")
    assert [fault.row for fault in caught.value.faults] == [1, 3]


def test_frames_handed_on_do_not_share_what_was_read(tmp_path):
    path = layer(tmp_path, boxes(2), name=["a", "b"])
    before = path.read_bytes()
    frame = read_compounds(path, target=METRIC).frame
    assert frame.index.tolist() == [0, 1]
    assert np.array_equal(frame.geom_type, ["Polygon", "Polygon"])
    assert path.read_bytes() == before


def test_one_column_of_names_in_a_roster_is_that_of_the_people(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("name,post,phone\n网格员甲01,coordinator,0000-01\n,coordinator,0000-02\n", encoding="utf-8-sig")
    roster = read_staff(path)
    assert roster["name"].tolist() == ["网格员甲01", ""]
    assert roster["community"].tolist() == ["", ""]
    assert roster["vacant"].tolist() == [False, True]
