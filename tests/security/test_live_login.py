"""R37-R49 with the input of each row: two web servers of four processes, real sockets, SIGKILL between tries."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from klisza.base.ids import readable

from .farm import PASSWORD, Browser, Farm, forms_of, standing

LOCKED = "Konto zostało zablokowane"
FRESH = "zielony parasol na strychu"
GUESSES, AT_ONCE = 500, 40


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with standing(tmp_path_factory.mktemp("farm")) as farm:
        yield farm


@pytest.fixture(autouse=True)
def _close(farm: Farm) -> Iterator[None]:
    yield
    farm.close_browsers()


def begun(farm: Farm, account: dict[str, str], *, door: int = 0, number: int = 1) -> tuple[Browser, str]:
    """A browser at the code page, and the code that was sent."""
    browser = farm.browser(door=door)
    assert browser.log_in(account["user_name"]).headers["location"] == "/login/code/"
    return browser, farm.code(account, number=number)


def wrong(code: str, number: int = 1) -> str:
    return f"{(int(code) + number) % 10 ** len(code):0{len(code)}d}"


def may_ask_again(farm: Farm, account: dict[str, str]) -> None:
    """As if the 30, 60 or 120 seconds had passed."""
    farm.rows(
        "UPDATE accounts_login SET next_code_at = started_at WHERE account_id ="
        " (SELECT id FROM accounts_account WHERE user_name = ?)",
        account["user_name"],
    )


def audited(farm: Farm, account: dict[str, str], action: str) -> int:
    return int(
        farm.value(
            "SELECT count(*) FROM audit_auditevent WHERE action = ? AND CAST(objects_json AS TEXT) LIKE ?",
            action,
            f"%{account['id']}%",
        )
    )


# --- R40-R43: codes ------------------------------------------------------------------------------


def test_three_wrong_kill_the_code_five_lock_r40(farm: Farm) -> None:
    """3 wrong -> the right one fails too; 5 in total over a resend -> locked and a mail."""
    account = farm.account()
    browser, code = begun(farm, account)
    for number in (1, 2, 3):
        assert browser.enter(wrong(code, number)).status_code == 200
        farm.kill_a_worker()
    assert browser.enter(code).status_code == 200
    assert farm.of_account(account, "wrong_codes") == 3
    may_ask_again(farm, account)
    assert browser.post("/login/code/again/").status_code == 302
    second = farm.code(account, number=2)
    assert len(second) == 6
    browser.enter(wrong(second))
    page = browser.enter(wrong(second, 2))
    assert LOCKED in page.text
    assert farm.of_account(account, "lock_cause") == "codes"
    farm.portal.wait_for(lambda: "Ktoś zna Twoje hasło" in farm.mails(account), what="the mail")


def guess_at_once(farm: Farm) -> tuple[int, int, int, int]:
    """All guesses in parallel, the right code among them, through both doors: (tries, compared, passed, wrong)."""
    account = farm.account()
    browser, code = begun(farm, account)
    session, token = browser.cookie(), browser.token()
    cookies = {c.name: c.value or "" for c in browser.http.cookies.jar}
    assert session
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(cookies=cookies, timeout=120, limits=limits) as http:

        def guess(number: int) -> bool:
            door = farm.doors[number % 2]
            answer = http.post(
                door + "/login/code/",
                data={"csrfmiddlewaretoken": token, "code": wrong(code, number)},
                headers={"Origin": door},
            )
            # 403: the token changed when the right one passed; 503: the database was busy, nothing was read
            assert answer.status_code in (200, 302, 403, 503), answer.status_code
            return answer.headers.get("location", "") == "/examinations/"

        with ThreadPoolExecutor(AT_ONCE) as pool:
            entered = sum(pool.map(guess, range(GUESSES)))
    assert entered <= 1
    wrong_ones = audited(farm, account, "login.code_wrong")
    passed = audited(farm, account, "login.code_ok")
    tries = farm.value(
        "SELECT tries FROM accounts_code WHERE login_id = (SELECT id FROM accounts_login WHERE account_id ="
        " (SELECT id FROM accounts_account WHERE user_name = ?))",
        account["user_name"],
    )
    return int(tries), wrong_ones + passed, passed, int(farm.of_account(account, "wrong_codes"))


def check_guesses(seen: tuple[int, int, int, int]) -> None:
    tries, compared, passed, wrong_codes = seen
    assert tries <= 3
    assert compared <= tries
    if passed:
        assert wrong_codes == 0  # a full login sets it back
    else:
        assert tries == compared == wrong_codes == 3


def test_five_hundred_parallel_guesses_compare_three_r41(farm: Farm) -> None:
    check_guesses(guess_at_once(farm))


@pytest.mark.long
def test_five_hundred_parallel_guesses_twenty_rounds_r41(farm: Farm) -> None:
    for _round in range(20):
        check_guesses(guess_at_once(farm))


def test_kill_between_passwords_changes_no_total_r42(farm: Farm) -> None:
    """Alternating servers, one worker killed after each try, all of them after the third."""
    account = farm.account()
    for tries in range(1, 6):
        page = farm.browser(door=tries).log_in(account["user_name"], "nie to hasło")
        assert page.status_code == 200
        assert farm.of_account(account, "wrong_passwords") == tries
        farm.kill_all_workers() if tries == 3 else farm.kill_a_worker()
    assert farm.of_account(account, "state") == "locked"
    assert LOCKED in farm.browser(door=1).log_in(account["user_name"]).text


def test_kill_during_passwords_never_adds_a_try_r42(farm: Farm) -> None:
    """Workers die while tries are under way: what was compared was counted before, and five are enough."""
    account = farm.account()

    def one(number: int) -> None:
        browser = farm.browser(door=number)
        try:
            browser.log_in(account["user_name"], "nie to hasło")
        except httpx.HTTPError:
            pass  # its worker died

    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(one, number) for number in range(24)]
        for _kill in range(4):
            time.sleep(0.3)
            farm.kill_a_worker()
        for done in waiting:
            done.result()
    assert audited(farm, account, "login.password_wrong") <= 5
    assert farm.of_account(account, "wrong_passwords") <= 5
    farm.portal.wait_for(lambda: farm.of_account(account, "state") == "locked", seconds=90, what="the lock")


def test_code_of_another_login_is_refused_and_counted_r43(farm: Farm) -> None:
    """Code of login A in login B; the old one after a resend; any after a change of the password."""
    account = farm.account()
    first, code_of_first = begun(farm, account)
    second, code_of_second = begun(farm, account, door=1, number=2)
    if code_of_first != code_of_second:
        assert second.enter(code_of_first).status_code == 200
        assert farm.of_account(account, "wrong_codes") == 1
    may_ask_again(farm, account)
    second.post("/login/code/again/")
    assert second.enter(code_of_second).status_code == 200
    assert first.enter(code_of_first).headers["location"] == "/examinations/"
    change = first.post(
        "/account/password/", old_password=PASSWORD, new_password=FRESH, new_password_again=FRESH
    )
    assert change.status_code == 302
    newest = farm.code(account, number=3)
    assert second.enter(newest).headers["location"] == "/login/"


# --- R44, R45: text messages ---------------------------------------------------------------------


def test_hundred_resends_send_three_messages_r44(farm: Farm) -> None:
    account = farm.account()
    browser, _code = begun(farm, account)
    statuses = []
    for number in range(100):
        if number in (10, 40, 70):
            may_ask_again(farm, account)
        statuses.append(browser.post("/login/code/again/").status_code)
    assert statuses.count(302) == 3
    assert statuses.count(429) == 97
    sent = farm.value(
        "SELECT codes_sent FROM accounts_login WHERE account_id ="
        " (SELECT id FROM accounts_account WHERE user_name = ?)",
        account["user_name"],
    )
    assert sent == 1 + 3


def test_resend_without_a_login_is_no_oracle_r44(farm: Farm) -> None:
    browser = farm.browser()
    answers = [
        browser.post("/login/code/again/", user_name=name) for name in (farm.account()["user_name"], "X")
    ]
    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {(302, "/login/")}


@pytest.mark.parametrize("number", ["+4915112345678", "+48700123456"], ids=["foreign", "premium"])
def test_number_elsewhere_gets_no_message_r44(farm: Farm, number: str) -> None:
    account = farm.account(mobile=number)
    browser = farm.browser()
    assert browser.log_in(account["user_name"]).headers["location"] == "/login/code/"
    page = browser.get("/login/code/")
    assert "+48 22 000 00 00" in page.text
    assert farm.portal.texts(number) == []
    assert audited(farm, account, "login.number_refused") == 1


def test_code_lies_in_no_answer_url_log_or_row_r45(farm: Farm) -> None:
    """Nothing but the outbox's file knows the code; six digits, so that chance does not find them."""
    account = farm.account()
    farm.rows("UPDATE accounts_account SET wrong_codes = 1 WHERE user_name = ?", account["user_name"])
    browser = farm.browser()
    answers = [browser.log_in(account["user_name"]), browser.get("/login/code/")]
    code = farm.code(account)
    assert len(code) == 6
    answers += [browser.post("/login/code/again/"), browser.enter(code)]
    assert answers[-1].headers["location"] == "/examinations/"
    for answer in answers:
        assert code not in answer.text + str(answer.headers) + str(answer.url)
    assert f"#{code}" not in farm.portal.log.read_text("utf-8", "replace")
    rows = farm.rows("SELECT digest FROM accounts_code")
    rows += farm.rows("SELECT sealed FROM notifications_message WHERE kind = 'code'")
    kept = [row[0].encode() if isinstance(row[0], str) else bytes(row[0]) for row in rows]
    assert not [one for one in kept if f"#{code}".encode() in one or one == code.encode()]


