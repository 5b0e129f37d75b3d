"""The schemes that are shipped, one TOML file each."""
