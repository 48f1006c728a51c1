"""Where sessions lie: Django's store in the database, with rows that owners can list and end (R49, R70)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from django.contrib.sessions.backends import db
from django.http import HttpRequest

from klisza.base import clock, ids

from .models import Session
from .services.revocation import subject_of

ACCOUNT = "_auth_user_id"  # Django's word for who is signed in
EPOCH, SINCE, CLIENT, NETWORK = "epoch", "since", "client", "network"


class SessionStore(db.SessionStore):
    """The cookie's value never reaches the database: rows are found by its digest, the one that tickets carry."""

    seen_at: datetime | None = None  # of the row as it was read

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_new_session_key(self) -> str:
        return ids.token()  # 256 bits

    def _get_session_from_db(self) -> Session | None:
        row = Session.objects.filter(
            session_key=subject_of(self.session_key or ""), expire_date__gt=clock.now()
        ).first()
        if row is None:
            self._session_key = None
        else:
            self.seen_at = row.seen_at
        return row

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(session_key=subject_of(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        is_inside = ACCOUNT in data and EPOCH in data
        return Session(
            session_key=subject_of(self._get_or_create_session_key()),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            account_id=data.get(ACCOUNT),
            epoch=data.get(EPOCH, 0),
            client=data.get(CLIENT, ""),
            network=data.get(NETWORK, ""),
            since=datetime.fromtimestamp(data[SINCE], UTC) if is_inside else None,
            seen_at=clock.now() if is_inside else None,
        )

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            Session.objects.filter(session_key=subject_of(key)).delete()


def of(request: HttpRequest) -> SessionStore:
    return cast("SessionStore", request.session)