def test_0042_is_accepted_r45(farm: Farm) -> None:
    account = farm.account()
    browser, _code = begun(farm, account)
    farm.run("code", account["user_name"], "0042")
    assert browser.enter("42").status_code == 200
    assert browser.enter("0042").headers["location"] == "/examinations/"


# --- R46, R47: names -----------------------------------------------------------------------------


def cast(farm: Farm) -> dict[str, str]:
    locked, closed = farm.account(), farm.account()
    farm.run("lock", locked["user_name"])
    farm.run("close", closed["user_name"])
    return {
        "known": farm.account()["user_name"],
        "unknown": readable(8),
        "locked": locked["user_name"],
        "closed": closed["user_name"],
    }


def seen(answer: httpx.Response) -> tuple[int, int, list[str]]:
    """Status, length without token and typed name, names of the headers."""
    page = re.sub(r'name="(csrfmiddlewaretoken|user_name)" value="[^"]*"', "", answer.text)
    return answer.status_code, len(page), sorted(answer.headers)


def test_names_look_the_same_r46(farm: Farm) -> None:
    """Login, reset and the lock text of the sixth try: same status, length and headers for all names."""
    names = cast(farm)
    for answers in (
        {kind: seen(farm.browser().log_in(name, "nie to hasło")) for kind, name in names.items()},
        {
            kind: seen(farm.browser().post("/login/forgotten/", user_name=name))
            for kind, name in names.items()
        },
    ):
        assert all(answer == answers["unknown"] for answer in answers.values()), answers
    for name in names.values():
        pages = [farm.browser(door=number).log_in(name, "nie to hasło").text for number in range(5)]
        assert [LOCKED in page for page in pages] == [False] * 3 + [True] * 2


