"""FHIR R4 Questionnaire (JSON) -> Definition, or a refusal that names the item."""

from __future__ import annotations

from typing import Any

from .model import Definition


def read(resource: dict[str, Any], *, language: str = "") -> Definition:
    """language: which of the resource's translations is wanted. Raises Refused(link_id, reason)."""
    raise NotImplementedError
