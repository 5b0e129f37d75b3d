"""How the tables of a store came to be, step by step; run by `gis_grid.store.setup`."""