def test_one_address_locks_at_most_three_r47(farm: Farm) -> None:
    """200 names x 5 from one address; an owner with a device cookie logs in, from that address as well."""
    accounts = farm.accounts(200)
    source = farm.address()
    owner = farm.browser(source=source)
    owner.log_in(accounts[0]["user_name"])
    owner.enter(farm.code(accounts[0]))
    assert owner.is_inside()
    owner.post("/logout/")
    stranger = farm.browser(source=source)
    statuses = [
        stranger.log_in(account["user_name"], "nie to hasło").status_code
        for account in accounts
        for _try in range(5)
    ]
    assert statuses.count(429) >= 980
    names = ",".join(f"'{account['user_name']}'" for account in accounts)
    locked = farm.value(
        f"SELECT count(*) FROM accounts_account WHERE state = 'locked' AND user_name IN ({names})"
    )
    assert locked <= 3
    answer = stranger.log_in(readable(8), "nie to hasło")
    assert int(answer.headers["Retry-After"]) > 0
    assert "+48 22 000 00 00" in answer.text
    assert owner.log_in(accounts[0]["user_name"]).headers["location"] == "/login/code/"
    owner.enter(farm.code(accounts[0], number=2))
    assert owner.is_inside()


# --- R48, R49: reset, session --------------------------------------------------------------------


