"""What a peer sent is not what the standard lets it send."""

from __future__ import annotations


class Malformed(Exception):
    """The text names the fault, never a value."""
