"""The arithmetic of the chain: canonical JSON, SHA-256 over the previous link, Ed25519 over a head."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from klisza.base import sealing

START = "0" * 64
FIELDS = (
    "id", "at", "action", "outcome", "agent_kind", "agent_id", "role", "source_ip", "client", "patient_id",
    "objects_json", "reason",
)  # fmt: skip


def next_hash(previous: str, event: tuple[Any, ...]) -> str:
    """event: the values of FIELDS as the database gives them. Returns 64 hex characters."""
    return hashlib.sha256(f"{previous}\n{canonical(event)}".encode()).hexdigest()


def canonical(event: tuple[Any, ...]) -> str:
    """One text for one event, whatever database it came from: FIELDS in order, times in UTC."""
    number, at, *words, patient_id, objects, reason = event
    patient = str(patient_id) if patient_id else None
    return _encode([number, moment(at), *words, patient, objects, reason])


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def sign(event_id: int, head_hash: str, at: datetime) -> str:
    """128 hex characters; the key is derived from KLISZA_SECRET_KEY, so every worker signs alike."""
    return _key().sign(_statement(event_id, head_hash, at)).hex()


def signature_holds(event_id: int, head_hash: str, at: datetime, signature: str) -> bool:
    try:
        _key().public_key().verify(bytes.fromhex(signature), _statement(event_id, head_hash, at))
    except (InvalidSignature, ValueError):
        return False
    return True


def _statement(event_id: int, head_hash: str, at: datetime) -> bytes:
    return f"klisza audit head\n{event_id}\n{head_hash}\n{moment(at)}".encode()


def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sealing.key_for("audit head"))
