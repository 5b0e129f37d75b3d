"""What can be set about the service: from variables GIS_GRID_…, or by hand in a test."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict

Role = Literal["guest", "field", "planner", "approver", "administrator"]
#: what an issuer of OIDC tokens may sign with: never a shared secret, never nothing
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


def _rate(text: str) -> str:
    from limits import parse_many

    parse_many(text)
    return text


Rate = Annotated[str, AfterValidator(_rate)]


class Settings(BaseSettings):
    """Hold the settings of one service; `docs/service.md` has the table of them.

    >>> Settings(store="a.sqlite", public_lookup=True).lookup_rate
    '600/minute'
    """

    model_config = SettingsConfigDict(env_prefix="GIS_GRID_", frozen=True, extra="ignore")

    store: str = Field(default="gis-grid.sqlite", description="A file, or postgresql://…")
    public_lookup: bool = Field(default=False, description="May callers without a token look up points?")
    public_metrics: bool = Field(default=False, description="May /api/metrics be read without a token?")
    lookup_rate: Rate = Field(default="600/minute", description="Lookups of one token, or of one address without one.")
    batch_rate: Rate = Field(default="20/minute", description="Batches of one token.")
    write_rate: Rate = Field(default="600/minute", description="Writes of one token.")
    report_rate: Rate = Field(default="30/hour", description="Reports of wrong lines of one token.")
    unknown_rate: Rate = Field(default="60/minute", description="Tokens that open nothing, from one address.")
    trusted_proxies: str = Field(default="", description="Proxies whose X-Forwarded-For is believed, with commas.")
    body_mb: float = Field(default=2, gt=0, description="The largest body of a request.")
    upload_mb: float = Field(default=200, gt=0, description="The largest file that may be handed in.")
    batch_rows: int = Field(default=100_000, gt=0, description="The most rows of one batch.")
    refresh_seconds: float = Field(default=2, gt=0, description="How often publications of other processes are seen.")
    token_seconds: float = Field(default=5, ge=0, description="How long a checked token is believed unchecked.")
    base_map: str = Field(default="", description="Address of background tiles with {z}/{x}/{y}; empty for none.")
    base_map_crs: str = Field(default="gcj02", description="The coordinates of these tiles.")
    base_map_credit: str = Field(default="", description="Whom the map names as the source of these tiles.")
    job_workers: int = Field(default=2, gt=0, description="Processes for long builds.")
    job_queue: int = Field(default=20, gt=0, description="Builds that may wait.")
    job_attempts: int = Field(default=3, gt=0, description="How often a build is begun whose process ends.")
    pool_workers: int = Field(default=2, gt=0, description="Processes for rules, suggestions, comparisons and files.")
    upload_count: int = Field(default=40, gt=0, description="Files that one caller may have here.")
    upload_hours: float = Field(default=24, gt=0, description="How long a file that was handed in is kept.")
    streams: int = Field(default=200, gt=0, description="Streams of events that one process keeps open.")
    folder: str = Field(default="", description="For files and tiles; beside a store that is a file unless set.")
    pages: str = Field(default="", description="A folder whose pages are served at /; everybody may read them.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info")

    oidc_issuer: HttpUrl | None = Field(default=None, description="Issuer of OIDC tokens that are taken, if any.")
    oidc_audience: str = Field(default="gis-grid", description="What `aud` of such a token must hold.")
    oidc_jwks_url: HttpUrl | None = Field(default=None, description="Where its keys are, if it does not say itself.")
    oidc_algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "ES256"), min_length=1)
    oidc_skew_seconds: float = Field(default=60, ge=0, description="By how much clocks may differ.")
    oidc_role_claim: str = Field(default="roles", description="The claim with roles; dots lead into objects.")
    oidc_roles: dict[str, Role] = Field(default_factory=dict, description="The issuer's word for a role → the role.")
    oidc_area_claim: str = Field(default="area", description="The claim with the code of the caller's area.")
    oidc_whole: bool = Field(default=False, description="Does a token without that claim hold for everything?")
    oidc_staff_claim: str = Field(default="staff", description="The claim with the caller's staff number.")
