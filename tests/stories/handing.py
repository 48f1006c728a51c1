"""Steps that the stories of handing in share: a questionnaire that takes files, discs, and the page with the list."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.gateways.objects import dataset
from tests.uploads.given import dicom_file
from tests.uploads.portal import run

from .story import ANNA, Story

ASK = """
import sys, uuid
import django
django.setup()
from klisza.audit.actor import SYSTEM
from klisza.base import clock
from klisza.patients.models import Patient
from klisza.questionnaires import services
from klisza.questionnaires.models import Questionnaire, QuestionnaireVersion
now = clock.now()
words = {"resourceType": "Questionnaire", "status": "active", "title": "Wcześniejsze badania", "item": [
    {"linkId": "1", "type": "string", "text": "Gdzie wykonano badania?"}]}
form = Questionnaire.objects.create(
    url="urn:uuid:" + str(uuid.uuid4()), name="Earlier", title="Wcześniejsze badania", state="active",
    takes_files=True, created_at=now)
version = QuestionnaireVersion.objects.create(
    questionnaire=form, number=1, definition=words, digest=uuid.uuid4().hex * 2, created_at=now)
form.current = version
form.save()
patient = Patient.objects.get(account__email=sys.argv[1])
print(services.ask(patients=[patient], version=version, by=SYSTEM)[0].pk)
"""


class Handing(Story):
    survey: str

    # given
    def given_the_files_page(self, **browser: object) -> None:
        self.given_a_signed_in_patient(**browser)
        self.survey = run(self.portal, ASK, ANNA[0])
        self.when_opened(f"/surveys/{self.survey}/files/")
        expect(self.page.get_by_role("button", name="Wybierz pliki")).to_be_visible()

    # when
    def when_chosen(self, button: str, *paths: Path) -> None:
        with self.page.expect_file_chooser() as opened:
            self.page.get_by_role("button", name=button).click()
        opened.value.set_files([str(path) for path in paths] if len(paths) > 1 else str(paths[0]))
        expect(self.page.locator("[data-part=total]")).to_contain_text("Na liście")

    def when_dropped(self, *paths: Path) -> None:
        """As from the file manager: a folder comes as a folder."""
        box = self.page.locator("[data-part=drop]").bounding_box()
        assert box
        session = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send(
                "Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 9, "y": box["y"] + 9, "data": data}
            )
        expect(self.page.locator("[data-part=total]")).to_contain_text("Na liście")

    def when_the_upload_is_started(self) -> None:
        self.page.get_by_role("button", name="Rozpocznij przesyłanie").click()

    # then
    def then_everything_has_arrived(self) -> None:
        expect(self.page.locator("[data-part=said]")).to_have_text("Wszystko dotarło. Dziękujemy.")

    def then_the_list_says(self, text: str) -> None:
        expect(self.page.locator("[data-part=total]")).to_have_text(re.compile(text))

    def delivered(self) -> list[tuple[str, str, str]]:
        """(path, kind, state) of what was chosen, sorted by path, once nothing is left to sort."""
        sql = (
            "SELECT path, kind, file.state FROM uploads_handedfile file JOIN uploads_delivery delivery"
            " ON delivery.id = file.delivery_id WHERE REPLACE(CAST(delivery.subject AS TEXT), '-', '') = ?"
        )
        key = self.survey.replace("-", "")

        def settled() -> list[tuple[str, str, str]]:
            rows = self.portal.rows(sql, key)
            return [] if any(state in ("waiting", "arrived") for *_rest, state in rows) else sorted(rows)

        return self.portal.wait_for(settled, seconds=60, what="the files to be sorted")


def make_disc(folder: Path, *, images: int = 12, size: int = 0) -> Path:
    """A medium as patients get it: two series, a DICOMDIR, a viewer. size: bytes of each image's pixels."""
    study = dataset()
    anna = {"PatientName": "KOWALCZYK^ANNA", "PatientBirthDate": "19580314", "StudyDescription": "TK GLOWY",
            "StudyInstanceUID": study.StudyInstanceUID,
            "StudyDate": "20120305"}  # older than what others look for in her list  # fmt: skip
    (folder / "DICOM").mkdir(parents=True)
    for number in range(images):
        more = (
            {"Rows": size // 1024, "Columns": 512, "PixelData": bytes([number % 250]) * size} if size else {}
        )
        (folder / "DICOM" / f"IM{number:04}").write_bytes(dicom_file(**anna, **more))
    (folder / "DICOMDIR").write_bytes(dicom_file(SOPClassUID="1.2.840.10008.1.3.10"))
    (folder / "VIEWER.EXE").write_bytes(b"MZ" + bytes(5000))
    (folder / "AUTORUN.INF").write_text("[autorun]\nopen=VIEWER.EXE\n")
    return folder
