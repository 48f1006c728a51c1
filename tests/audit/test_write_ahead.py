"""R69: when the audit table takes no rows, nothing of a patient is shown."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from tests.accounts.people import sign_in
from tests.examinations.given import a_patient, a_report, an_examination

REFUSE = {
    "sqlite": [
        "CREATE TRIGGER refuse_all BEFORE INSERT ON audit_auditevent BEGIN SELECT RAISE(ABORT, 'read-only'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION refuse_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'read-only'; END $$",
        "CREATE TRIGGER refuse_all BEFORE INSERT ON audit_auditevent EXECUTE FUNCTION refuse_all()",
    ],
}


@pytest.mark.django_db
def test_unwritable_log_shows_nothing(client: Client) -> None:
    patient = a_patient(family_name="Nieznana")
    examination = an_examination(patient)
    a_report(patient)
    sign_in(client, patient.account)
    pages = [
        "/examinations/",
        f"/examinations/{examination.pk}/",
        "/documents/",
        f"/viewer/{examination.pk}/",
    ]
    assert [client.get(page).status_code for page in pages] == [200] * len(pages)
    with connection.cursor() as cursor:
        for statement in REFUSE[connection.vendor]:
            cursor.execute(statement)
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 503, page
        assert answer.headers["Retry-After"]
        assert str(examination.pk) not in answer.content.decode()
