"""How much work waits, and how much has failed; for metrics."""

from __future__ import annotations

from klisza.accounts import queries as accounts
from klisza.archive.models import Quarantined, Study
from klisza.audit.models import AuditEvent
from klisza.documents.models import Document
from klisza.examinations.models import NoticeIntent, StudyIntake
from klisza.gateways import queries as gateways
from klisza.notifications.models import Message


def lengths() -> dict[str, int]:
    return {
        "mail_waiting": _messages("mail", "waiting", "sending"),
        "mail_failed": _messages("mail", "failed"),
        "sms_waiting": _messages("sms", "waiting", "sending"),
        "sms_failed": _messages("sms", "failed"),
        "studies_receiving": Study.objects.filter(state=Study.State.RECEIVING).count(),
        "studies_unmatched": StudyIntake.objects.filter(outcome="unmatched").count(),
        "objects_quarantined": Quarantined.objects.filter(resolved_at=None).count(),
        "documents_unrendered": Document.objects.filter(rendered_at=None).count(),
        "notices_waiting": NoticeIntent.objects.filter(sent_at=None).count(),
        "audit_unchained": AuditEvent.objects.filter(link=None).count(),
        "alarms_open": len(accounts.alarms()),
        **gateways.lengths(),
    }


def _messages(channel: str, *states: str) -> int:
    return Message.objects.filter(channel=channel, state__in=states).count()
