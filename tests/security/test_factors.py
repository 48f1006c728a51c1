"""Attacks on second factors: replay, copies, foreign origins, guessing, a stolen dump (T-11, T-50, R15, R40, R41, R70)."""

from __future__ import annotations

import contextlib
import json
import random
from datetime import timedelta

import pytest
import time_machine
from django.core import serializers
from django.test import Client
from fido2.utils import websafe_decode, websafe_encode

from klisza.accounts import queries, services
from klisza.accounts.errors import AccountLocked, NoLogin, WrongCode, WrongPasskey
from klisza.accounts.models import Account, Factor, Login, RecoveryCode
from klisza.accounts.services.factors.totp import _secret
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import Refused
from tests.accounts.authenticator import PRESENT, Authenticator
from tests.accounts.factors import code_of, with_app, with_passkey, wrong_code_of
from tests.accounts.people import (
    ANYBODY,
    PASSWORD,
    SOMEBODY,
    active_account,
    outbox,
    post_login,
    sign_in,
    staff_account,
)
from tests.security.races import Run, program

pytestmark = pytest.mark.django_db
SOURCE = "127.0.1.1"


def by_passkey(key: Authenticator, *, kind: str = "patient", **signing: int) -> Login:
    options, challenge = services.begin_proving(account=None, source=SOURCE)
    answer = key.sign(options, **signing)
    return services.enter_passkey(challenge_id=challenge, answer=answer, kind=kind, by=ANYBODY)[0]


