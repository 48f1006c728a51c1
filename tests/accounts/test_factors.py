"""Passkeys, apps, recovery codes: what they are, how they come and go (N18, T-50)."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client

from klisza.accounts import queries, services
from klisza.accounts.errors import AccountLocked, NoLogin, WrongCode, WrongPasskey
from klisza.accounts.models import Account, Challenge, Factor, Login, RecoveryCode
from klisza.accounts.services.factors import totp
from klisza.accounts.services.factors.party import party
from klisza.audit.models import AuditEvent
from klisza.base import clock
from klisza.base.errors import NotFound, Refused

from .authenticator import Authenticator
from .factors import code_of, with_app, with_passkey, wrong_code_of
from .people import ANYBODY, PASSWORD, SOMEBODY, active_account, outbox, post_login, sign_in, staff_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return active_account()


def actions() -> set[str]:
    return set(AuditEvent.objects.values_list("action", flat=True))


class TestAnApp:
    def test_its_code_passes_the_login(self, account: Account) -> None:
        secret, _codes = with_app(account)
        login, _key = services.begin(account=account, by=ANYBODY)
        services.enter_totp(account=account, typed=code_of(secret), login=login, by=ANYBODY)
        assert queries.next_step(Login.objects.get(pk=login.pk)) == queries.DONE
        assert Login.objects.get(pk=login.pk).passed_by == "totp"

    @pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
    def test_one_step_of_drift_is_allowed(self, account: Account, steps: int, right: bool) -> None:
        secret, _codes = with_app(account)
        typed = code_of(secret, steps=steps)
        if right:
            services.enter_totp(account=account, typed=typed, login=None, by=ANYBODY)
        elif typed not in {code_of(secret, steps=near) for near in (-1, 0, 1)}:
            with pytest.raises(WrongCode):
                services.enter_totp(account=account, typed=typed, login=None, by=ANYBODY)

    def test_spaces_and_dashes_do_not_matter(self, account: Account) -> None:
        secret, _codes = with_app(account)
        code = code_of(secret)
        services.enter_totp(account=account, typed=f" {code[:3]} {code[3:]}-", login=None, by=ANYBODY)

    def test_it_counts_only_after_its_first_code(self, account: Account) -> None:
        services.begin_app(account=account)
        pending = Factor.objects.get(account=account)
        with pytest.raises(WrongCode):
            services.confirm_app(account=account, typed="000000x", name="", login=None, by=ANYBODY)
        assert not queries.has_factor(account)
        secret = totp.setup(pending).secret.replace(" ", "")
        with pytest.raises(WrongCode):
            services.enter_totp(account=account, typed=code_of(secret), login=None, by=ANYBODY)

    def test_a_second_start_kills_the_first_secret(self, account: Account) -> None:
        services.begin_app(account=account)
        old = totp.setup(Factor.objects.get(account=account)).secret.replace(" ", "")
        services.begin_app(account=account)
        assert Factor.objects.filter(account=account).count() == 1
        with pytest.raises(WrongCode):
            services.confirm_app(account=account, typed=code_of(old), name="", login=None, by=ANYBODY)

    def test_setup_is_over_after_half_an_hour(self, account: Account) -> None:
        services.begin_app(account=account)
        with time_machine.travel(clock.now() + timedelta(minutes=31)), pytest.raises(NoLogin):
            services.confirm_app(account=account, typed="123456", name="", login=None, by=ANYBODY)

    def test_its_secret_is_never_shown_again(self, account: Account) -> None:
        with_app(account)
        with pytest.raises(NoLogin):
            totp.setup(Factor.objects.get(account=account))

    def test_setup_is_a_picture_and_a_text(self, account: Account) -> None:
        services.begin_app(account=account)
        shown = totp.setup(Factor.objects.get(account=account))
        assert shown.picture.startswith("data:image/svg+xml")
        assert len(shown.secret.replace(" ", "")) == 32  # 160 bits
        assert shown.uri.startswith("otpauth://totp/Portal%20Pacjenta:")


class TestAPasskey:
    def test_alone_it_is_a_whole_login(self, account: Account) -> None:
        """Discoverable: no user name is typed anywhere."""
        key = with_passkey(account)
        options, challenge = services.begin_proving(account=None, source="127.0.1.1")
        assert not options.get("allowCredentials")
        assert options["userVerification"] == "required"
        login, _key = services.enter_passkey(
            challenge_id=challenge, answer=key.sign(options), kind="patient", by=ANYBODY
        )
        assert login.account_id == account.pk
        assert queries.next_step(Login.objects.get(pk=login.pk)) == queries.DONE

    def test_a_new_clause_is_asked_for_all_the_same(self, account: Account) -> None:
        key = with_passkey(account)
        account.acceptances.all().delete()
        options, challenge = services.begin_proving(account=None, source="127.0.1.1")
        login, _key = services.enter_passkey(
            challenge_id=challenge, answer=key.sign(options), kind="patient", by=ANYBODY
        )
        assert queries.next_step(login) == queries.CLAUSE

    def test_after_the_password_it_is_the_second_factor(self, account: Account) -> None:
        key = with_passkey(account)
        login, _key = services.begin(account=account, by=ANYBODY)
        options, challenge = services.begin_proving(account=account, source="127.0.1.1")
        assert len(options["allowCredentials"]) == 1
        services.prove_passkey(
            account=account, challenge_id=challenge, answer=key.sign(options), login=login, by=ANYBODY
        )
        assert Login.objects.get(pk=login.pk).passed_by == "passkey"

    def test_a_device_is_not_added_twice(self, account: Account) -> None:
        key = with_passkey(account)
        options, challenge = services.begin_adding(account=account)
        assert len(options["excludeCredentials"]) == 1
        with pytest.raises(WrongPasskey):
            services.add_passkey(
                account=account, challenge_id=challenge, answer=key.make(options), name="",
                login=None, by=ANYBODY,
            )  # fmt: skip

    def test_locked_account_stays_locked(self, account: Account) -> None:
        key = with_passkey(account)
        services.lock(account=account, cause="staff", by=SOMEBODY)
        options, challenge = services.begin_proving(account=None, source="127.0.1.1")
        with pytest.raises(AccountLocked):
            services.enter_passkey(
                challenge_id=challenge, answer=key.sign(options), kind="patient", by=ANYBODY
            )

    def test_strangers_do_not_lock_its_owner_out(self, account: Account) -> None:
        """R47: wrong passwords from anywhere are no reason to refuse what cannot be guessed."""
        key = with_passkey(account)
        services.lock(account=account, cause="passwords", by=ANYBODY, spares_devices=True)
        options, challenge = services.begin_proving(account=None, source="127.0.1.1")
        login, _key = services.enter_passkey(
            challenge_id=challenge, answer=key.sign(options), kind="patient", by=ANYBODY
        )
        assert queries.next_step(login) == queries.DONE
        services.finish(login=login, by=ANYBODY)
        account.refresh_from_db()
        assert (account.state, account.strangers_locked_at is None) == ("active", False)

    def test_it_is_bound_to_the_address_in_the_settings(self, settings: object) -> None:
        settings.PUBLIC_URL, settings.STAFF_URL = "https://portal.szpital.pl", "https://staff.szpital.pl:8443"  # type: ignore[attr-defined]
        assert (party().id, party().origin) == ("portal.szpital.pl", "https://portal.szpital.pl")  # type: ignore[union-attr]
        settings.LISTENER = "staff"  # type: ignore[attr-defined]
        assert (party().id, party().origin) == ("staff.szpital.pl", "https://staff.szpital.pl:8443")  # type: ignore[union-attr]
        settings.STAFF_URL = "http://10.1.2.3:8001"  # type: ignore[attr-defined]
        assert party() is None


class TestRecoveryCodes:
    def test_ten_of_eighty_bits_come_with_the_first_factor(self, account: Account) -> None:
        _secret, codes = with_app(account)
        assert len(set(codes)) == 10
        assert all(re.fullmatch(r"([2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}", code) for code in codes)
        options, challenge = services.begin_adding(account=account)
        assert not services.add_passkey(
            account=account, challenge_id=challenge, answer=Authenticator().make(options), name="",
            login=None, by=ANYBODY,
        )  # fmt: skip

    def test_each_opens_once_and_a_mail_tells(self, account: Account) -> None:
        _secret, codes = with_app(account)
        services.enter_recovery_code(
            account=account, typed=codes[3].lower().replace("-", " "), login=None, by=ANYBODY
        )
        assert outbox("mail")[-1]["subject"] == "Użyto kodu zapasowego: Portal Pacjenta"
        with pytest.raises(WrongCode):
            services.enter_recovery_code(account=account, typed=codes[3], login=None, by=ANYBODY)
        assert queries.recovery_left(account) == 9

    def test_new_ones_kill_the_old(self, account: Account) -> None:
        _secret, codes = with_app(account)
        services.make_recovery_codes(account=account, by=ANYBODY)
        with pytest.raises(WrongCode):
            services.enter_recovery_code(account=account, typed=codes[0], login=None, by=ANYBODY)

    def test_of_another_account_opens_nothing(self, account: Account) -> None:
        _secret, codes = with_app(account)
        other = active_account()
        with_app(other)
        with pytest.raises(WrongCode):
            services.enter_recovery_code(account=other, typed=codes[0], login=None, by=ANYBODY)

    def test_without_a_factor_there_are_none(self, account: Account) -> None:
        with pytest.raises(NoLogin):
            services.make_recovery_codes(account=account, by=ANYBODY)


class TestAddingAndRemoving:
    def test_mails_go_to_the_address_on_file(self, account: Account) -> None:
        key = with_passkey(account)
        added = outbox("mail")[-1]
        factor = queries.factors(account).get()
        services.remove_factor(account=account, factor_id=factor.pk, by=ANYBODY)
        removed = outbox("mail")[-1]
        assert (added["to"], removed["to"]) == (account.email, account.email)
        assert added["subject"] == "Nowy sposób logowania: Portal Pacjenta"
        assert removed["subject"] == "Usunięto sposób logowania: Portal Pacjenta"
        assert {"factor.added", "recovery.made", "factor.removed"} <= actions()
        options, challenge = services.begin_proving(account=None, source="127.0.1.1")
        with pytest.raises(WrongPasskey):
            services.enter_passkey(
                challenge_id=challenge, answer=key.sign(options), kind="patient", by=ANYBODY
            )

    def test_with_the_last_one_the_recovery_codes_go(self, account: Account) -> None:
        with_app(account)
        services.remove_factor(account=account, factor_id=queries.factors(account).get().pk, by=ANYBODY)
        assert RecoveryCode.objects.count() == 0
        assert queries.ways(account) == (queries.SMS,)

    def test_nobody_removes_another_persons_factor(self, account: Account) -> None:
        with_app(account)
        with pytest.raises(NotFound):
            services.remove_factor(
                account=active_account(), factor_id=queries.factors(account).get().pk, by=ANYBODY
            )

    def test_staff_keep_the_last_one(self) -> None:
        clerk = staff_account()
        with_app(clerk)
        with pytest.raises(Refused):
            services.remove_factor(account=clerk, factor_id=queries.factors(clerk).get().pk, by=ANYBODY)

    def test_ten_are_enough(self, account: Account) -> None:
        for _number in range(10):
            with_passkey(account)
        with pytest.raises(Refused):
            with_passkey(account)
        assert queries.factors(account).count() == 10


class TestEverythingIsLost:
    def test_the_desk_resets_with_a_reason(self, account: Account) -> None:
        with_app(account)
        epoch = account.session_epoch
        services.reset_factors(account=account, reason="dowód osobisty sprawdzony", by=SOMEBODY)
        account.refresh_from_db()
        assert queries.ways(account) == (queries.SMS,)
        assert account.session_epoch > epoch
        event = AuditEvent.objects.get(action="factor.reset")
        assert (event.reason, event.agent_id) == ("dowód osobisty sprawdzony", SOMEBODY.id)
        assert outbox("mail")[-1]["to"] == account.email

    def test_never_without_a_reason(self, account: Account) -> None:
        with_app(account)
        with pytest.raises(Refused):
            services.reset_factors(account=account, reason="  ", by=SOMEBODY)
        assert queries.has_factor(account)

    def test_staff_start_again_with_a_temporary_password(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A password alone would otherwise be enough to bring one's own app."""
        clerk = staff_account(user_name="anna")
        with_app(clerk)
        call_command("staff", "reset", "anna", "--reason", "telefon zgubiony, rozmowa osobista")
        clerk.refresh_from_db()
        assert (clerk.password_is_temporary, clerk.state) == (True, "new")
        assert re.search(r"[2-9A-Z]{4}(-[2-9A-Z]{4}){3}", capsys.readouterr().out)


