"""A result is put in its place whole or not at all, and leaves nothing beside it, whatever happens meanwhile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gis_grid.errors import OutputError
from gis_grid.places import check_place, put_file, whole_file


def test_what_stood_there_stays_until_the_new_file_is_whole(tmp_path: Path) -> None:
    place = put_file(b"old", tmp_path / "a.bin")
    with whole_file(place) as part:
        part.write_bytes(b"new")
        assert place.read_bytes() == b"old"
        assert part.suffix == ".bin"
    assert place.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [place]


def write_half(place: Path, error: BaseException) -> None:
    with whole_file(place, faults=(ValueError,)) as part:
        part.write_bytes(b"half")
        part.with_name(f"{part.name}-journal").touch()
        raise error


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("odd"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, error: BaseException) -> None:
    place = put_file(b"old", tmp_path / "a.bin")
    wanted = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else OutputError
    with pytest.raises(wanted):
        write_half(place, error)
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


def test_errors_that_mean_something_else_pass_through(tmp_path: Path) -> None:
    with pytest.raises(KeyError), whole_file(tmp_path / "a.bin"):
        raise KeyError("x")


def test_what_killed_processes_left_is_cleared_and_what_others_write_is_not(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = tmp_path / f".a.{int(ended.stdout)}.part.bin"
    others = [tmp_path / ".a.1.part.bin", tmp_path / ".a.bin", tmp_path / ".ab.x.part.bin"]
    for file in (left, *others):
        file.touch()
    put_file(b"new", tmp_path / "a.bin")
    assert not left.exists()
    assert all(file.exists() for file in others)


def test_only_its_owner_reads_a_file_that_is_to_be_so(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a.bin", mode=0o600) as part:
        part.write_bytes(b"secret")
    assert (tmp_path / "a.bin").stat().st_mode & 0o777 == 0o600


def test_places_where_nothing_can_stand_are_refused_with_a_remedy(tmp_path: Path) -> None:
    for name in ("missing/a.bin", ".", "a.txt"):
        with pytest.raises(OutputError, match="→"):
            check_place(tmp_path / name, ".bin", what="it is a bin")