class TestPasskeysRefuse:
    def test_an_answer_given_twice(self) -> None:
        key = with_passkey(active_account())
        options, challenge = services.begin_proving(account=None, source=SOURCE)
        answer = key.sign(options)
        services.enter_passkey(challenge_id=challenge, answer=answer, kind="patient", by=ANYBODY)
        with pytest.raises(WrongPasskey):
            services.enter_passkey(challenge_id=challenge, answer=answer, kind="patient", by=ANYBODY)

    def test_an_answer_to_another_challenge(self) -> None:
        key = with_passkey(active_account())
        options, _mine = services.begin_proving(account=None, source=SOURCE)
        _other, challenge = services.begin_proving(account=None, source=SOURCE)
        with pytest.raises(WrongPasskey):
            services.enter_passkey(
                challenge_id=challenge, answer=key.sign(options), kind="patient", by=ANYBODY
            )

    def test_an_answer_that_comes_too_late(self) -> None:
        """L17: five minutes, not a second more."""
        key = with_passkey(active_account())
        options, challenge = services.begin_proving(account=None, source=SOURCE)
        with time_machine.travel(clock.now() + timedelta(minutes=5, seconds=1)), pytest.raises(WrongPasskey):
            services.enter_passkey(
                challenge_id=challenge, answer=key.sign(options), kind="patient", by=ANYBODY
            )

    @pytest.mark.parametrize(
        ("origin", "rp"),
        [
            ("https://localhost.evil.example", "localhost"),
            ("http://localhost:8001", "localhost"),  # the staff listener is another origin
            ("http://localhost:8000", "evil.example"),
        ],
    )
    def test_a_foreign_page(self, origin: str, rp: str) -> None:
        key = with_passkey(active_account())
        key.origin, key.rp = origin, rp
        with pytest.raises(WrongPasskey):
            by_passkey(key)

    def test_a_key_without_finger_or_pin(self) -> None:
        key = with_passkey(active_account())
        with pytest.raises(WrongPasskey):
            by_passkey(key, flags=PRESENT)

    def test_a_key_made_without_finger_or_pin(self) -> None:
        account = active_account()
        options, challenge = services.begin_adding(account=account)
        with pytest.raises(WrongPasskey):
            services.add_passkey(
                account=account, challenge_id=challenge, answer=Authenticator().make(options, flags=PRESENT),
                name="", login=None, by=ANYBODY,
            )  # fmt: skip

    def test_another_key_under_a_known_name(self) -> None:
        key = with_passkey(active_account())
        thief = Authenticator()
        thief.credential_id, thief.user_handle = key.credential_id, key.user_handle
        with pytest.raises(WrongPasskey):
            by_passkey(thief)

    def test_a_copy_whose_counter_stands_still(self) -> None:
        account = active_account()
        key = with_passkey(account, Authenticator(count=7))
        by_passkey(key)
        key.count -= 1  # what the copy made before still says
        with pytest.raises(WrongPasskey):
            by_passkey(key)
        event = AuditEvent.objects.get(action="login.passkey_refused")
        assert event.reason == "counter"

    def test_somebody_elses_key_as_second_factor(self) -> None:
        owner, thief = active_account(), active_account()
        with_passkey(owner)
        key = with_passkey(thief)
        login, _key = services.begin(account=owner, by=ANYBODY)
        options, challenge = services.begin_proving(account=owner, source=SOURCE)
        with pytest.raises(WrongPasskey):
            services.prove_passkey(
                account=owner, challenge_id=challenge, answer=key.sign(options), login=login, by=ANYBODY
            )

    def test_a_challenge_of_another_account(self) -> None:
        owner, thief = active_account(), active_account()
        key = with_passkey(thief)
        options, challenge = services.begin_proving(account=thief, source=SOURCE)
        with pytest.raises(WrongPasskey):
            services.prove_passkey(
                account=owner, challenge_id=challenge, answer=key.sign(options), login=None, by=ANYBODY
            )

    def test_a_patients_key_on_the_staff_listener(self) -> None:
        """T-11"""
        key = with_passkey(active_account())
        with pytest.raises(WrongPasskey):
            by_passkey(key, kind="staff")

    @pytest.mark.parametrize(
        "answer",
        ["", "{}", "[]", "null", "{", '{"id": 1}', '{"response": {"signature": "%%%"}}', "x" * 20_000],
    )
    def test_nonsense(self, client: Client, answer: str) -> None:
        """R38: the login page, never a fault."""
        client.post("/login/passkey/options/", {"for": "login"})
        page = client.post("/login/passkey/", {"credential": answer})
        assert page.status_code == 200
        assert "Traceback" not in page.content.decode()

    def test_mutated_answers(self) -> None:
        """What a fuzzer sends: refused, never a fault, whatever is cut, nested or of another type."""
        account = active_account()
        key = with_passkey(account)
        chance = random.Random(4)
        for _round in range(150):
            options, challenge = services.begin_adding(account=account)
            made = mutated(Authenticator().make(options), chance)
            with contextlib.suppress(WrongPasskey, Refused):
                services.add_passkey(
                    account=account, challenge_id=challenge, answer=made, name="", login=None, by=ANYBODY
                )
            options, challenge = services.begin_proving(account=None, source=SOURCE)
            signed = mutated(key.sign(options), chance)
            with contextlib.suppress(WrongPasskey):
                services.enter_passkey(challenge_id=challenge, answer=signed, kind="patient", by=ANYBODY)

    def test_the_challenge_stays_in_the_browser_that_asked(self, client: Client) -> None:
        """Bound to the session: an answer that was caught elsewhere is worth nothing."""
        key = with_passkey(active_account())
        options = client.post("/login/passkey/options/", {"for": "login"}).json()
        answer = key.sign(options)
        other = Client()
        other.post("/login/passkey/options/", {"for": "login"})
        assert (
            "Nie udało się sprawdzić"
            in other.post("/login/passkey/", {"credential": answer}).content.decode()
        )
        assert client.post("/login/passkey/", {"credential": answer}).url == "/examinations/"

    def test_whoever_asks_learns_no_names(self, client: Client) -> None:
        """R46: without a login under way the answer depends on nobody."""
        with_passkey(active_account())
        asked = client.post("/login/passkey/options/", {"for": "login"}).json()
        assert not asked.get("allowCredentials")
        assert client.post("/login/passkey/options/", {"for": "prove"}).status_code == 401

    def test_the_session_gets_a_new_name(self, client: Client) -> None:
        """R49"""
        key = with_passkey(active_account())
        options = client.post("/login/passkey/options/", {"for": "login"}).json()
        before = client.session.session_key
        client.post("/login/passkey/", {"credential": key.sign(options)})
        assert client.session.session_key != before