class TestOfferedToPatients:
    def test_later_is_remembered(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        services.decline_offer(account=account, by=ANYBODY)
        account.refresh_from_db()
        assert account.factor_offer_answered_at
        assert "factor.declined" in actions()

    def test_text_messages_stay_the_way_back(self, client: Client, account: Account) -> None:
        with_app(account)
        post_login(client, account.user_name, PASSWORD)
        assert outbox("sms") == []  # none goes out by itself
        assert client.get("/login/code/").status_code == 200
        client.post("/login/code/again/")
        assert len(outbox("sms")) == 1

    def test_who_has_an_app_is_asked_for_it(self, client: Client, account: Account) -> None:
        secret, _codes = with_app(account)
        assert post_login(client, account.user_name, PASSWORD).url == "/login/factor/"
        page = client.get("/login/factor/").content.decode()
        assert 'name="code"' in page
        answer = client.post("/login/factor/", {"way": "totp", "code": code_of(secret)})
        assert answer.url == "/examinations/"

    def test_wrong_code_is_told_beside_its_field(self, client: Client, account: Account) -> None:
        secret, _codes = with_app(account)
        post_login(client, account.user_name, PASSWORD)
        page = client.post("/login/factor/", {"way": "totp", "code": wrong_code_of(secret)}).content.decode()
        assert 'id="app_code-error"' in page


class TestStaffMustHaveOne:
    @pytest.fixture(autouse=True)
    def staff_listener(self, settings: object) -> None:
        settings.LISTENER, settings.ROOT_URLCONF = "staff", "klisza.config.urls_staff"  # type: ignore[attr-defined]

    def test_first_login_ends_only_with_a_factor(self, client: Client) -> None:
        """R15, T-11"""
        raw = services.create_staff(user_name="jan", roles=["registration"], by=SOMEBODY)
        assert post_login(client, "jan", raw).url == "/login/enrol/"
        assert client.get("/login/password/").url == "/login/enrol/"
        assert client.get("/staff/").url.startswith("/login/")
        client.post("/login/enrol/app/", {"start": "1"})
        shown = client.get("/login/enrol/app/")
        secret = shown.context["setup"].secret.replace(" ", "")
        added = client.post("/login/enrol/app/", {"code": code_of(secret)})
        assert len(added.context["codes"]) == 10
        assert client.get("/login/enrol/").url == "/login/password/"
        new = "trzy rowery pod lipą"
        done = client.post("/login/password/", {"new_password": new, "new_password_again": new})
        assert done.url == "/staff/"
        assert Login.objects.get().passed_by == "totp"

    def test_the_factor_is_asked_for_ever_after(self, client: Client) -> None:
        clerk = staff_account(mobile="+48600100200")
        secret, _codes = with_app(clerk)
        assert post_login(client, clerk.user_name, PASSWORD).url == "/login/factor/"
        assert client.get("/login/code/").url == "/login/factor/"
        client.post("/login/code/again/")
        assert outbox("sms") == []
        answer = client.post("/login/factor/", {"way": "totp", "code": code_of(secret)})
        assert answer.url == "/staff/"

    def test_in_the_demo_a_text_message_may_do(self, client: Client, settings: object) -> None:
        settings.STAFF_FACTOR = "sms"  # type: ignore[attr-defined]
        clerk = staff_account(mobile="+48600100200")
        assert post_login(client, clerk.user_name, PASSWORD).url == "/login/code/"
        assert not queries.must_enrol(clerk)
        assert queries.must_enrol(staff_account(user_name="bez-telefonu"))


class TestFreshness:
    def test_important_changes_need_a_second_factor_of_now(self, client: Client, account: Account) -> None:
        """T-102"""
        sign_in(client, account)
        assert client.get("/account/security/add/").status_code == 200
        with time_machine.travel(clock.now() + timedelta(minutes=10, seconds=1)):
            asked = client.get("/account/security/add/")
            assert asked.url == "/account/confirm/?next=%2Faccount%2Fsecurity%2Fadd%2F"
            client.post("/account/confirm/text/", {"next": "/account/security/add/"})
            code = re.search(r"#(\d+)$", outbox("sms")[-1]["text"]).group(1)  # type: ignore[union-attr]
            done = client.post(
                "/account/confirm/", {"way": "sms", "code": code, "next": "/account/security/add/"}
            )
            assert done.url == "/account/security/add/"
            assert client.get("/account/security/add/").status_code == 200

    def test_a_script_is_told_so(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        with time_machine.travel(clock.now() + timedelta(minutes=11)):
            answer = client.post(
                "/account/security/add/passkey/options/", headers={"accept": "application/json"}
            )
        assert (answer.status_code, answer.json()) == (403, {"error": "confirm"})

    def test_a_confirmation_signs_nobody_in(self, client: Client, account: Account) -> None:
        sign_in(client, account)
        client.post("/account/confirm/text/")
        key = client.session["confirm"]
        assert queries.login_under_way(key) is None
        assert queries.login_under_way(key, confirming=True)


def test_old_challenges_and_unfinished_apps_are_swept(account: Account) -> None:
    services.begin_app(account=account)
    services.begin_adding(account=account)
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        services.sweep()
    assert not Challenge.objects.exists()
    assert not Factor.objects.exists()


def test_sms_for_staff_is_refused_outside_the_demo(tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    environment = {**os.environ, "KLISZA_STAFF_FACTOR": "sms", "KLISZA_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", "import klisza.config.settings"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "KLISZA_STAFF_FACTOR" in done.stderr
