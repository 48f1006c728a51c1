from __future__ import annotations

from django.db import models


class Blob(models.Model):
    """One stored run of bytes. The row is written after the bytes are durable; bytes without a row are swept."""

    key = models.CharField(max_length=32, primary_key=True)  # 128 random bits in hex; never a UID or a name
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    # CRC-32 as a copy carries the bytes: a DICOM preamble zeroed (R29). Null until somebody needed it.
    crc32 = models.PositiveBigIntegerField(null=True)
