"""The command line: `gis-grid build`, `check`, `describe`, `compare`, `lookup`, `report`, `tiles` and others.

Nothing heavy is imported here, so that `gis-grid --help` answers at once: each command imports what it needs
when it runs.
"""

from __future__ import annotations

import functools
import sys
from typing import IO, TYPE_CHECKING, Any

import click

from gis_grid.cli.backup import backup, restore
from gis_grid.cli.build import build
from gis_grid.cli.demo import demo
from gis_grid.cli.lookup import lookup
from gis_grid.cli.plans import check, compare, describe
from gis_grid.cli.publish import publish
from gis_grid.cli.report import report
from gis_grid.cli.schemes import schemes
from gis_grid.cli.staff import staff
from gis_grid.cli.store import export, import_, init
from gis_grid.cli.tiles import tiles
from gis_grid.cli.token import token
from gis_grid.errors import GridError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["main"]

INTERRUPTED = 130


class Refusal(click.ClickException):
    """Show an error of gis-grid as one message without a traceback."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message to standard error."""
        lines = self.message.splitlines() or [""]
        head = "Error: " if len(lines) == 1 else f"Error: {len(lines)} faults\n  "
        click.echo(head + "\n  ".join(lines), file=file or sys.stderr)


class Interruption(Refusal):
    """Say that the program was interrupted (Ctrl-C)."""

    exit_code = INTERRUPTED


class Program(click.Group):
    """Run commands, turning every refusal into exit 2 with one message and Ctrl-C into exit 130.

    Besides its own it has the commands that packages above the library enter in the group `gis_grid.commands`.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command, those of other packages too."""
        return sorted({*super().list_commands(ctx), *_entered()})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of a name."""
        own = super().get_command(ctx, name)
        if own is not None or name not in _entered():
            return own
        found: click.Command = _entered()[name].load()
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except GridError as caught:
            raise Refusal(str(caught)) from caught
        except KeyboardInterrupt as caught:
            raise Interruption("interrupted; what stood there before is untouched") from caught


@functools.cache
def _entered() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group="gis_grid.commands")}


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="gis-grid", prog_name="gis-grid", message="%(prog)s %(version)s")
def main() -> None:
    """Divide a district into community grids along its streets, and ask the plan questions.

    把一个区按街道划分为 300–500 户的社区网格。
    """


for command in (build, check, compare, demo, describe, lookup, report, schemes, staff, tiles):
    main.add_command(command)
for command in (backup, export, import_, init, publish, restore, token):
    main.add_command(command)
