"""Attacks on the way through an OpenID provider, and providers that fail; against a real one on loopback."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from joserfc import jwt
from joserfc.jwk import OctKey
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.accounts.models import Account, Handover, Session
from klisza.accounts.services.oidc import provider as published
from klisza.accounts.services.oidc import wire
from klisza.base import clock
from klisza.ui.logs import without_secrets
from tests.accounts import idp
from tests.accounts.test_provider import OLA, back_to, directory, go, said

__all__ = ["directory"]  # the fixture: a provider, and a staff listener that knows it
pytestmark = pytest.mark.django_db
Claims = dict[str, Any]


def nobody_is_in(client: Client) -> None:
    assert client.get("/staff/").status_code == 302
    assert not Session.objects.exclude(account=None).exists()
    assert not Account.objects.filter(kind="staff").exists()


def refused(client: Client, provider: idp.Provider) -> None:
    assert go(client, provider).url == "/login/"
    assert "Nie udało się potwierdzić tożsamości" in said(client)
    nobody_is_in(client)


class TestTheWayBack:
    def answer(self, client: Client, provider: idp.Provider) -> str:
        return back_to(provider.decide("ola", idp.query_of(client.get("/login/provider/").url)))

    def dead(self, client: Client, address: str) -> None:
        assert client.get(address).url == "/login/"
        assert "zacząć od nowa" in said(client)

    def test_wrong_state_opens_nothing(self, client: Client, directory: idp.Provider) -> None:
        address = self.answer(client, directory)
        self.dead(client, address.replace("state=", "state=x"))
        self.dead(client, "/login/provider/back/?code=x")
        nobody_is_in(client)

    def test_another_browser_cannot_use_it(self, client: Client, directory: idp.Provider) -> None:
        """Login CSRF: a victim is sent to the attacker's way back."""
        victim, address = Client(), self.answer(client, directory)
        victim.get("/login/provider/")
        self.dead(victim, address)
        nobody_is_in(victim)
        self.dead(client, address)  # used up by the try

    def test_it_works_once(self, client: Client, directory: idp.Provider) -> None:
        address = self.answer(client, directory)
        assert client.get(address).url == "/staff/"
        client.post("/logout/")
        self.dead(client, address)

    def test_ten_minutes_and_no_longer(self, client: Client, directory: idp.Provider) -> None:
        address = self.answer(client, directory)
        with time_machine.travel(clock.now() + timedelta(minutes=10, seconds=1)):
            self.dead(client, address)

    def test_used_code_with_a_new_state(self, client: Client, directory: idp.Provider) -> None:
        code = idp.query_of(self.answer(client, directory))["code"]
        client.get("/login/provider/")
        directory.codes.clear()
        asked = idp.query_of(client.get("/login/provider/").url)
        assert client.get(f"/login/provider/back/?code={code}&state={asked['state']}").url == "/login/"
        nobody_is_in(client)

    def test_code_of_another_way_fails_pkce(self, client: Client, directory: idp.Provider) -> None:
        """A stolen code, put into the attacker's own way: the verifier does not fit."""
        stolen = idp.query_of(self.answer(Client(), directory))["code"]
        asked = idp.query_of(client.get("/login/provider/").url)
        assert client.get(f"/login/provider/back/?code={stolen}&state={asked['state']}").url == "/login/"
        nobody_is_in(client)

    def test_answer_of_another_issuer(self, client: Client, directory: idp.Provider) -> None:
        """RFC 9207"""
        address = self.answer(client, directory).partition("&iss=")[0]
        assert client.get(f"{address}&iss=https://other.example").url == "/login/"
        nobody_is_in(client)

    def test_announced_issuer_must_be_there(self, client: Client, directory: idp.Provider) -> None:
        directory.metadata_edit = lambda read: read.update(
            authorization_response_iss_parameter_supported=True
        )
        address = self.answer(client, directory).partition("&iss=")[0]
        assert client.get(address).url == "/login/"
        nobody_is_in(client)

    def test_two_windows_come_back_both(self, client: Client, directory: idp.Provider) -> None:
        first, second = self.answer(client, directory), self.answer(client, directory)
        assert client.get(first).url == "/staff/"
        self.dead(Client(), second)

    def test_session_gets_a_new_name(
        self, client: Client, directory: idp.Provider, settings: SettingsWrapper
    ) -> None:
        """R49: whoever has planted a cookie has nothing of what follows."""
        address = self.answer(client, directory)
        planted = client.cookies[settings.SESSION_COOKIE_NAME].value
        client.get(address)
        assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted
        stranger = Client()
        stranger.cookies[settings.SESSION_COOKIE_NAME] = planted
        assert stranger.get("/staff/").status_code == 302

    def test_no_of_the_provider_is_told_in_our_words(self, client: Client, directory: idp.Provider) -> None:
        asked = idp.query_of(client.get("/login/provider/").url)
        assert client.get(back_to(directory.decide("nobody", asked))).url == "/login/"
        page = said(client)
        assert "zostało przerwane" in page
        assert "<b>no</b>" not in page

    def test_code_stays_in_no_address_and_no_log(
        self, client: Client, directory: idp.Provider, caplog: pytest.LogCaptureFixture
    ) -> None:
        address = self.answer(client, directory)
        answer = client.get(address)
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "code=" not in answer.url
        assert idp.query_of(address)["code"] not in caplog.text
        line = without_secrets(None, "", {"event": f"GET {address} 500"})["event"]
        assert line == "GET /login/provider/back/ 500"

    def test_starting_is_limited_by_source(
        self, client: Client, directory: idp.Provider, settings: SettingsWrapper
    ) -> None:
        settings.HANDOVERS_PER_SOURCE_HOUR = 2
        for expected in (302, 302, 429):
            assert client.get("/login/provider/", REMOTE_ADDR="127.0.3.9").status_code == expected
        assert Handover.objects.count() == 2


