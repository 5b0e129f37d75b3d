"""Commands as tests give them: run in this process, and their summary read."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from gis_grid.cli import main


def run(*words: object, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env=environment)


def done(*words: object) -> dict[str, object]:
    """Run a command that must succeed, and return what it says with ``--json``."""
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found
