"""One row for each association, and not for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from klisza.archive.models import Association, RefusedAssociation
from klisza.archive.services import Tally, note_association
from klisza.archive.services.associations import KEEP, forget_associations

pytestmark = pytest.mark.django_db


def test_a_title_is_kept_without_control_signs() -> None:
    tally = Tally(timezone.now(), calling_ae_title="CT\x1b1", stored=3)
    row = note_association(tally, peer_name="CT1", address="10.0.0.1", outcome="released")
    assert (row.calling_ae_title, row.stored, row.outcome) == ("CT1", 3, "released")


def test_old_ones_are_forgotten() -> None:
    now = timezone.now()
    for at in (now, now - KEEP - timedelta(days=1)):
        Association.objects.create(began_at=at, ended_at=at, address="10.0.0.1", outcome="released")
        RefusedAssociation.objects.create(at=at, address="10.0.0.1", reason="unknown")
    assert forget_associations() == 2
    assert (Association.objects.count(), RefusedAssociation.objects.count()) == (1, 1)
