"""`python -m gis_grid.cli` runs the command line."""

from gis_grid.cli import main

if __name__ == "__main__":
    main(prog_name="gis-grid")