def reset_link(farm: Farm, account: dict[str, str]) -> str:
    def newest() -> str:
        texts = [str(mail.get_body(("plain",)).get_content()) for mail in farm.portal.mails(account["email"])]  # type: ignore[union-attr]
        found = [link for text in texts for link in re.findall(r"https?://[^/\s]+(/login/reset/\S+/)", text)]
        return found[-1] if found else ""

    return farm.portal.wait_for(newest, what="the mail with the link")


def test_reset_by_a_poisoned_host_r48(farm: Farm) -> None:
    account = farm.account()
    browser = farm.browser()
    fields = {"user_name": account["user_name"], "csrfmiddlewaretoken": browser.token()}
    evil = browser.http.post("/login/forgotten/", data=fields, headers={"Host": "evil.example"})
    assert evil.status_code == 400
    browser.http.post("/login/forgotten/", data=fields, headers={"X-Forwarded-Host": "evil.example"})
    reset_link(farm, account)
    texts = [str(mail.get_body(("plain",)).get_content()) for mail in farm.portal.mails(account["email"])]  # type: ignore[union-attr]
    assert farm.portal.url in texts[-1]
    assert "evil" not in texts[-1]


def test_reset_link_after_scanners_works_once_r48(farm: Farm) -> None:
    """GET twice, then POST: once; one code in the whole way; no referrer."""
    account = farm.account()
    farm.browser().post("/login/forgotten/", user_name=account["user_name"])
    address = reset_link(farm, account)
    for _scanner in range(2):
        answer = farm.browser(door=_scanner).get(address)
        assert (answer.headers["location"], answer.headers["referrer-policy"]) == (
            "/login/reset/",
            "no-referrer",
        )
    first, second = farm.browser(), farm.browser(door=1)
    for browser in (first, second):
        browser.get(address)
    first.post("/login/reset/")
    first.enter(farm.code(account))
    assert first.post("/login/reset/", new_password=FRESH, new_password_again=FRESH).status_code == 302
    assert first.is_inside()
    assert len(farm.portal.texts(account["mobile"])) == 1
    assert second.post("/login/reset/").status_code == 404
    assert farm.browser().get(address).headers["location"] == "/login/reset/"


def test_reset_link_of_thirty_one_minutes_is_dead_r48(farm: Farm) -> None:
    account = farm.account()
    farm.browser().post("/login/forgotten/", user_name=account["user_name"])
    address = reset_link(farm, account)
    farm.rows("UPDATE accounts_reset SET expires_at = created_at")  # as if its time had passed
    browser = farm.browser()
    browser.get(address)
    page = browser.get("/login/reset/")
    assert page.status_code == 404
    assert "+48 22 000 00 00" in page.text


def test_preset_session_is_renamed_at_both_steps_r49(farm: Farm) -> None:
    account = farm.account()
    browser = farm.browser()
    browser.token()
    browser.http.cookies.set("klisza_session", "a" * 32, domain="127.0.0.1")
    names = ["a" * 32]
    browser.log_in(account["user_name"])
    names.append(browser.http.cookies.get("klisza_session", domain="127.0.0.1") or "")
    browser.enter(farm.code(account))
    names.append(browser.http.cookies.get("klisza_session", domain="127.0.0.1") or "")
    assert len(set(names)) == 3
    assert browser.is_inside()


