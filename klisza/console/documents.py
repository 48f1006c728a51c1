"""Documents the desk may have been shown. The first word stands in the audit, the second on the pages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

DOCUMENTS = (
    ("identity card", _("identity card")),
    ("passport", _("passport")),
    ("mObywatel", _("mObywatel")),
    ("residence card", _("residence card")),
    ("birth certificate", _("birth certificate and identity card")),
    ("court ruling", _("court ruling and identity card")),
    ("authorisation", _("written authorisation and identity card")),
)