class TestCodesOfAnApp:
    def test_replay_is_refused_and_counted(self) -> None:
        account = active_account()
        secret, _codes = with_app(account)
        code = code_of(secret)
        services.enter_totp(account=account, typed=code, login=None, by=ANYBODY)
        with pytest.raises(WrongCode):
            services.enter_totp(account=account, typed=code, login=None, by=ANYBODY)
        account.refresh_from_db()
        assert account.wrong_codes == 1

    def test_an_earlier_step_is_dead_after_a_later_one(self) -> None:
        account = active_account()
        secret, _codes = with_app(account)
        services.enter_totp(account=account, typed=code_of(secret, steps=1), login=None, by=ANYBODY)
        with pytest.raises(WrongCode):
            services.enter_totp(account=account, typed=code_of(secret), login=None, by=ANYBODY)

    def test_five_wrong_ones_lock_and_mail_r40(self) -> None:
        account = active_account()
        secret, _codes = with_app(account)
        for _try in range(4):
            with pytest.raises(WrongCode):
                services.enter_totp(account=account, typed=wrong_code_of(secret), login=None, by=ANYBODY)
        with pytest.raises(AccountLocked):
            services.enter_totp(account=account, typed=wrong_code_of(secret), login=None, by=ANYBODY)
        with pytest.raises(AccountLocked):  # now the right one fails too
            services.enter_totp(account=account, typed=code_of(secret), login=None, by=ANYBODY)
        account.refresh_from_db()
        assert (account.state, account.lock_cause) == ("locked", "codes")
        assert outbox("mail")[-1]["subject"] == "Ktoś zna Twoje hasło"

    def test_all_ways_share_one_sum_r40(self, client: Client) -> None:
        """Two wrong codes of the app, two recovery codes and one more: not five of each."""
        account = active_account()
        secret, _codes = with_app(account)
        post_login(client, account.user_name, PASSWORD)
        for way, field in (("totp", "code"), ("recovery", "recovery_code")):
            for _try in range(2):
                client.post("/login/factor/", {"way": way, field: wrong_code_of(secret)})
        account.refresh_from_db()
        assert (account.state, account.wrong_codes) == ("active", 4)
        client.post("/login/factor/", {"way": "recovery", "recovery_code": "AAAA-BBBB-CCCC-DDDD"})
        account.refresh_from_db()
        assert account.state == "locked"

    def test_a_login_is_passed_once(self) -> None:
        account = active_account()
        secret, codes = with_app(account)
        login, _key = services.begin(account=account, by=ANYBODY)
        services.enter_totp(account=account, typed=code_of(secret), login=login, by=ANYBODY)
        services.finish(login=login, by=ANYBODY)
        with pytest.raises(NoLogin):
            services.enter_recovery_code(account=account, typed=codes[0], login=login, by=ANYBODY)
        assert queries.recovery_left(account) == 10  # taken back with its transaction


