"""What the client says it takes: media ranges with quoted and unquoted parameters (hospital-integration.md
1.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass

OUTSIDE_QUOTES = r'(?=(?:[^"]*"[^"]*")*[^"]*$)'
COMMA, SEMICOLON = re.compile("," + OUTSIDE_QUOTES), re.compile(";" + OUTSIDE_QUOTES)
HEADER_LIMIT = 4096
OCTETS = "application/octet-stream"
# PS3.18 table 8.7.3-5: the media type of a frame in this transfer syntax.
FRAME_TYPES = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    "1.2.840.10008.1.2.4.50": "image/jpeg", "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg", "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls", "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2", "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.201": "image/jphc", "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
}  # fmt: skip


@dataclass(frozen=True)
class Range:
    type: str
    parameters: dict[str, str]

    def takes_syntax(self, syntax: str) -> bool:
        return self.parameters.get("transfer-syntax", "*") in ("*", syntax)


def ranges(header: str) -> list[Range]:
    """In the order of preference; an empty header takes anything."""
    found: list[tuple[float, Range]] = []
    for part in COMMA.split(header[:HEADER_LIMIT]) if header.strip() else ["*/*"]:
        name, *pairs = (piece.strip() for piece in SEMICOLON.split(part))
        parameters = {
            key.strip().lower(): value.strip().strip('"')
            for key, _, value in (pair.partition("=") for pair in pairs)
        }
        found.append((_quality(parameters.pop("q", "1")), Range(name.lower(), parameters)))
    return [accepted for quality, accepted in sorted(found, key=lambda pair: -pair[0]) if quality > 0]


def frame_form(header: str, syntax: str, *, multipart_by_default: bool) -> tuple[bool, str] | None:
    """(multipart?, media type of the frame) or None when nothing the client takes fits."""
    own = FRAME_TYPES.get(syntax, OCTETS)
    for accepted in ranges(header):
        if accepted.type == "*/*":
            return multipart_by_default, OCTETS
        wanted = (
            accepted.parameters.get("type", OCTETS).lower()
            if accepted.type == "multipart/related"
            else accepted.type
        )
        if accepted.takes_syntax(syntax) and wanted in ("*/*", OCTETS, own, "image/*"):
            return accepted.type == "multipart/related", OCTETS if wanted in ("*/*", OCTETS) else own
    return None


def instance_form(header: str, syntaxes: set[str], *, one: bool) -> bool | None:
    """Whether to answer multipart (True) or with the bare object (False); None when nothing fits."""
    for accepted in ranges(header):
        fits = all(accepted.takes_syntax(syntax) for syntax in syntaxes)
        if accepted.type == "multipart/related" and accepted.parameters.get("type", "application/dicom") in (
            "application/dicom",
            "*/*",
        ):
            if fits:
                return True
        elif accepted.type == "application/dicom" and one and fits:
            return False
        elif accepted.type == "*/*":
            return True
    return None


def takes(header: str, *types: str) -> bool:
    families = {f"{name.partition('/')[0]}/*" for name in types}
    return any(accepted.type in (*types, *families, "*/*") for accepted in ranges(header))


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
