"""R50 to R56 where a share meets the world: a running ZIP, many guesses at once, what is left in tables and logs."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from klisza.accounts.services import revocation
from klisza.archive import tickets
from klisza.base.errors import NotFound
from klisza.base.ids import new_id, opaque_uid
from klisza.examinations.models import Examination
from klisza.exports import services as exports
from klisza.exports.models import Export
from klisza.exports.options import Options
from klisza.exports.services import sending
from klisza.patients import queries as patients
from klisza.patients import services as people
from klisza.patients.models import Grant
from klisza.sharing import queries, services
from klisza.sharing.models import Share
from tests.accounts.people import SOMEBODY
from tests.archive.studies import get
from tests.examinations.given import a_patient, a_study, the_examination
from tests.exports.given import a_large_study
from tests.patients.carers import a_carer, given
from tests.portal import Portal
from tests.sharing.given import GUEST, Browser, anna, screen_of, shared, viewer_of
from tests.stories.visitor import Visitor, read_account_mail

ANNA = ("anna.kowalczyk@poczta.example", "+48600100101")
WRONG = "481516"


@pytest.mark.django_db
class TestARunningZip:
    """R53, N13: within two seconds; here the gate is asked before every piece."""

    @pytest.fixture(autouse=True)
    def asked_all_the_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert sending.GATE_SECONDS < 2
        monkeypatch.setattr(sending, "GATE_SECONDS", 0.0)

    @pytest.mark.parametrize("end", ["revoke", "block", "expire", "leave"])
    def test_it_stops_with_the_share(self, end: str) -> None:
        share, copy = running_copy()
        stream = copy.stream(0, copy.size)
        assert next(stream)
        if end == "expire":
            Share.objects.update(expires_at=share.created_at)
        elif end == "leave":
            services.leave(visit=share.visits.get(), key="key", by=GUEST)
        else:
            getattr(services, end)(share=share, by=SOMEBODY)
        with pytest.raises(NotFound):
            list(stream)
        assert Export.objects.get().outcome == "stopped"

    def test_view_only_begins_none(self) -> None:
        share, token = shared(*anna(), may_download=False)
        Browser().open(token)
        viewer = queries.guest_viewer(share, GUEST)
        with pytest.raises(NotFound):
            begin(share, viewer)

    def test_a_foreign_copy_is_not_there(self) -> None:
        """R56: without the cookie of the browser that asked."""
        running_copy()
        export = Export.objects.get()
        assert Browser().get(f"/exports/{export.pk}/").status_code == 404


def running_copy() -> tuple[Share, sending.Sending]:
    patient = a_patient()
    a_large_study(patient, 2)
    share, token = shared(patient, the_examination(patient))
    _share, key = services.admit_guest(token=token, pin="493127", by=GUEST)
    begun = begin(share, queries.guest_viewer(share, GUEST), key)
    return share, sending.open_sending(export=begun.export, key=begun.key)


def begin(share: Share, viewer: object, key: str = "") -> exports.Begun:
    ids: list[uuid.UUID] = list(share.examinations.values_list("examination_id", flat=True))
    return exports.begin(
        viewer=viewer,
        session=key,
        examination_ids=ids,
        options=Options(viewer=False),  # type: ignore[arg-type]
    )


@pytest.mark.django_db
class TestTicketsOfAGuest:
    """R52, R53: rights on every address of images."""

    def test_only_the_shared_series_answer(self) -> None:
        """Metadata, thumbnail, preview and frames alike; what there is none of, is 404 either way."""
        study = a_study(a_patient(), modalities=("CT", "MR"))
        shared_one, other = study.series.order_by("series_number")
        ticket = tickets.issue(holder="share x", study_ids=[study.pk], series_ids=[shared_one.pk])
        assert get(address(ticket, study.pk, shared_one.pk, "metadata")).status == 503  # being made
        for path in ("metadata", "thumbnail", "rendered", f"instances/{opaque_uid(new_id())}/frames/1"):
            assert get(address(ticket, study.pk, other.pk, path)).status == 404

    def test_with_the_sharers_right_the_pictures_end(self) -> None:
        """A carer's grant is over: nobody has to ask for the next ticket."""
        patient, examination = anna()
        carer = a_carer()
        grant = given(patient, carer, kind=Grant.Kind.AUTHORISED)
        share, token = shared(patient, examination, viewer=patients.carer_viewer(carer, grant, SOMEBODY))
        doctor = Browser()
        doctor.open(token)
        html = doctor.get(viewer_of(share, examination)).content.decode()
        found = re.search(r"/dicom-web/t/([\w-]+)", html)
        assert found
        ticket = tickets.check(found.group(1))
        assert ticket.owner == revocation.subject_of(str(carer.pk))
        people.end_grant(grant=grant, reason="patient", by=SOMEBODY)
        tickets._revocations.read_at = float("-inf")
        with pytest.raises(tickets.TicketRefused):
            tickets.check(found.group(1))

    def test_a_ticket_never_outlives_its_share(self) -> None:
        patient, examination = anna()
        share, token = shared(patient, examination, lasts=timedelta(hours=1))
        Share.objects.update(expires_at=share.created_at + timedelta(minutes=2))
        doctor = Browser()
        doctor.open(token)
        html = doctor.get(viewer_of(share, examination)).content.decode()
        found = re.search(r"/dicom-web/t/([\w-]+)", html)
        assert found
        ends = share.created_at + timedelta(minutes=2)
        assert abs(tickets.check(found.group(1)).expires_at - ends) < timedelta(seconds=1)

    def test_another_browser_has_nothing_of_it(self) -> None:
        study = a_study(a_patient())
        series = study.series.get()
        ticket = tickets.issue(holder="share x", study_ids=[study.pk], session="guest-key")
        place = address(ticket, study.pk, series.pk, "metadata")
        assert get(place).status == 401
        assert get(place, HTTP_COOKIE="klisza_guest=another").status == 401
        assert get(place, HTTP_COOKIE="klisza_guest=guest-key").status == 503  # let in; it is being made


