"""Frames as streams of Arrow and back, with every type, the index and the CRS as they were."""

from __future__ import annotations

import io

import geopandas as gpd
import pandas as pd


def pack(frame: pd.DataFrame) -> bytes:
    """Turn a frame, with or without geometry, into bytes.

    >>> unpack(pack(pd.DataFrame({"n": [1, 2]}, index=["a", "b"]))).loc["b", "n"].item()
    2
    """
    content = io.BytesIO()
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        frame.to_parquet(content, compression="zstd", index=True)
    else:
        pd.DataFrame(frame).to_parquet(content, compression="zstd", index=True)
    return content.getvalue()


def unpack(content: bytes) -> pd.DataFrame:
    """Turn the bytes back into the frame."""
    stream = io.BytesIO(content)
    try:
        frame: pd.DataFrame = gpd.read_parquet(stream)
    except ValueError:  # no geometry in it
        stream.seek(0)
        frame = pd.read_parquet(stream)
    return frame
