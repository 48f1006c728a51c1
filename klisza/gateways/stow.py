"""STOW-RS towards a peer (PS3.18 10.5): instances as they are, some in one request, each answered by itself."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import httpx

from klisza.archive import queries
from klisza.archive import services as archive
from klisza.archive.models import Forward, ForwardedInstance, Peer
from klisza.base.sealing import SealBroken
from klisza.blobs import services as blobs

AT_ONCE, BYTES_AT_ONCE = 100, 128 * 1024 * 1024
TIMEOUT = httpx.Timeout(120, connect=15)
ANSWER_MOST = 4 * 1024 * 1024
STORED, FAILED = "00081199", "00081198"
SOP_INSTANCE_UID, FAILURE_REASON = "00081155", "00081197"
OUT_OF_RESOURCES = 0xA700


class Ended(Exception):
    """Nothing can be said of these instances; the reason is for staff."""


def send(forward: Forward, peer: Peer) -> None:
    """One try: everything that waits. Raises nothing of the network's."""
    try:
        authorization = archive.authorization_of(peer)
    except SealBroken:
        archive.end_try(forward=forward, reason="the credentials cannot be read: enter this peer anew")
        return
    reason = ""
    # A proxy of this machine's environment is not asked: images go where the peer's row says, its password nowhere else.
    headers = {"Authorization": authorization} if authorization else {}
    with httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False, headers=headers) as client:
        while rows := _batch(queries.to_send(forward)):
            try:
                settled = _post(client, peer, rows)
            except (Ended, httpx.HTTPError) as end:
                reason = (
                    str(end)
                    if isinstance(end, Ended)
                    else f"the peer cannot be reached ({type(end).__name__})"
                )
                break
            if not settled:
                reason = "the peer asks to come back later"
                break
            archive.touch(forward)
    archive.end_try(forward=forward, reason=reason)


def _batch(rows: list[ForwardedInstance]) -> list[ForwardedInstance]:
    chosen: list[ForwardedInstance] = []
    size = 0
    for row in rows[:AT_ONCE]:
        size += row.instance.blob.size
        if chosen and size > BYTES_AT_ONCE:
            break
        chosen.append(row)
    return chosen


def _post(client: httpx.Client, peer: Peer, rows: list[ForwardedInstance]) -> int:
    boundary = secrets.token_hex(16)
    answer = client.post(
        f"{peer.stow_url}/studies",
        content=_parts(rows, boundary),
        headers={
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Accept": "application/dicom+json",
        },
    )
    if answer.status_code >= 500 or answer.status_code in (401, 403, 404, 408, 429):
        raise Ended(f"HTTP {answer.status_code}")
    if len(answer.content) > ANSWER_MOST:
        raise Ended("an answer that is too long")
    stored, failed = _read(answer)
    settled = 0
    for row in rows:
        uid = row.instance.sop_instance_uid
        if uid in failed and failed[uid] & 0xFF00 == OUT_OF_RESOURCES:
            continue
        is_stored = uid in stored and uid not in failed
        reason = (
            ""
            if is_stored
            else f"status {failed[uid]:04X}"
            if uid in failed
            else f"HTTP {answer.status_code}"
        )
        archive.note_instance(
            row=row,
            state="stored" if is_stored else "failed",
            status=failed.get(uid, answer.status_code),
            syntax_uid=row.instance.transfer_syntax_uid,
            reason=reason,
        )
        settled += 1
    return settled


def _parts(rows: list[ForwardedInstance], boundary: str) -> Iterator[bytes]:
    for row in rows:
        yield f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        yield from blobs.stream(row.instance.blob_id)
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _read(answer: httpx.Response) -> tuple[set[str], dict[str, int]]:
    """SOP Instance UIDs that were stored, and those that were not with the reason's code."""
    try:
        said = answer.json()
    except ValueError:
        raise Ended(f"HTTP {answer.status_code} without an answer we can read") from None
    said = said[0] if isinstance(said, list) and said else said
    if not isinstance(said, dict):
        raise Ended(f"HTTP {answer.status_code} without an answer we can read")
    stored = {_uid(item) for item in _items(said, STORED)}
    failed = {_uid(item): _reason(item) for item in _items(said, FAILED)}
    return stored, failed


def _items(said: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    found = said.get(tag, {}).get("Value", []) if isinstance(said.get(tag), dict) else []
    return [item for item in found if isinstance(item, dict)]


def _uid(item: dict[str, Any]) -> str:
    return str((item.get(SOP_INSTANCE_UID, {}).get("Value") or [""])[0])


def _reason(item: dict[str, Any]) -> int:
    try:
        return int((item.get(FAILURE_REASON, {}).get("Value") or [0])[0])
    except (TypeError, ValueError):
        return 0
