"""Inside the hospital: units, their members' pages, and slips of the desk (S57, B12)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings as SettingsWrapper

from klisza.accounts.models import Account
from klisza.audit.models import AuditEvent
from klisza.base.errors import Refused
from klisza.examinations.models import Examination
from klisza.patients.models import Patient
from klisza.sharing import services
from klisza.sharing.models import Share, Unit
from klisza.sharing.services import Wish
from tests.accounts.people import SOMEBODY
from tests.console.test_views import signed_in

from .given import Browser, anna, owner

pytestmark = pytest.mark.django_db
STAFF = "klisza.config.urls_staff"


@pytest.fixture
def staff(settings: SettingsWrapper) -> SettingsWrapper:
    settings.LISTENER, settings.ROOT_URLCONF = "staff", STAFF
    return settings


def account_of(client: Client) -> Account:
    return Account.objects.get(pk=client.session["_auth_user_id"])


def a_unit(*members: Account) -> Unit:
    unit = services.make_unit(name="Neurochirurgia", by=SOMEBODY)
    services.set_members(unit=unit, user_names=[one.user_name for one in members], by=SOMEBODY)
    return unit


def shared_with(unit: Unit, **fields: Any) -> tuple[Patient, Examination, Share]:
    patient, examination = anna()
    wish = Wish(examination_ids=[examination.pk], lasts=timedelta(days=7), unit_id=unit.pk, **fields)
    return patient, examination, services.share_inside(viewer=owner(patient), wish=wish)


class TestAMemberOfTheUnit:
    def test_opens_it_under_the_own_name(self, staff: SettingsWrapper) -> None:
        client = signed_in("clinic")
        patient, examination, share = shared_with(a_unit(account_of(client)), comment="Przed wizytą")
        assert patient.family_name in client.get("/staff/shares/").content.decode()
        page = client.get(f"/staff/shares/{share.pk}/").content.decode()
        assert "Przed wizytą" in page
        assert "/file" not in page
        assert client.get(f"/staff/shares/{share.pk}/{examination.pk}/viewer/").status_code == 200
        seen = AuditEvent.objects.filter(agent_kind="staff", patient_id=patient.pk)
        assert {"examination.opened", "images.viewed"} <= set(seen.values_list("action", flat=True))
        assert set(seen.values_list("reason", flat=True)) == {"share with the unit"}

    def test_nobody_else_and_not_after_the_end(self, staff: SettingsWrapper) -> None:
        member, stranger = signed_in("clinic"), signed_in("admin")
        _patient, examination, share = shared_with(a_unit(account_of(member)))
        paths = [f"/staff/shares/{share.pk}/", f"/staff/shares/{share.pk}/{examination.pk}/viewer/"]
        assert [stranger.get(path).status_code for path in paths] == [404, 404]
        services.revoke(share=share, by=SOMEBODY)
        assert [member.get(path).status_code for path in paths] == [404, 404]
        assert [Client().get(path).status_code for path in paths] == [302, 302]

    def test_a_closed_unit_shows_nothing(self, staff: SettingsWrapper) -> None:
        member = signed_in("clinic")
        unit = a_unit(account_of(member))
        share = shared_with(unit)[2]
        services.close_unit(unit=unit, by=SOMEBODY)
        assert member.get(f"/staff/shares/{share.pk}/").status_code == 404

    def test_it_is_no_link(self) -> None:
        unit = a_unit()
        share = shared_with(unit)[2]
        assert share.token_digest is None
        assert Browser().follow("None").status_code == 404


class TestUnits:
    def test_administration_makes_and_fills_them(self, staff: SettingsWrapper) -> None:
        admin, member = signed_in("admin"), account_of(signed_in("clinic"))
        admin.post("/staff/shares/units/", {"name": "Onkologia"})
        unit = Unit.objects.get()
        admin.post(f"/staff/shares/units/{unit.pk}/", {"user_names": member.user_name})
        assert list(unit.members.all()) == [member]
        again = admin.post(f"/staff/shares/units/{unit.pk}/", {"user_names": "nobody"})
        assert again.status_code == 400
        assert admin.post("/staff/shares/units/", {"name": "Onkologia"}).status_code == 400

    @pytest.mark.parametrize("role", ["registration", "clinic", "radiology", "privacy", "integration"])
    def test_nobody_else_does(self, staff: SettingsWrapper, role: str) -> None:
        assert signed_in(role).get("/staff/shares/units/").status_code == 403

    def test_two_of_one_name_are_refused(self) -> None:
        a_unit()
        with pytest.raises(Refused):
            a_unit()


class TestASlipOfTheDesk:
    def test_is_printed_with_a_reason(self, staff: SettingsWrapper) -> None:
        patient, examination = anna()
        desk = signed_in("registration")
        address = reverse("units:slip", args=[patient.pk], urlconf=STAFF)
        wanted = {"examinations": [str(examination.pk)], "with_report": "on"}
        assert desk.post(address, wanted | {"reason": ""}).status_code == 400
        answer = desk.post(address, wanted | {"reason": "no e-mail"})
        assert answer.content.startswith(b"%PDF")
        share = Share.objects.get()
        assert (share.kind, share.account_id) == ("slip", None)
        assert AuditEvent.objects.get(action="share.created").reason == "no e-mail"

    def test_one_visit_is_twelve_hours_from_the_first_opening(self) -> None:
        patient, examination = anna()
        wish = Wish(examination_ids=[examination.pk], lasts=timedelta(days=14))
        share, token, pin = services.print_slip(viewer=owner(patient), wish=wish)
        assert Browser().open(token, pin).status_code == 200
        share.refresh_from_db()
        assert share.expires_at - share.visits.get().began_at == timedelta(hours=12)

    @pytest.mark.parametrize("role", ["radiology", "privacy", "integration"])
    def test_other_roles_make_none(self, staff: SettingsWrapper, role: str) -> None:
        address = reverse("units:slip", args=[anna()[0].pk], urlconf=STAFF)
        assert signed_in(role).get(address).status_code == 403
