"""Who calls: bearer tokens of the store, and tokens of an OIDC issuer where one is set."""

from __future__ import annotations

import time
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from api.errors import Problem
from api.oidc import Issuer
from gis_grid.store.access import NOBODY, Actor
from gis_grid.store.columns import now
from gis_grid.store.tokens import actor_of

if TYPE_CHECKING:
    from api.limits import Rates
    from api.settings import Settings
    from gis_grid.store import Store

#: how long requests beside the one that checks a token anew are let through (seconds)
CHECKING_S = 1.0
#: checked tokens are forgotten when there are more of them
MOST_KEPT = 10_000


class Caller(NamedTuple):
    """A caller: who acts, the key under which its requests are counted, and until when it was checked."""

    actor: Actor
    key: str
    until: float

    def require(self, action: str) -> None:
        """Refuse unless the caller's role may take an action, somewhere in its part of the tree.

        Raises
        ------
        Problem
            401 if the caller has no token.
        RightsError
            If its role is too low.
        """
        if not self.actor.may(action, self.actor.path):
            if self.actor is NOBODY:
                headers = {"WWW-Authenticate": "Bearer"}
                raise Problem(401, "token", f"this needs a token ({action})", headers=headers)
            self.actor.require(action, self.actor.path)


class Gate:
    """Turn the header `Authorization` into a caller, and remember that for a few seconds.

    What was checked is kept under the hash of the secret, so that a lookup needs no query; a token that is revoked
    works on for as long as `token_seconds` says, in processes that have just seen it.
    """

    def __init__(self, settings: Settings, store: Store, rates: Rates) -> None:
        self._store = store
        self._rates = rates
        self._seconds = settings.token_seconds
        self._issuer = Issuer(settings) if settings.oidc_issuer else None
        self._seen: dict[bytes, Caller] = {}
        self._checking: set[bytes] = set()

    def caller(self, secret: bytes, *, address: str) -> Caller:
        """Return the caller that a secret belongs to, checked a moment ago or now.

        Raises
        ------
        Problem
            As `check` does.
        """
        found = self._seen.get(sha256(secret).digest())
        return found if found is not None and time.monotonic() < found.until else self.check(secret, address=address)

    def known(self, secret: bytes) -> Caller | None:
        """Return a caller that was checked a moment ago; who gets None has to ask `caller`.

        Once the moment is over one request has to check anew; those beside it are let through while it does, so that
        they do not all wait for the store.
        """
        digest = sha256(secret).digest()
        caller = self._seen.get(digest)
        if caller is None:
            return None
        over = time.monotonic() - caller.until
        if over < 0 or (over < CHECKING_S and digest in self._checking):
            return caller
        self._checking.add(digest)
        return None

    def check(self, secret: bytes, *, address: str) -> Caller:
        """Return the caller that a secret belongs to; this may ask the store, or the issuer for its keys.

        Raises
        ------
        Problem
            401 if the secret belongs to nobody, has run out or was revoked; 429 after too many such from an address.
        """
        self._rates.spare("unknown", address)
        try:
            return self._checked(secret)
        except Problem as refused:
            if refused.status_code == HTTPStatus.UNAUTHORIZED:
                self._rates.take("unknown", address)
            raise
        finally:
            self._checking.discard(sha256(secret).digest())

    def _checked(self, secret: bytes) -> Caller:
        try:
            text = secret.decode("ascii")
        except UnicodeDecodeError as caught:
            raise unknown() from caught
        if self._issuer is not None and text.count(".") == 2:
            actor, seconds = self._issuer.actor(text, self._store)
        else:
            with self._store.reading() as session:
                actor, seconds = actor_of(session, text, at=now()), self._seconds
        digest = sha256(secret).digest()
        if actor is None:
            self._seen.pop(digest, None)
            raise unknown()
        caller = Caller(actor, digest.hex()[:32], time.monotonic() + min(seconds, self._seconds))
        if len(self._seen) >= MOST_KEPT:
            self._seen.clear()
        self._seen[digest] = caller
        return caller


def secret_in(authorization: bytes | None) -> bytes | None:
    """Return the bearer's secret in a header, or None without the header.

    >>> secret_in(b"Bearer abc"), secret_in(None)
    (b'abc', None)

    Raises
    ------
    Problem
        401 if the header is something else.
    """
    if authorization is None:
        return None
    scheme, _, secret = authorization.partition(b" ")
    secret = secret.strip()
    if scheme.lower() != b"bearer" or not secret or b" " in secret:
        raise Problem(401, "token", "only bearer tokens are taken", headers={"WWW-Authenticate": "Bearer"})
    return secret


def unknown() -> Problem:
    """Return the problem of a token that nobody has."""
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return Problem(401, "token", "the token is unknown, has run out, or was revoked", headers=headers)