def address(ticket: str, study_id: uuid.UUID, series_id: uuid.UUID, path: str) -> str:
    return f"/dicom-web/t/{ticket}/studies/{opaque_uid(study_id)}/series/{opaque_uid(series_id)}/{path}"


@pytest.mark.django_db
def test_every_verb_and_address_of_a_guest_is_closed_to_strangers() -> None:
    """R10, R52: 404, 302 to the PIN, or 401 for scripts; never a byte."""
    patient, examination = anna()
    share, token = shared(patient, examination)
    inside = Browser()
    inside.open(token)
    addresses = [
        screen_of(share), viewer_of(share, examination), f"{screen_of(share)}{examination.pk}/ticket/",
        f"{screen_of(share)}{examination.pk}/download/", f"{screen_of(share)}note/", f"{screen_of(share)}not-mine/",
    ]  # fmt: skip
    for address in addresses:
        for verb in ("get", "head", "post", "put", "delete", "patch"):
            answer = getattr(Browser().client, verb)(address)
            assert answer.status_code in (302, 401, 403, 404, 405), (verb, address)
            assert patient.family_name.encode() not in answer.content
    assert Share.objects.get().state == "open"
    assert Examination.objects.filter(pk=examination.pk).exists()


class TestALivePortal:
    """Over HTTP, with the database and the log as they lie there."""

    def test_guesses_at_once_and_what_is_left_of_them(self, demo_portal: Portal) -> None:
        """R50, R51: sixty guesses of twelve browsers are five comparisons; no token, no PIN in tables or logs."""
        email = "pytanie@klinika.example"
        token = share_by_http(demo_portal, email)
        with ThreadPoolExecutor(12) as crowd:
            answers = Counter(crowd.map(lambda _: guess(demo_portal, token), range(60)))
        assert answers[400] == 4
        assert answers[429] == 56
        counted = demo_portal.rows("SELECT wrong_pins, state FROM sharing_share WHERE email = ?", email)
        assert [tuple(row) for row in counted] == [(5, "open")]
        demo_portal.wait_for(lambda: len(demo_portal.mails(email)) == 2, what="both messages")
        log = demo_portal.log.read_text("utf-8", "replace")
        assert token not in log
        assert token not in dump(demo_portal)
        assert "493127" not in dump(demo_portal)


def guess(portal: Portal, token: str) -> int:
    with httpx.Client(base_url=portal.url, follow_redirects=True, timeout=60) as guest:
        page = guest.get(f"/s/{token}/")
        form = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert form
        data = {"csrfmiddlewaretoken": form.group(1), "pin": WRONG}
        return guest.post("/s/", data=data, headers={"Origin": portal.url}).status_code


def share_by_http(portal: Portal, email: str) -> str:
    """Returns the token from the doctor's inbox."""
    visitor = Visitor(portal)
    try:
        listing = visitor.sign_in(read_account_mail(portal, *ANNA))
        first = re.search(r"/examinations/[0-9a-f-]{36}/", listing.text)
        assert first
        form = visitor.open(f"{first.group()}share/outside/")
        page = visitor.submit(form, email=email, pin="493127", pin_way="send", lasts="168")
        made = visitor.submit(page, draft=re.findall(r'name="draft" value="([^"]+)"', page.text)[0])
        assert "Udostępniono" in made.text
    finally:
        visitor.close()
    mail = portal.wait_for(lambda: portal.mails(email), what="the link")[0]
    found = re.search(r"/s/([\w-]+)/", str(mail.get_body(("plain",)).get_content()))  # type: ignore[union-attr]
    assert found
    return found.group(1)


def dump(portal: Portal) -> str:
    """Every text column of the tables that could hold it."""
    tables = ("sharing_share", "sharing_visit", "sharing_word", "notifications_message", "audit_auditevent")
    return "".join(str(portal.rows(f"SELECT * FROM {table}")) for table in tables)
