"""What follows every decision: the patient is told, and copies that only staff saw have served their purpose."""

from __future__ import annotations

from django.conf import settings

from klisza.accounts.models import Account
from klisza.archive import services as archive
from klisza.audit.actor import Actor
from klisza.notifications.services import enqueue_mail
from klisza.uploads import queries
from klisza.uploads.models import Delivery, Preview, Takeover

ACCEPTED, REFUSED = "accepted", "refused"


def drop_previews(delivery: Delivery, by: Actor) -> None:
    """Those of whose images nothing is left to decide."""
    decided = queries.decided_files(delivery)
    open_uids = {
        disc.study_instance_uid
        for disc in queries.discs(delivery)
        if not {file.pk for file in disc.files} <= decided
    }
    for preview in Preview.objects.filter(delivery=delivery).select_related("study"):
        if preview.study_instance_uid not in open_uids:
            archive.drop_handed_in(study=preview.study, by=by)


def tell(takeover: Takeover) -> None:
    """To whoever sent it; not a word about what it was."""
    account = takeover.delivery.account
    if not account.email or account.state != Account.State.ACTIVE:
        return
    enqueue_mail(
        to=account.email,
        language=account.language,
        template="uploads/mail/decided",
        kind="notice",
        account_id=account.pk,
        context={
            "is_accepted": takeover.verdict == ACCEPTED,
            "message": takeover.message,
            "portal_name": settings.PORTAL_NAME,
            "user_name": account.user_name,
            "address": f"{settings.PUBLIC_URL}/documents/?show=own",
        },
    )
