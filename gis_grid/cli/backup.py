"""`gis-grid backup` and `gis-grid restore`: all of a store in one file, and back."""

from __future__ import annotations

from typing import Any

import click

from gis_grid.cli.output import Progress, json_option, say, store_option


@click.command()
@click.argument("file", type=click.Path())
@store_option
@json_option
def backup(file: str, place: str | None, as_json: bool) -> None:
    """Write all of the store into one file, while the service runs.

    \b
        gis-grid backup gis-grid-2026-04-01.backup

    The file holds the store as it was at one moment, with a checksum of every table, whichever database it came
    from, and can be restored into either. It is written beside and then renamed: a file that stands there is whole.
    """  # noqa: D301
    from gis_grid.store import open_store
    from gis_grid.store.backup import backup as write

    with Progress() as progress, open_store(place) as store:
        done = write(store, file, watch=progress)
    summary: dict[str, Any] = {
        "backup": str(done.path),
        "revision": done.revision,
        "rows": done.rows,
        "bytes": done.bytes,
        "seconds": round(progress.seconds, 3),
    }
    say(summary, lambda: [f"{done.rows:,} rows, {done.bytes / 1e6:.1f} MB written to {done.path}"], as_json=as_json)


@click.command()
@click.argument("file", type=click.Path())
@click.option("--replace", is_flag=True, help="What the store holds may go; else only an empty store is filled.")
@store_option
@json_option
def restore(file: str, replace: bool, place: str | None, as_json: bool) -> None:
    """Put a backup into the store, all of it or nothing, and bring its tables up to date.

    \b
        gis-grid restore gis-grid-2026-04-01.backup --store postgresql://user@host/gisgrid

    The store may be of the other database. The file is checked against its checksums first; a damaged one changes
    nothing.
    """  # noqa: D301
    from gis_grid.store import open_store
    from gis_grid.store.backup import restore as put_back

    with Progress() as progress, open_store(place) as store:
        done = put_back(file, store, replace=replace, watch=progress)
        where = str(store.file) if store.file else store.engine.url.render_as_string(hide_password=True)
    summary = {"store": where, "rows": done.rows, "was": done.revision, "seconds": round(progress.seconds, 3)}
    say(summary, lambda: [f"{done.rows:,} rows restored into {where}"], as_json=as_json)
