"""Manual, chapter 7, inside the hospital: a patient shares with a unit, its member looks at the images (S57)."""

from __future__ import annotations

from playwright.sync_api import expect

from .browser import DESKTOP
from .sharing import Sharing
from .test_axe import violations
from .test_desk import AtTheDesk

MAKE = """
from klisza.accounts.models import Account
from klisza.audit.actor import SYSTEM
from klisza.sharing import services
clerk = Account.objects.get(kind="staff", email="rejestracja@szpital.example")
unit = services.make_unit(name="Poradnia Neurologiczna", by=SYSTEM)
services.set_members(unit=unit, user_names=[clerk.user_name], by=SYSTEM)
"""


class TestAUnitOfTheHospital(Sharing, AtTheDesk):
    def test_its_member_sees_images_and_report_until_revoked(self) -> None:
        self.portal.klisza("shell", "-c", MAKE)
        self.given_an_examination_is_open()
        self.page.get_by_text("Akcje", exact=True).click()
        self.page.get_by_role("link", name="Udostępnij", exact=True).click()
        self.page.get_by_role("link", name="Udostępnij w szpitalu").click()
        self.when_it_is_me()
        self.page.get_by_role("button", name="Udostępnij", exact=True).click()
        expect(self.page.get_by_text("Poradnia Neurologiczna ma dostęp do")).to_be_visible()

        staff = self.given_the_clerk_is_signed_in(screen=DESKTOP)
        staff.goto(self.portal.staff_url + "/staff/shares/")
        assert not violations(staff)
        staff.get_by_role("link", name="Anna Kowalczyk").first.click()
        expect(staff.get_by_role("heading", level=1)).to_have_text("Anna Kowalczyk")
        assert not violations(staff)
        with staff.context.expect_page() as opened:
            staff.get_by_role("link", name="Otwórz w przeglądarce obrazów").first.click()
        expect(opened.value.locator("#viewport canvas").first).to_be_visible()
        self.owner.get_by_role("button", name="Odwołaj").click()
        staff.reload()
        expect(staff.get_by_role("heading", name="Anna Kowalczyk")).to_have_count(0)
