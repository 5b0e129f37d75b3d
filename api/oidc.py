"""Tokens of an OIDC issuer: signed by one of its keys, for us, not run out; roles and area from its claims."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import jwt

from api.errors import Problem
from gis_grid.errors import AbsentError, ClashError
from gis_grid.store.access import Actor
from gis_grid.store.claims import actor_in
from gis_grid.store.models import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.settings import Settings
    from gis_grid.store import Store

#: how long keys are kept (seconds), and how long one waits for the issuer
KEPT_S, PATIENCE_S = 3600.0, 5.0


class Issuer:
    """Check tokens of one issuer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issuer = str(settings.oidc_issuer).rstrip("/")
        self._keys: jwt.PyJWKClient | None = None

    def actor(self, token: str, store: Store) -> tuple[Actor | None, float]:
        """Return who a token stands for and for how many seconds it holds; nobody if it is not in order.

        Raises
        ------
        Problem
            503 if the issuer's keys cannot be had.
        """
        try:
            claims = self._claims(token)
        except (jwt.PyJWKClientConnectionError, httpx.HTTPError) as caught:
            detail = "the issuer of tokens cannot be reached"
            raise Problem(503, "issuer", detail, headers={"Retry-After": "10"}) from caught
        except jwt.PyJWTError:
            return None, 0.0
        return self._stands_for(claims, store), float(claims["exp"]) + self._settings.oidc_skew_seconds - time.time()

    def _claims(self, token: str) -> dict[str, Any]:
        if self._keys is None:
            self._keys = jwt.PyJWKClient(self._address(), lifespan=KEPT_S, timeout=PATIENCE_S)
        key = self._keys.get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(self._settings.oidc_algorithms),
            audience=self._settings.oidc_audience,
            issuer=[self._issuer, f"{self._issuer}/"],
            leeway=self._settings.oidc_skew_seconds,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        return claims

    def _address(self) -> str:
        if self._settings.oidc_jwks_url is not None:
            return str(self._settings.oidc_jwks_url)
        found = httpx.get(f"{self._issuer}/.well-known/openid-configuration", timeout=PATIENCE_S)
        found.raise_for_status()
        return str(found.json()["jwks_uri"])

    def _stands_for(self, claims: dict[str, Any], store: Store) -> Actor | None:
        """Return the caller of the highest role that the claims name, in the area they name."""
        named = _claim(claims, self._settings.oidc_role_claim)
        words = [named] if isinstance(named, str) else named if isinstance(named, list) else []
        known: Mapping[str, str] = self._settings.oidc_roles or {role: role for role in ROLES}
        roles = [known[word] for word in words if isinstance(word, str) and word in known]
        if not roles:
            return None
        name, role = str(claims["sub"]), max(roles, key=ROLES.index)
        area = _claim(claims, self._settings.oidc_area_claim)
        staff = _claim(claims, self._settings.oidc_staff_claim)
        if area is None:
            return Actor(name, role) if self._settings.oidc_whole else None
        with store.reading() as session:
            try:
                number = None if staff is None else str(staff)
                return actor_in(session, name=name, role=role, area=str(area), staff=number)
            except (AbsentError, ClashError):
                return None


def _claim(claims: dict[str, Any], path: str) -> Any:
    """Return the claim that a path with dots leads to.

    >>> _claim({"realm_access": {"roles": ["a"]}}, "realm_access.roles")
    ['a']
    """
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
