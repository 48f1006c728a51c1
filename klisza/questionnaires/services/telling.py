"""Mails about surveys. None says what is asked, or by which department: a mailbox is read by more than one."""

from __future__ import annotations

from django.conf import settings

from klisza.accounts import marks
from klisza.accounts.models import Account
from klisza.base import clock
from klisza.examinations.services.audience import MAILED, readers_of
from klisza.notifications.services import enqueue_mail
from klisza.patients.models import Grant
from klisza.questionnaires.models import SurveyRequest

KIND = "surveys"


def tell(request: SurveyRequest, news: str, **more: object) -> None:
    """news: asked | reminded | withdrawn | incomplete. To the person, and to carers who may do everything."""
    path = f"/surveys/{request.pk}/"
    for reader in readers_of(request.patient):
        account = reader.account
        is_reached = account.email and account.state in MAILED
        if not is_reached or (reader.grant is not None and reader.grant.scope != Grant.Scope.ALL):
            continue
        enqueue_mail(
            to=account.email,
            language=account.language,
            template="questionnaires/mail/survey",
            kind=KIND,
            account_id=account.pk,
            expires_at=request.due_at if news in ("asked", "reminded") else None,
            context={
                "news": news,
                "portal_name": settings.PORTAL_NAME,
                "hospital_name": settings.HOSPITAL_NAME,
                "user_name": account.user_name,
                "first_login": account.state == Account.State.NEW,
                "for_somebody_else": reader.grant is not None,
                "due_at": request.due_at.astimezone(clock.local_zone()) if request.due_at else None,
                "link": marks.link(account, path),
                **more,
            },
        )
