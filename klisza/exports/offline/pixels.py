"""Frames as the offline viewer reads them: predicted, deflated, in base64. Runs in the sandbox.

One form for every grey picture and one for every colour picture, both without loss, and no decoder but the
browser's own inflate (frontend/offline-viewer/frame.ts is the other half). Colour that is baseline JPEG stays
as it is: browsers draw that by themselves.
"""

from __future__ import annotations

import base64

import imagecodecs
import numpy as np
from numpy.typing import NDArray

LEVEL = 3  # libdeflate: 6 gains 2 % and takes three times as long
SIGNED_OFFSET = 32768  # signed values stand on this, so that neighbours around 0 stay neighbours


def grey(frame: NDArray[np.generic]) -> bytes:
    """(rows, columns) of 8 or 16 bit -> zlib stream.

    8 bit: one plane of residuals. 16 bit: residuals folded (0, -1, 1, -2 ...), all low bytes, then all high ones.
    """
    if frame.dtype.itemsize == 1:
        return _deflated(_residuals(frame.astype(np.int32)).astype(np.uint8))
    values = frame.astype(np.int32) + (SIGNED_OFFSET if frame.dtype.kind == "i" else 0)
    wrapped = _residuals(values).astype(np.int16)
    folded = ((wrapped << 1) ^ (wrapped >> 15)).view(np.uint16)
    return _deflated(
        np.concatenate([folded.astype(np.uint8).ravel(), (folded >> 8).astype(np.uint8).ravel()])
    )


def colour(frame: NDArray[np.uint8]) -> bytes:
    """(rows, columns, 3) -> zlib stream of the residuals of green, red - green and blue - green, plane by plane."""
    green = frame[..., 1]
    planes = (green, frame[..., 0] - green, frame[..., 2] - green)  # modulo 256, as the reader undoes it
    return _deflated(
        np.concatenate([_residuals(plane.astype(np.int32)).astype(np.uint8).ravel() for plane in planes])
    )


def text(data: bytes) -> bytes:
    return base64.b64encode(data)


def _residuals(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """What is left after the median predictor of JPEG-LS (left, above, left + above - above left)."""
    left, above, corner = np.zeros_like(values), np.zeros_like(values), np.zeros_like(values)
    left[:, 1:], above[1:], corner[1:, 1:] = values[:, :-1], values[:-1], values[:-1, :-1]
    left[1:, 0] = corner[1:, 0] = above[1:, 0]
    above[0] = corner[0] = left[0]
    low, high = np.minimum(left, above), np.maximum(left, above)
    return values - np.clip(left + above - corner, low, high)


def _deflated(planes: NDArray[np.uint8]) -> bytes:
    return bytes(imagecodecs.deflate_encode(np.ascontiguousarray(planes).tobytes(), LEVEL))
