"""`gis-grid token`: keys to the service, made, listed and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gis_grid.cli.output import json_option, say, store_option, table

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

#: as in `gis_grid.store.models`, which is not imported for the sake of a quick --help
ROLES = ("guest", "field", "planner", "approver", "administrator")


@click.group()
def token() -> None:
    """Make, list and revoke tokens: the keys by which people and programs use the service.

    Each holds for one role, in one part of the administrative tree, until a day. The store keeps a hash only.
    """


@token.command()
@click.option("--name", required=True, help="Who will use it; stands in the record of what they do.")
@click.option(
    "--role", required=True, type=click.Choice(ROLES), help="What they may do; each role may all of the last."
)
@click.option("--area", metavar="CODE", help="Code of the district or community it holds for [everything].")
@click.option("--days", type=int, default=365, show_default=True, help="How many days it lives.")
@click.option("--staff", metavar="NUMBER", help="Number of the person on the roster of that district, for field staff.")
@store_option
@json_option
def create(
    name: str, role: str, area: str | None, days: int, staff: str | None, place: str | None, as_json: bool
) -> None:
    """Make a token and print its secret, this once: it cannot be shown again.

    \b
        gis-grid token create --name 林 --role planner --area 420103 --days 90

    The secret alone goes to stdout. Callers send it as: Authorization: Bearer gg_…
    """  # noqa: D301
    from gis_grid.store import open_store
    from gis_grid.store.access import LOCAL
    from gis_grid.store.areas import area_of
    from gis_grid.store.models import Token
    from gis_grid.store.tokens import create_token

    with open_store(place) as store, store.writing() as session:
        home = area_of(session, area) if area else None
        person = _person(session, staff, home.id if home else None) if staff else None
        where = home.id if home else None
        made, secret = create_token(session, name=name, role=role, days=days, actor=LOCAL, area=where, staff=person)
        row = session.get_one(Token, made)
        summary = {
            "id": made,
            "secret": secret,
            "role": role,
            "area": area or "",
            "expires": row.expires_at.isoformat(),
        }
    say(summary, lambda: [secret], as_json=as_json)
    if not as_json:
        where_said = f"in {area}" if area else "everywhere"
        said = f"token {made} for {name}: {role} {where_said}, until {row.expires_at:%Y-%m-%d}; it is not shown again"
        click.echo(said, err=True)


def _person(session: Session, number: str, district: int | None) -> int:
    from gis_grid.store.people import person_of

    if district is None:
        raise click.UsageError("--staff needs the district of the roster: --area CODE")
    return person_of(session, district, number).id


@token.command("list")
@store_option
@json_option
def list_(place: str | None, as_json: bool) -> None:
    """List tokens with what they hold for and until when; never a secret.

    \b
        gis-grid token list
    """  # noqa: D301
    from gis_grid.store import open_store
    from gis_grid.store.access import LOCAL
    from gis_grid.store.columns import now
    from gis_grid.store.tokens import list_tokens

    with open_store(place) as store, store.reading() as session:
        found = list_tokens(session, actor=LOCAL)
    moment = now()
    rows: list[dict[str, Any]] = [
        {
            "id": token.id,
            "name": token.name,
            "role": token.role,
            "area": area.code if area else "",
            "expires": f"{token.expires_at:%Y-%m-%d}",
            "state": "revoked" if token.revoked_at else "expired" if token.expires_at <= moment else "live",
        }
        for token, area in found
    ]
    heads = ["id", "name", "role", "area", "expires", "state"]
    say(rows, lambda: table([list(r.values()) for r in rows], heads) if rows else ["no tokens yet"], as_json=as_json)


@token.command()
@click.argument("token_id", metavar="TOKEN")
@store_option
@json_option
def revoke(token_id: str, place: str | None, as_json: bool) -> None:
    """Take a token away, by its id: from now on it opens nothing.

    \b
        gis-grid token revoke t3f9a0c41d2e7
    """  # noqa: D301
    from gis_grid.store import open_store
    from gis_grid.store.access import LOCAL
    from gis_grid.store.tokens import revoke as take_away

    with open_store(place) as store, store.writing() as session:
        take_away(session, token_id, actor=LOCAL)
    say({"id": token_id, "state": "revoked"}, lambda: [f"token {token_id} opens nothing from now on"], as_json=as_json)
