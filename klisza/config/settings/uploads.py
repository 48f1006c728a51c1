"""Numbers of handing in files (trust.md R35)."""

from __future__ import annotations

from datetime import timedelta

from .environment import env

_MIB = 1024 * 1024
UPLOAD_FILES_MOST = env.whole(
    "KLISZA_UPLOAD_FILES_MOST", 10_000, least=1, most=100_000, about="files of one delivery"
)
UPLOAD_BYTES_MOST = _MIB * env.whole(
    "KLISZA_UPLOAD_MIB_MOST", 10 * 1024, least=1, most=1024 * 1024, about="MiB of one delivery"
)
UPLOADS_OPEN = env.whole(
    "KLISZA_UPLOADS_OPEN", 20, least=1, most=1000, about="unfinished uploads of one account at once"
)
UPLOAD_LIFE = timedelta(
    days=env.whole("KLISZA_UPLOAD_DAYS", 7, least=1, most=90, about="days an unfinished upload is kept")
)
# At most this much is sent again after a cut (L11).
UPLOAD_PIECE = 8 * _MIB
CLAMD = env.text("KLISZA_CLAMD", "", about="virus scanner: host:port or /path of its socket; empty = none")
