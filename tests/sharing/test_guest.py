"""Link, PIN, one screen (manual M7.3)."""

from __future__ import annotations

import pytest

from .given import Browser, anna, screen_of, shared, viewer_of

pytestmark = pytest.mark.django_db


class TestTheWayIn:
    def test_link_then_pin_then_the_screen(self) -> None:
        patient, examination = anna()
        share, token = shared(patient, examination)
        doctor = Browser()

        landing = doctor.follow(token)
        assert landing.status_code == 200
        assert patient.family_name not in landing.content.decode()

        page = doctor.enter()
        assert page.redirect_chain[-1][0] == screen_of(share)
        assert patient.family_name in page.content.decode()
        assert doctor.get(viewer_of(share, examination)).status_code == 200