class TestAStolenSession:
    def test_it_cannot_add_a_key_or_read_codes(self, client: Client) -> None:
        account = active_account()
        with_app(account)
        factor = queries.factors(account).get()
        sign_in_with_app(client, account)
        with time_machine.travel(clock.now() + timedelta(minutes=10, seconds=1)):
            for path in (
                "add/app/",
                "add/passkey/",
                "add/passkey/options/",
                "recovery/",
                f"remove/{factor.pk}/",
            ):
                answer = client.post(f"/account/security/{path}", {"start": "1"})
                assert answer.url.startswith("/account/confirm/"), path
        assert queries.factors(account).count() == 1

    def test_get_changes_nothing_r16(self, client: Client) -> None:
        account = active_account()
        with_app(account)
        sign_in_with_app(client, account)
        factor = queries.factors(account).get()
        before = [Factor.objects.count(), RecoveryCode.objects.filter(used_at=None).count()]
        digests = set(RecoveryCode.objects.values_list("digest", flat=True))
        for path in ("", "add/", "add/app/", "add/passkey/", "recovery/", "later/", f"remove/{factor.pk}/"):
            client.get(f"/account/security/{path}")
        assert [Factor.objects.count(), RecoveryCode.objects.filter(used_at=None).count()] == before
        assert set(RecoveryCode.objects.values_list("digest", flat=True)) == digests

    def test_forms_need_the_token_r16(self) -> None:
        account = active_account()
        client = Client(enforce_csrf_checks=True)
        for path in ("/login/factor/", "/login/passkey/", "/login/passkey/options/", "/account/confirm/",
                     "/account/security/recovery/", "/account/security/add/app/", "/login/enrol/app/"):  # fmt: skip
            assert client.post(path).status_code == 403, path
        assert not queries.has_factor(account)

    def test_extra_fields_change_nothing_r18(self, client: Client) -> None:
        account, other = active_account(), active_account()
        sign_in(client, account)
        client.post(
            "/account/security/add/app/", {"start": "1", "account": str(other.pk), "confirmed_at": "now"}
        )
        assert not Factor.objects.filter(account=other).exists()
        assert Factor.objects.get(account=account).confirmed_at is None

    def test_another_persons_factor_looks_unknown_r10(self, client: Client) -> None:
        account, other = active_account(), active_account()
        with_app(other)
        sign_in(client, account)
        foreign = queries.factors(other).get().pk
        unknown = "00000000-0000-7000-8000-000000000000"
        for method in (client.get, client.post):
            answers = [method(f"/account/security/remove/{pk}/") for pk in (foreign, unknown)]
            assert [answer.status_code for answer in answers] == [404, 404]
        assert queries.has_factor(other)


class TestStaffR15:
    @pytest.fixture(autouse=True)
    def staff_listener(self, settings: object) -> None:
        settings.LISTENER, settings.ROOT_URLCONF = "staff", "klisza.config.urls_staff"  # type: ignore[attr-defined]

    def test_password_alone_opens_no_page(self, client: Client) -> None:
        clerk = staff_account()
        post_login(client, clerk.user_name, PASSWORD)
        for path in ("/staff/", "/account/security/", "/account/password/", "/login/password/"):
            assert client.get(path).url.startswith("/login/"), path

    def test_text_messages_are_no_way_round_it(self, client: Client) -> None:
        clerk = staff_account(mobile="+48600100200")
        with_app(clerk)
        post_login(client, clerk.user_name, PASSWORD)
        login = Login.objects.get(account=clerk)
        with pytest.raises(NoLogin):
            services.send_code(login=login, source=SOURCE, by=ANYBODY)
        client.post("/login/code/again/")
        assert outbox("sms") == []

    def test_after_a_reset_the_old_password_enrols_nobody(self, client: Client) -> None:
        clerk = staff_account()
        with_app(clerk)
        services.reset_factors(account=clerk, reason="rozmowa osobista", by=SOMEBODY)
        assert post_login(client, clerk.user_name, PASSWORD).status_code == 200
        assert client.get("/login/enrol/").url == "/login/"

    def test_patients_pages_do_not_enrol(self, client: Client) -> None:
        secret, _codes = with_app(staff_account())
        assert client.get("/login/enrol/").url == "/login/"
        assert client.post("/login/enrol/app/", {"code": code_of(secret)}).url == "/login/"


