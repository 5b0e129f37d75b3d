"""What several tests share: the real data, and the made-up district built once."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, make_url, text

from gis_grid.plan import Plan
from gis_grid.store import Store, open_store
from gis_grid.store.setup import init

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # run in the background: tests of Ctrl-C need it all the same
    signal.signal(signal.SIGINT, signal.default_int_handler)

# no example fails for having been slow: machines are shared, and the first one may compile
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Return a function from a name under the folder of real data to its path; skip where the folder is absent."""
    folder = Path(os.environ.get("GIS_GRID_DATA", REPOSITORY.parent / "shared" / "data"))

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"real data is not here: {name} (set GIS_GRID_DATA to its folder)")
        return path

    return find


@pytest.fixture(scope="session")
def town() -> Plan:
    """Return the plan of the made-up town, built once."""
    import gis_grid as gg

    return gg.build_from(gg.sample_frames())


@pytest.fixture(scope="session")
def postgis() -> Iterator[Callable[[], str]]:
    """Return a function that makes a database with the store's tables and returns its address.

    The server is the one that the variables PGHOST, PGPORT, PGUSER and PGPASSWORD name: `make test` sets one up with
    pg_virtualenv. All databases are copies of one that was made the way a user makes it.
    """
    if "PGHOST" not in os.environ or "PGPORT" not in os.environ:
        reason = "no PostgreSQL server is named (PGHOST, PGPORT); install postgresql-15-postgis-3 and run: make test"
        if "postgis" in os.environ.get("GIS_GRID_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    server = make_url("postgresql+psycopg://").set(
        host=os.environ["PGHOST"],
        port=int(os.environ["PGPORT"]),
        username=os.environ.get("PGUSER"),
        password=os.environ.get("PGPASSWORD"),
        database="postgres",
    )
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    number = itertools.count()
    template = f"gis_grid_{os.getpid()}"
    made = [template]

    def address(name: str) -> str:
        return server.set(database=name).render_as_string(hide_password=False)

    def create() -> str:
        made.append(f"{template}_{next(number)}")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {made[-1]} TEMPLATE {template}"))
        return address(made[-1])

    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {template}"))
    with open_store(address(template)) as store:
        init(store)
    yield create
    with admin.connect() as connection:
        for name in reversed(made):
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)])
def store_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty store with its tables, on each of the two databases."""
    if request.param == "postgis":
        create: Callable[[], str] = request.getfixturevalue("postgis")
        return create()
    with open_store(tmp_path / "store.sqlite") as store:
        init(store)
    return str(tmp_path / "store.sqlite")


@pytest.fixture
def store(store_address: str) -> Iterator[Store]:
    """Return an open, empty store with its tables, on each of the two databases."""
    with open_store(store_address) as store:
        yield store
