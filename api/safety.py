"""What processes that read the files of others are kept from."""

from __future__ import annotations

import os

#: what a process that reads uploaded files may not do: reach the network, or be led to other files by a file
SAFE_READING = {
    "CPL_LOG": os.devnull,  # faults come as exceptions; that some of these drivers are not there is no news
    "GDAL_SKIP": "VRT,OGR_VRT,GTI,WMS,WMTS,WCS,HTTP,WFS,OAPIF,CSW,ESRIC,PLSCENES,NGW,Elasticsearch,Carto,GMLAS",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
}
