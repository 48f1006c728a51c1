"""Steps that the stories of chapters 5 and 6 share: the hospital asks, and what stands where."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Page, expect

from .story import ANNA, Story
from .visitor import Visitor

ASK = """
import json
from datetime import timedelta
from klisza.audit.actor import SYSTEM
from klisza.base import clock
from klisza.patients.models import Patient
from klisza.questionnaires.models import Questionnaire, QuestionnaireVersion
from klisza.questionnaires.services import ask
told = json.loads(TOLD)
made = Questionnaire.objects.create(name=told["title"], title=told["title"], state="active", takes_files=told["takes_files"],
                                    created_at=clock.now())
made.current = QuestionnaireVersion.objects.create(questionnaire=made, number=1, definition=told["resource"], digest="",
                                                   created_at=clock.now())
made.save()
person = Patient.objects.get(email=told["email"])
due = clock.now() + timedelta(days=told["days"])
[request] = ask(patients=[person], version=made.current, message=told["message"], due_at=due, by=SYSTEM)
print("asked", request.pk)
"""


def question(link_id: str, kind: str, text: str, **more: Any) -> dict[str, Any]:
    return {"linkId": link_id, "type": kind, "text": text} | more


def form(*items: dict[str, Any], title: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Questionnaire",
        "status": "active",
        "language": "pl",
        "title": title,
        "item": list(items),
    } | more


# Nothing has to be answered: its summary and its files page are open at once.
OPTIONAL = form(
    {
        "linkId": "body", "type": "group", "text": "O Pani/Panu",
        "item": [
            question("metal", "boolean", "Czy jest metal w ciele?"),
            question("drug", "string", "Lek", repeats=True, item=[question("dose", "string", "Dawka")]),
            question("born", "date", "Data zabiegu"),
        ],
    },
    title="Ankieta dobrowolna",
)  # fmt: skip


class Surveys(Story):
    survey: str

    # given
    def given_the_hospital_asks(
        self, resource: dict[str, Any], *, takes_files: bool = False, email: str = ANNA[0], message: str = ""
    ) -> str:
        told = {
            "resource": resource, "title": resource["title"], "takes_files": takes_files, "email": email,
            "message": message, "days": 14,
        }  # fmt: skip
        answer = self.portal.klisza("shell", "-v", "0", "-c", f"TOLD = {json.dumps(told)!r}\n{ASK}")
        found = re.search(r"asked ([0-9a-f-]{36})", answer.stdout)
        assert found, answer.stdout + answer.stderr
        self.survey = found.group(1)
        return self.survey

    # when
    def when_the_survey_is_opened(self, page: Page | None = None) -> None:
        (page or self.page).goto(f"{self.portal.url}/surveys/{self.survey}/")

    def when_going_on(self, page: Page | None = None) -> None:
        (page or self.page).get_by_role("button", name="Dalej", exact=True).last.click()

    def when_chosen(self, question: str, answer: str) -> None:
        group = self.page.get_by_role("group", name=question)
        group.get_by_label(answer, exact=True).check()

    # then
    def then_it_was_kept(self, page: Page | None = None) -> None:
        expect((page or self.page).locator("[data-part=status]")).to_have_text("Zapisano")

    def then_the_link_is_in_the_mail(self, email: str = ANNA[0]) -> str:
        """M5.1"""
        pattern = rf"{re.escape(self.portal.url)}/surveys/{self.survey}/\?for=\w+"

        def look() -> list[str]:
            bodies = [mail.get_body(("plain",)) for mail in self.portal.mails(email)]
            return [link for body in bodies if body for link in re.findall(pattern, str(body.get_content()))]

        return self.portal.wait_for(look, what="the mail with the link")[0]

    def visitor_of(self, page: Page) -> Visitor:
        """The same session without a browser."""
        visitor = Visitor(self.portal)
        for cookie in page.context.cookies():
            visitor.http.cookies.set(str(cookie["name"]), str(cookie["value"]))
        return visitor
