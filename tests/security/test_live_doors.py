"""R15-R18, R37, R38, R48, R49 with the input of each row, against two web servers of four processes."""

from __future__ import annotations

import re

import pytest

from klisza.base.ids import readable

from .farm import PASSWORD, Farm, forms_of
from .live import FRESH, begun, reset_link


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
