"""Storage commitment (PS3.4 J): the report of a peer on what it will keep."""

from __future__ import annotations

from pydicom.dataset import Dataset

from klisza.standards.dicom.uids import is_uid


def read_report(report: Dataset) -> tuple[str, list[str], dict[str, int]]:
    """(transaction UID, SOP Instance UIDs that are kept, those that are not with the failure reason)."""
    uid = str(report.get("TransactionUID", "") or "")
    committed = [_uid(item) for item in report.get("ReferencedSOPSequence", None) or []]
    failed = {
        _uid(item): int(item.get("FailureReason", 0) or 0)
        for item in report.get("FailedSOPSequence", None) or []
    }
    return (
        (uid if is_uid(uid) else ""),
        [one for one in committed if one],
        {k: v for k, v in failed.items() if k},
    )


def _uid(item: Dataset) -> str:
    uid = str(item.get("ReferencedSOPInstanceUID", "") or "")
    return uid if is_uid(uid) else ""
