"""Somebody signed in to the staff pages, and rows as the gateways would leave them."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone

from klisza.accounts.models import Account, StaffRole
from klisza.accounts.session import EPOCH, FRESH, SINCE
from klisza.audit.models import AuditEvent
from klisza.gateways.models import InboundMessage

ROLES = ("registration", "clinic", "radiology", "privacy", "integration", "admin")
ADT = (
    "MSH|^~\\&|HIS|SZP|KLISZA|SZP|20260301120000||ADT^A28^ADT_A05|C1|P|2.5|||||PL|UNICODE UTF-8\r"
    "EVN|A28|20260301120000\r"
    "PID|1||MRN-77^^^local^MR||Żółta^Anna||19500201|F\r"
)


def signed_in(*roles: str) -> Client:
    account = Account.objects.create(
        user_name=f"staff-{len(roles)}-{Account.objects.count()}",
        kind="staff",
        state="active",
        created_at=timezone.now(),
    )
    StaffRole.objects.bulk_create(StaffRole(account=account, role=role) for role in roles)
    client = Client()
    client.force_login(account, backend="klisza.accounts.backend.ById")
    session = client.session
    now = int(timezone.now().timestamp())
    session.update({EPOCH: account.session_epoch, SINCE: now, FRESH: now, "language": "en"})
    session.save()
    return client


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


def allowed(path: str) -> list[str]:
    """Roles that may open this page."""
    statuses = {role: signed_in(role).get(path).status_code for role in ROLES}
    assert set(statuses.values()) <= {200, 403}, statuses
    return [role for role, status in statuses.items() if status == 200]


def audited(action: str) -> int:
    return AuditEvent.objects.filter(action=action, agent_kind="staff").count()


def a_message(raw: str = ADT, **columns: Any) -> InboundMessage:
    values: dict[str, Any] = {
        "received_at": timezone.now(),
        "raw": raw.encode(),
        "size": len(raw.encode()),
        "digest": "0" * 64,
        "control_id": "C1",
        "message_type": "ADT^A28",
        "sending_application": "HIS",
        "state": "applied",
        "answer": "AA",
        "patient_key": "local|MRN-77",
    }
    return InboundMessage.objects.create(**{**values, **columns})
