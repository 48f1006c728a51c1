"""Every page of the portal that exists now, by name; tests of labels, axe and width walk through them."""

from __future__ import annotations

import re

from .visitor import Visitor

OPEN_PAGES = {
    "home": "/",
    "instruction": "/instruction/",
    "browser": "/browser/",
    "login": "/login/",
    "forgotten": "/login/forgotten/",
    "forgotten-name": "/login/forgotten-name/",
    "not-found": "/there-is-no-such-page/",
    "demo": "/demo/",
    "components": "/demo/components/",
}
PATIENT_PAGES = {
    "list": "/examinations/",
    "record": "/examinations/download/",
    "documents": "/documents/",
    "surveys": "/surveys/",
    "shares": "/shares/",
    "password": "/account/password/",
    "contact": "/account/contact/",
    "carers": "/account/carers/",
    "acting": "/account/acting/",
    "devices": "/account/devices/",
    "back": "/account/back/",
    "security": "/account/security/",
    "confirm": "/account/confirm/",
    "results": "/account/results/",
    "information": "/account/information/",
    "access-log": "/account/access-log/",
    "wrong-account": f"/documents/?for={'0' * 24}",
    "not-yours": "/examinations/00000000-0000-7000-8000-000000000000/",
}


# Of a survey that is open, below its address.
SURVEY_PAGES = {"questions": "", "summary": "summary/", "files": "files/"}
# Open for ten minutes after a second factor; later they lead to "confirm" first.
FRESH_PAGES = {
    "contact-mail": "/account/contact/mail/",
    "contact-sms": "/account/contact/sms/",
    "carer-new": "/account/carers/new/",
    "close": "/account/close/",
}

# Of the staff listener, for the desk; those of one patient stand below the patient's page.
STAFF_PAGES = {
    "staff": "/staff/",
    "desk": "/staff/desk/",
    "tasks": "/staff/tasks/",
    "closing": "/staff/closing/",
    "sent": "/staff/surveys/sent/",
    "incomplete": "/staff/surveys/incomplete/",
    "ask-list": "/staff/surveys/ask/",
    "deliveries": "/staff/deliveries/",
}
DESK_PAGES = {
    "patient": "",
    "contact": "contact/",
    "staff-carers": "carers/",
    "slip": "slip/",
    "add-document": "documents/",
    "factors": "factors/",  # of whoever has a passkey or an app
}
# For the data protection officer; the second below the patient's page.
PRIVACY_PAGES = {"access": "/staff/access/"}
PRIVACY_PAGES_OF_A_PATIENT = {"access-log": "access/"}


def pages_of(visitor: Visitor) -> dict[str, str]:
    """The patient's pages, with those of the newest examination."""
    found = visitor.open("/examinations/")
    first = re.search(r"/examinations/[0-9a-f-]{36}/", found.text)
    assert first, "no examination in the list"
    detail = first.group()
    pages = dict(PATIENT_PAGES) | {"examination": detail, "download": detail + "download/"}
    report = re.search(re.escape(detail) + r"reports/[0-9a-f-]{36}/", visitor.open(detail).text)
    if report:
        pages["report"] = report.group()
    pages["share"] = detail + "share/"
    survey = re.search(r"/surveys/[0-9a-f-]{36}/", visitor.open("/surveys/").text)
    if survey:
        pages["survey"] = survey.group()
    viewer = detail.replace("/examinations/", "/viewer/")
    return pages | {"viewer": viewer}
