"""Tokens of an OIDC issuer: only those it signed, for us, in time, with a role that means something here."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from calls import Calls
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from town_in_force import Town

Serving = Callable[..., Calls]


class Issuer:
    """An issuer in this process: its address, its key, and tokens it signs."""

    def __init__(self) -> None:
        self.key: Any = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.asked: list[str] = []
        issuer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                body = json.dumps(issuer.told(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def told(self, path: str) -> dict[str, Any]:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": "k1", "use": "sig", "alg": "RS256"}]}

    def token(self, *, key: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
        """Sign a token; a claim of None is left out."""
        all_claims = {"iss": self.url, "aud": "gis-grid", "sub": "lin", "exp": time.time() + 300, "roles": ["planner"]}
        all_claims |= {"area": "980101"} | claims
        kept = {name: value for name, value in all_claims.items() if value is not None}
        return jwt.encode(kept, key or self.key, algorithm=algorithm, headers={"kid": "k1"})


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    found = Issuer()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def test_a_token_of_the_issuer_opens_what_its_role_and_area_do(
    published: Town, serving: Serving, issuer: Issuer
) -> None:
    point, _ = published.inside()
    calls = serving(oidc_issuer=issuer.url, oidc_roles={"grid-planner": "planner", "walker": "field"})
    planner = issuer.token(roles=["other", "walker", "grid-planner"])
    assert calls.get("/api/lookup", params=point, token=planner).status_code == 200
    assert calls.get("/api/staff", token=planner).status_code == 200
    assert calls.get("/api/staff", token=issuer.token(roles="walker")).status_code == 403
    assert issuer.asked.count("/keys") == 1
    elsewhere = str(published.plan.grids["community_code"].iloc[-1])
    home = issuer.token(roles=["walker"], area=elsewhere)
    assert calls.get("/api/lookup", params=point, token=home).status_code == 403
    assert calls.get("/api/lookup", params=point, token=published.token("field")).status_code == 200


def test_what_is_not_in_order_opens_nothing(published: Town, serving: Serving, issuer: Issuer) -> None:
    point, _ = published.inside()
    calls = serving(oidc_issuer=issuer.url, public_lookup=True)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    unsigned = jwt.encode({"iss": issuer.url, "aud": "gis-grid", "sub": "x", "exp": time.time() + 9}, None, "none")
    head, body, _ = issuer.token().split(".")
    raised = json.loads(base64.urlsafe_b64decode(body + "==")) | {"roles": ["administrator"]}
    changed = base64.urlsafe_b64encode(json.dumps(raised).encode()).rstrip(b"=").decode()
    refused = {
        "another key": issuer.token(key=other),
        "another audience": issuer.token(aud="somebody"),
        "another issuer": issuer.token(iss="https://elsewhere.example"),
        "run out": issuer.token(exp=time.time() - 120),
        "not yet": issuer.token(nbf=time.time() + 600),
        "no end": issuer.token(exp=None),
        "nobody": issuer.token(sub=None),
        "no role": issuer.token(roles=None),
        "unknown role": issuer.token(roles=["king"]),
        "no area": issuer.token(area=None),
        "unknown area": issuer.token(area="999999"),
        "shared secret": issuer.token(key=b"0" * 64, algorithm="HS256"),
        "unsigned": unsigned,
        "changed": f"{head}.{changed}.{issuer.token().split('.')[2]}",
        "nonsense": "a.b.c",
    }
    for what, token in refused.items():
        assert calls.get("/api/lookup", params=point, token=token).status_code == 401, what
    within_skew = issuer.token(exp=time.time() - 30)
    assert calls.get("/api/lookup", params=point, token=within_skew).status_code == 200


def test_a_curve_that_is_not_allowed_is_refused(published: Town, serving: Serving, issuer: Issuer) -> None:
    point, _ = published.inside()
    issuer.key = ec.generate_private_key(ec.SECP256R1())
    public = ECAlgorithm.to_jwk(issuer.key.public_key(), as_dict=True) | {"kid": "k1", "alg": "ES256"}
    issuer.told = lambda path: (  # type: ignore[method-assign]
        {"keys": [public]} if path == "/keys" else {"jwks_uri": f"{issuer.url}/keys"}
    )
    token = issuer.token(algorithm="ES256")
    assert serving(oidc_issuer=issuer.url).get("/api/lookup", params=point, token=token).status_code == 200
    only_rsa = serving(oidc_issuer=issuer.url, oidc_algorithms=("RS256",))
    assert only_rsa.get("/api/lookup", params=point, token=token).status_code == 401


def test_an_issuer_that_cannot_be_reached_is_said(published: Town, serving: Serving, issuer: Issuer) -> None:
    point, _ = published.inside()
    calls = serving(oidc_issuer=issuer.url, oidc_jwks_url="http://127.0.0.1:9/keys")
    found = calls.get("/api/lookup", params=point, token=issuer.token())
    assert (found.status_code, "retry-after" in found.headers) == (503, True)
    assert calls.get("/api/lookup", params=point, token=published.token("field")).status_code == 200
