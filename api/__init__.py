"""The service: plans and lookups over HTTP. It imports gis_grid; nothing in gis_grid imports it."""