WRONG: dict[str, Callable[[Claims], object]] = {
    "nonce": lambda claims: claims.update(nonce="x"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "aud": lambda claims: claims.update(aud="another"),
    "no aud": lambda claims: claims.pop("aud"),
    "aud of two, made for the other": lambda claims: claims.update(aud=[idp.CLIENT, "other"], azp="other"),
    "aud of two, made for nobody": lambda claims: claims.update(aud=[idp.CLIENT, "other"]),
    "iss": lambda claims: claims.update(iss="https://other.example"),
    "iss with a slash": lambda claims: claims.update(iss=claims["iss"] + "/"),
    "no iss": lambda claims: claims.pop("iss"),
    "expired": lambda claims: claims.update(exp=int(time.time()) - 61),
    "no exp": lambda claims: claims.pop("exp"),
    "exp in words": lambda claims: claims.update(exp="tomorrow"),
    "of tomorrow": lambda claims: claims.update(iat=int(time.time()) + 86400),
    "not before": lambda claims: claims.update(nbf=int(time.time()) + 3600),
    "no sub": lambda claims: claims.pop("sub"),
    "sub of a list": lambda claims: claims.update(sub=["ola-1"]),
    "empty sub": lambda claims: claims.update(sub=""),
    "long sub": lambda claims: claims.update(sub="x" * 256),
    "access token of another": lambda claims: claims.update(at_hash="AAAA"),
}


class TestTheToken:
    @pytest.mark.parametrize("what", WRONG)
    def test_wrong_claims_are_refused(self, client: Client, directory: idp.Provider, what: str) -> None:
        directory.edit = lambda claims: WRONG[what](claims) and None
        refused(client, directory)

    def test_unsigned(self, client: Client, directory: idp.Provider) -> None:
        directory.sign = lambda claims: f"{_part({'alg': 'none'})}.{_part(claims)}."
        refused(client, directory)

    @pytest.mark.parametrize("alg", ["HS256", "HS512"])
    def test_public_key_as_a_shared_secret(self, client: Client, directory: idp.Provider, alg: str) -> None:
        """The classic: HS256 with the text of the RSA public key."""
        text = directory.key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

        def forge(claims: Claims) -> str:
            signed = f"{_part({'alg': alg, 'kid': directory.key.kid})}.{_part(claims)}"
            mac = hmac.digest(text, signed.encode(), f"sha{alg[2:]}")
            return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

        directory.sign = forge
        refused(client, directory)

    def test_our_own_secret_signs_nothing(self, client: Client, directory: idp.Provider) -> None:
        own = OctKey.import_key(idp.SECRET.encode())
        directory.sign = lambda claims: jwt.encode({"alg": "HS256"}, claims, own, algorithms=["HS256"])
        refused(client, directory)

    def test_key_of_somebody_else(self, client: Client, directory: idp.Provider) -> None:
        directory.sign = lambda claims: jwt.encode(
            {"alg": "RS256", "kid": directory.key.kid}, claims, idp.rsa(1)
        )
        refused(client, directory)

    def test_key_that_travels_in_the_token(self, client: Client, directory: idp.Provider) -> None:
        own = idp.rsa(1)
        header = {"alg": "RS256", "kid": "mine", "jwk": own.as_dict(private=False)}
        directory.sign = lambda claims: jwt.encode(header, claims, own)
        refused(client, directory)

    def test_changed_after_signing(self, client: Client, directory: idp.Provider) -> None:
        def change(claims: Claims) -> str:
            head, _, tail = jwt.encode(
                {"alg": "RS256", "kid": directory.key.kid}, claims, directory.key
            ).split(".")
            return f"{head}.{_part(claims | {'groups': ['rtg']})}.{tail}"

        directory.sign = change
        refused(client, directory)

    @pytest.mark.parametrize(
        "text", ["", "x", "a.b.c", "a.b.c.d.e", "....", "ą.ę.ó", "." * 5000, "A" * 150_000]
    )
    def test_no_token_at_all(self, client: Client, directory: idp.Provider, text: str) -> None:
        directory.sign = lambda claims: text
        refused(client, directory)

    @pytest.mark.parametrize("header", [{"crit": ["x"], "x": 1}, {"alg": 5}, {"alg": ["RS256"]}, {"kid": 5}])
    def test_strange_headers(self, client: Client, directory: idp.Provider, header: Claims) -> None:
        head = {"alg": "RS256", "kid": directory.key.kid} | header
        directory.sign = lambda claims: f"{_part(head)}.{_part(claims)}.{'A' * 342}"
        refused(client, directory)

    def test_new_keys_are_fetched(self, client: Client, directory: idp.Provider) -> None:
        """Rotation, while the old keys are kept here."""
        go(client, directory)
        directory.key = idp.rsa(2)
        assert go(Client(), directory).url == "/staff/"
        assert [path for path, _ in directory.asked].count("/keys") == 2

    def test_old_key_is_dead_after_that(self, client: Client, directory: idp.Provider) -> None:
        old = directory.key
        go(client, directory)
        directory.key = idp.rsa(2)
        go(Client(), directory)
        directory.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": old.kid}, claims, old)
        assert go(Client(), directory).url == "/login/"

    def test_good_token_is_let_in(self, client: Client, directory: idp.Provider) -> None:
        """The attacks above fail by what they change, not by how they are made."""
        directory.published = {}
        directory.edit = lambda claims: claims.update(aud=[idp.CLIENT, "other"], azp=idp.CLIENT)
        directory.sign = lambda claims: jwt.encode(
            {"alg": "PS256"}, claims, directory.key, algorithms=["PS256"]
        )
        assert go(client, directory).url == "/staff/"


class TestProvidersThatFail:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wire, "SECONDS", 1.0)
        monkeypatch.setattr(wire, "READ_SECONDS", 0.7)

    def away(self, client: Client, address: str) -> None:
        began = time.monotonic()
        assert client.get(address).url == "/login/"
        assert time.monotonic() - began < 4
        page = said(client)
        assert "nie odpowiada" in page
        assert "id_password" in page  # another way in

    @pytest.mark.parametrize(
        "fault", ["stall", "500", "garbage", "list", "huge", "packed", "drip", "redirect"]
    )
    def test_before_the_way_there(self, client: Client, directory: idp.Provider, fault: str) -> None:
        directory.fault["/.well-known/openid-configuration"] = fault
        self.away(client, "/login/provider/")
        assert not Handover.objects.exists()

    @pytest.mark.parametrize("where", ["/token", "/keys"])
    @pytest.mark.parametrize(
        "fault", ["stall", "500", "garbage", "list", "huge", "packed", "drip", "redirect"]
    )
    def test_on_the_way_back(self, client: Client, directory: idp.Provider, where: str, fault: str) -> None:
        asked = idp.query_of(client.get("/login/provider/").url)
        directory.fault[where] = fault
        self.away(client, back_to(directory.decide("ola", asked)))
        nobody_is_in(client)

    def test_it_is_left_in_peace_for_a_while(self, client: Client, directory: idp.Provider) -> None:
        directory.fault["/.well-known/openid-configuration"] = "500"
        for _ in range(5):
            self.away(client, "/login/provider/")
        assert len(directory.asked) == 1
        directory.fault.clear()
        with time_machine.travel(clock.now() + timedelta(seconds=11)):
            assert client.get("/login/provider/").url.startswith(directory.issuer)

    def test_one_that_is_not_there(
        self, client: Client, directory: idp.Provider, settings: SettingsWrapper
    ) -> None:
        settings.STAFF_OIDC_ISSUER = "http://127.0.0.1:9/realm"
        self.away(client, "/login/provider/")

    def test_too_many_at_once_do_not_wait(self, client: Client, directory: idp.Provider) -> None:
        held = [wire._slots.acquire(blocking=False) for _ in range(wire.AT_ONCE)]
        try:
            began = time.monotonic()
            self.away(client, "/login/provider/")
            assert time.monotonic() - began < 0.9
        finally:
            for _ in held:
                wire._slots.release()

    def test_slots_come_back(self, client: Client, directory: idp.Provider) -> None:
        for _ in range(wire.AT_ONCE + 2):
            published.forget()
            client.get("/login/provider/")
        published.forget()
        assert client.get("/login/provider/").url.startswith(directory.issuer)

    @pytest.mark.parametrize(
        "change",
        [
            {"issuer": "https://other.example"},
            {"token_endpoint": "http://169.254.169.254/token"},
            {"token_endpoint": "file:///etc/passwd"},
            {"jwks_uri": None},
            {"authorization_endpoint": "javascript:alert(1)"},
            {"jwks_uri": "https://user@other.example/keys"},
            {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
        ],
    )
    def test_metadata_of_somebody_between(
        self, client: Client, directory: idp.Provider, change: Claims
    ) -> None:
        directory.metadata_edit = lambda read: read.update(change)
        self.away(client, "/login/provider/")

    @pytest.mark.parametrize(
        "keys",
        [
            [],
            "x",
            [5],
            [{"kty": "oct", "k": "AAAA"}],
            [{"kty": "RSA"}],
            [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}],
        ],
    )
    def test_keys_of_no_use(
        self, client: Client, directory: idp.Provider, keys: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = idp.query_of(client.get("/login/provider/").url)
        monkeypatch.setattr(idp, "_json", _with_keys(keys, idp._json))
        assert client.get(back_to(directory.decide("ola", asked))).url == "/login/"
        nobody_is_in(client)


def test_log_has_a_cause_and_no_person(
    client: Client, directory: idp.Provider, caplog: pytest.LogCaptureFixture
) -> None:
    directory.edit = lambda claims: claims.update(aud="another")
    go(client, directory)
    logged = caplog.text
    assert "identity_refused" in logged
    assert "invalid_claim" in logged
    for word in (OLA["sub"], OLA["email"], OLA["name"]):
        assert str(word) not in logged


def _part(read: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(read).encode()).rstrip(b"=").decode()


def _with_keys(keys: object, send: Callable[..., None]) -> Callable[..., None]:
    def answer(to: Any, read: Claims, status: int = 200) -> None:
        send(to, {"keys": keys} if "keys" in read else read, status)

    return answer