@pytest.mark.parametrize("event", ["logout", "password", "lock", "close"])
def test_old_cookie_is_dead_within_a_second_r49(farm: Farm, event: str) -> None:
    account = farm.account()
    browser, code = begun(farm, account)
    browser.enter(code)
    assert browser.is_inside()
    thief = farm.browser(door=1)
    thief.http.cookies.set("klisza_session", browser.cookie(), domain="127.0.0.1")
    assert thief.is_inside()
    if event == "logout":
        browser.post("/logout/")
    elif event == "password":
        browser.post(
            "/account/password/", old_password=PASSWORD, new_password=FRESH, new_password_again=FRESH
        )
    else:
        farm.run(event, account["user_name"])
    answer = thief.get("/account/contact/")
    assert answer.status_code in (302, 401)


# --- R37-R39: logs, errors, addresses ------------------------------------------------------------


def test_forged_forwarded_for_buys_nothing_r39(farm: Farm) -> None:
    """1,000 tries, each with another X-Forwarded-For: ten are let through."""
    browser = farm.browser()
    token = browser.token()

    def one(number: int) -> int:
        return browser.http.post(
            "/login/",
            data={"csrfmiddlewaretoken": token, "user_name": "ABCDEFGH", "password": "x"},
            headers={"X-Forwarded-For": f"10.{number % 250}.{number // 250}.7, 10.0.0.{number % 250}"},
        ).status_code

    statuses = [one(number) for number in range(1000)]
    assert statuses.count(200) <= 20  # a border of five minutes may lie in between
    assert statuses.count(429) == 1000 - statuses.count(200)


def test_user_name_forges_no_log_record_r37(farm: Farm) -> None:
    browser = farm.browser()
    mark = readable(8)
    browser.log_in(f'{mark}\n{{"level": "error", "event": "forged"}}', "nie to hasło")
    browser.get(f'/{mark}%0a{{"level"')
    lines = farm.portal.log.read_text("utf-8", "replace").splitlines()
    assert not [line for line in lines if line.startswith('{"level": "error", "event": "forged"')]


def test_logs_hold_no_secret_after_all_this_r37(farm: Farm) -> None:
    """Code, password, token, name, telephone and address of a full login: 0 hits in every log."""
    account = farm.account()
    farm.browser().post("/login/forgotten/", user_name=account["user_name"])
    token = reset_link(farm, account).split("/")[-2]
    browser, code = begun(farm, account)
    browser.enter(code)
    browser.get("/login/reset/" + token + "/")
    browser.get("/examinations/" + token + "/")
    text = farm.portal.log.read_text("utf-8", "replace")
    text += (farm.portal.folder / "second.log").read_text("utf-8", "replace")
    for secret in (
        PASSWORD,
        token,
        account["user_name"],
        account["mobile"],
        account["email"],
        f"#{code}",
        FRESH,
    ):
        assert secret not in text


def test_twenty_faults_tell_no_cause_r38(farm: Farm) -> None:
    browser = farm.browser()
    token = browser.token()
    paths = [
        "/.git/config", "/metrics", "/admin/", "/.env", "/server-status", "/static/../secret_key", "/staff/",
        "/examinations/not-a-uuid/", "/examinations/00000000-0000-7000-8000-000000000000/", "/%00", "/%ff%fe",
        "/login/reset/" + "x" * 5000 + "/", "/login/?next=" + "%0d%0aSet-Cookie:x=1", "/viewer/../../etc/passwd",
    ]  # fmt: skip
    answers = [browser.get(path) for path in paths]
    for data in (
        {"csrfmiddlewaretoken": token},
        {},
        {"csrfmiddlewaretoken": token, "user_name": "\0", "password": "\0"},
    ):
        answers.append(browser.http.post("/login/", data=data))
    answers += [
        browser.http.request("TRACE", "/login/"),
        browser.http.request("PUT", "/login/", content=b"x"),
        browser.http.post("/login/", content=b"x" * 300_000, headers={"Content-Type": "text/plain"}),
        browser.http.post(
            "/login/", content=b"--x", headers={"Content-Type": "multipart/form-data; boundary=x"}
        ),
    ]
    assert len(answers) >= 20
    for path, status in zip(paths[:7], [answer.status_code for answer in answers[:7]], strict=True):
        assert status == 404, path
    assert answers[-4].status_code == 405
    for answer in answers:
        said = answer.text + str(answer.headers)
        assert not re.search(r"\d", answer.headers.get("server", ""))  # a name, no version
        assert answer.status_code < 500 or answer.status_code == 503, str(answer.url)[:80]
        for word in (
            "Traceback",
            "django",
            "Django",
            "python",
            "sqlite",
            "psycopg",
            "SELECT ",
            "/klisza/",
        ):
            assert word not in said, (str(answer.url)[:80], word)


