"""Names of the standard that the door and the archive decide by (PS3.4, PS3.5, PS3.6)."""

from __future__ import annotations

import re

# Ours, in what we write around a received data set (PS3.10 7.1).
IMPLEMENTATION_CLASS_UID = "2.25.93265692741401914498368112329028510507"
IMPLEMENTATION_VERSION_NAME = "KLISZA_1"

VERIFICATION = "1.2.840.10008.1.1"
STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"

IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
DEFLATED_LE = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE = "1.2.840.10008.1.2.2"

# In the order in which we choose among what a sender offers for one class: compressed first, so that a sender
# which holds JPEG 2000 and could decompress sends what it holds. Explicit VR Big Endian is left out.
COMPRESSED = {
    "1.2.840.10008.1.2.4.201": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.202": "HTJ2K lossless RPCL",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.92": "JPEG 2000 multi-component lossless",
    "1.2.840.10008.1.2.4.93": "JPEG 2000 multi-component",
    "1.2.840.10008.1.2.4.80": "JPEG-LS lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS near lossless",
    "1.2.840.10008.1.2.4.70": "JPEG lossless, first-order prediction",
    "1.2.840.10008.1.2.4.57": "JPEG lossless",
    "1.2.840.10008.1.2.4.51": "JPEG extended (12 bit)",
    "1.2.840.10008.1.2.4.50": "JPEG baseline (8 bit)",
    "1.2.840.10008.1.2.5": "RLE lossless",
    "1.2.840.10008.1.2.4.100": "MPEG2 main profile, main level",
    "1.2.840.10008.1.2.4.100.1": "MPEG2 main profile, main level, fragmentable",
    "1.2.840.10008.1.2.4.101": "MPEG2 main profile, high level",
    "1.2.840.10008.1.2.4.101.1": "MPEG2 main profile, high level, fragmentable",
    "1.2.840.10008.1.2.4.102": "MPEG-4 AVC/H.264 high profile, level 4.1",
    "1.2.840.10008.1.2.4.102.1": "MPEG-4 AVC/H.264 high profile, level 4.1, fragmentable",
    "1.2.840.10008.1.2.4.103": "MPEG-4 AVC/H.264 BD-compatible high profile, level 4.1",
    "1.2.840.10008.1.2.4.103.1": "MPEG-4 AVC/H.264 BD-compatible high profile, level 4.1, fragmentable",
    "1.2.840.10008.1.2.4.104": "MPEG-4 AVC/H.264 high profile, level 4.2, 2D",
    "1.2.840.10008.1.2.4.104.1": "MPEG-4 AVC/H.264 high profile, level 4.2, 2D, fragmentable",
    "1.2.840.10008.1.2.4.105": "MPEG-4 AVC/H.264 high profile, level 4.2, 3D",
    "1.2.840.10008.1.2.4.105.1": "MPEG-4 AVC/H.264 high profile, level 4.2, 3D, fragmentable",
    "1.2.840.10008.1.2.4.106": "MPEG-4 AVC/H.264 stereo high profile, level 4.2",
    "1.2.840.10008.1.2.4.106.1": "MPEG-4 AVC/H.264 stereo high profile, level 4.2, fragmentable",
    "1.2.840.10008.1.2.4.107": "HEVC/H.265 main profile, level 5.1",
    "1.2.840.10008.1.2.4.108": "HEVC/H.265 main 10 profile, level 5.1",
}
UNCOMPRESSED = {
    EXPLICIT_LE: "Explicit VR Little Endian",
    DEFLATED_LE: "Deflated Explicit VR Little Endian",
    IMPLICIT_LE: "Implicit VR Little Endian",
}
ACCEPTED_TRANSFER_SYNTAXES: tuple[str, ...] = (*COMPRESSED, *UNCOMPRESSED)

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
UID_LENGTH = 64


def is_uid(text: str) -> bool:
    """PS3.5 9.1 without its rule on leading zeros, which devices in use break."""
    return 0 < len(text) <= UID_LENGTH and _UID.fullmatch(text) is not None