class TestADumpIsStolenR70:
    def test_no_secret_stands_in_it(self, client: Client) -> None:
        account = active_account()
        secret, codes = with_app(account)
        with_passkey(account)
        services.begin_app(account=staff_account())
        rows = [
            *Factor.objects.all(),
            *RecoveryCode.objects.all(),
            *Account.objects.all(),
            *AuditEvent.objects.all(),
        ]
        dump = serializers.serialize("json", rows) + "".join(
            bytes(factor.sealed).decode("latin-1") for factor in Factor.objects.all()
        )
        for known in (secret, *codes, *(code.replace("-", "") for code in codes)):
            assert known not in dump

    def test_the_page_with_the_secret_is_kept_by_nobody(self, client: Client) -> None:
        sign_in(client, active_account())
        client.post("/account/security/add/app/", {"start": "1"})
        shown = client.get("/account/security/add/app/")
        assert shown.headers["Cache-Control"] == "no-store"
        secret = shown.context["setup"].secret
        assert secret.replace(" ", "") not in json.dumps(dict(client.session.items()))
        factor = Factor.objects.get()
        code = code_of(secret.replace(" ", ""))
        added = client.post("/account/security/add/app/", {"code": code})
        assert added.headers["Cache-Control"] == "no-store"
        assert added.context["codes"][0] not in json.dumps(dict(client.session.items()))
        assert client.get("/account/security/add/app/").status_code == 302
        factor.refresh_from_db()
        assert factor.confirmed_at

    def test_a_credential_id_cannot_be_read(self) -> None:
        key = with_passkey(active_account())
        row = Factor.objects.get()
        assert key.credential_id not in bytes(row.sealed)
        assert key.credential_id.hex() not in str(row.digest)
        assert websafe_decode(str(row.digest)) != key.credential_id


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("races")
    race = program("factor_race", folder)
    return lambda *arguments: {"folder": folder} | race(*arguments)


def check_race(run: Run, tries: str) -> None:
    """Two equal right codes are among them: at most one passes, and never a sixth is compared while wrong."""
    seen = run("race", tries)
    assert seen["passed"] <= 1
    assert seen["compared"] <= 5 + seen["passed"]
    assert seen["wrong"] == seen["compared"] - seen["passed"]
    assert seen["wrong"] <= 5


def test_parallel_guesses_are_compared_five_times_r41(run: Run) -> None:
    for _round in range(2):
        check_race(run, "120")


@pytest.mark.long
def test_five_hundred_parallel_guesses_twenty_rounds_r41(run: Run) -> None:
    for _round in range(20):
        check_race(run, "500")


def test_killed_processes_have_counted_their_guess_r42(run: Run) -> None:
    user_name = run("account")["user_name"]
    for tries in range(1, 6):
        run("die", user_name)
        seen = run("count", user_name)
        assert (seen["wrong"], seen["state"]) == (tries, "locked" if tries == 5 else "active")


def test_secrets_stand_nowhere_in_the_database_file_r70(run: Run) -> None:
    made = run("account")
    files = [path for path in made["folder"].rglob("*.sqlite3*") if path.is_file()]
    dump = b"".join(path.read_bytes() for path in files)
    assert made["user_name"].encode() in dump  # this is the file
    for secret in made["secrets"]:
        assert secret.encode() not in dump
        assert secret.replace("-", "").encode() not in dump


def mutated(answer: str, chance: random.Random) -> str:
    read = json.loads(answer)
    name = chance.choice([*read["response"], "id", "rawId", "response"])
    if name not in read["response"]:
        return json.dumps(read | {name: chance.choice([None, 1, [], {}, "x", "żółć"])})
    data = bytearray(websafe_decode(read["response"][name]))
    for _change in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) or 1)
        what = chance.choice(["byte", "cut", "nest"])
        if what == "byte" and data:
            data[at] = chance.randrange(256)
        elif what == "cut":
            del data[at:]
        else:
            data[at:at] = bytes([chance.choice([0x81, 0x9F, 0xA1, 0xFF])]) * chance.randint(1, 3000)
    read["response"][name] = websafe_encode(bytes(data))
    return json.dumps(read)


def sign_in_with_app(client: Client, account: Account) -> None:
    factor = queries.factors(account).get()
    post_login(client, account.user_name, PASSWORD)
    client.post("/login/factor/", {"way": "totp", "code": code_of(_secret(factor))})
    assert client.get("/account/security/").status_code == 200