# --- R15-R18: doors and forms --------------------------------------------------------------------


def test_staff_pages_do_not_exist_outside_r15(farm: Farm) -> None:
    for number, path in enumerate(("/staff", "/staff/", "/staff/login/", "/staff/patients/")):
        assert farm.browser(door=number).get(path).status_code == 404


def test_every_open_form_wants_token_and_own_origin_r16(farm: Farm) -> None:
    account = farm.account()
    inside, code = begun(farm, account)
    inside.enter(code)
    forms = {}
    for path in ("/login/forgotten/", "/login/forgotten-name/", "/account/password/", "/account/contact/",
                 "/account/information/", "/examinations/", "/documents/", "/surveys/", "/shares/"):  # fmt: skip
        for form in forms_of(inside.get(path)):
            if form.method == "post":
                forms[form.action or path] = form.fields
    for form in forms_of(farm.browser().get("/login/")):
        forms[form.action] = form.fields
    assert {"/logout/", "/login/", "/login/forgotten/", "/account/password/", "/language/"} <= forms.keys()
    before = farm.rows(
        "SELECT password, state, language, email, mobile FROM accounts_account ORDER BY user_name"
    )
    for address, fields in forms.items():
        bare = {name: value for name, value in fields.items() if name != "csrfmiddlewaretoken"}
        assert inside.http.post(address, data=bare).status_code == 403, address
        foreign = inside.http.post(
            address,
            data=bare | {"csrfmiddlewaretoken": inside.token()},
            headers={"Origin": "https://evil.example"},
        )
        assert foreign.status_code == 403, address
    assert inside.is_inside()
    after = farm.rows(
        "SELECT password, state, language, email, mobile FROM accounts_account ORDER BY user_name"
    )
    assert before == after


def test_every_answer_forbids_frames_r17(farm: Farm) -> None:
    browser = farm.browser()
    answers = [
        browser.get(path)
        for path in ("/", "/login/", "/login/forgotten/", "/nothing/", "/examinations/", "/instruction/")
    ]
    answers += [browser.log_in(readable(8), "x"), browser.http.post("/login/", data={})]
    for answer in answers:
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], answer.url
        assert answer.headers["x-frame-options"] == "DENY"


def test_fields_nobody_asked_for_change_nothing_r18(farm: Farm) -> None:
    """patient_id, is_staff, kind, state, expires_at ... added to each POST of the way in and of the account."""
    account, other = farm.account(), farm.account()
    extra = {
        "patient_id": other["id"], "account_id": other["id"], "account": other["id"], "is_staff": "1", "kind": "staff",
        "state": "closed", "expires_at": "2099-01-01", "wrong_passwords": "0", "is_superuser": "1", "role": "admin",
        "mobile_verified": "1", "purpose": "reset", "code_passed_at": "2026-01-01", "session_epoch": "99",
    }  # fmt: skip
    browser = farm.browser()
    assert browser.log_in(account["user_name"], **extra).headers["location"] == "/login/code/"
    browser.post("/login/code/", code=farm.code(account), **extra)
    browser.post("/language/", language="en", **extra)
    browser.post(
        "/account/password/", old_password=PASSWORD, new_password=FRESH, new_password_again=FRESH, **extra
    )
    browser.post("/login/forgotten/", user_name=account["user_name"], **extra)
    columns = "kind, state, email, mobile, wrong_passwords, language"
    row = farm.rows(f"SELECT {columns} FROM accounts_account WHERE user_name = ?", account["user_name"])[0]
    assert row == ("patient", "active", account["email"], account["mobile"], 0, "en")
    theirs = farm.rows(f"SELECT {columns} FROM accounts_account WHERE user_name = ?", other["user_name"])[0]
    assert theirs == ("patient", "active", other["email"], other["mobile"], 0, "pl")
    assert farm.value("SELECT count(*) FROM accounts_staffrole") == 0
