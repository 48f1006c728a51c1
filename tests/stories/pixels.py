"""Is what the viewer draws the picture? Its screenshot against pydicom's decode, as a correlation."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page
from pydicom import dcmread
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from tests.portal import ROOT

IMAGES = ROOT / "klisza" / "operations" / "demo" / "data" / "images"
Grey = NDArray[np.float64]


def files(folder: str, series: int) -> list[Path]:
    return sorted((IMAGES / folder).glob(f"{series}-*.dcm"))


def decoded(path: Path, frame: int = 0) -> Grey:
    """Grey values 0-255 of one frame, windowed as the object says; colour as its brightness."""
    ds = dcmread(path)
    pixels = ds.pixel_array
    if int(ds.get("NumberOfFrames") or 1) > 1:
        pixels = pixels[frame]
    if pixels.ndim == 3:
        return np.asarray(Image.fromarray(pixels.astype(np.uint8)).convert("L"), dtype=np.float64)
    values = apply_voi_lut(apply_modality_lut(pixels, ds), ds).astype(np.float64)
    span = float(values.max() - values.min()) or 1.0
    grey = (values - values.min()) / span * 255
    return 255 - grey if ds.PhotometricInterpretation == "MONOCHROME1" else grey


def drawn(page: Page) -> Grey:
    """The viewport as the eye sees it, without the texts over it."""
    page.evaluate("""() => { for (const id of ["overlay", "mode-chip", "loading"]) {
        const part = document.getElementById(id); if (part) part.style.visibility = "hidden"; } }""")
    shot = page.locator("#viewport").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("L"), dtype=np.float64)


def likeness(screen: Grey, picture: Grey) -> float:
    """Pearson correlation of the picture, fitted into the middle of the screen, with what stands there."""
    rows, columns = picture.shape
    scale = min(screen.shape[0] / rows, screen.shape[1] / columns)
    width, height = round(columns * scale), round(rows * scale)
    fitted = np.asarray(
        Image.fromarray(picture.astype(np.uint8)).resize((width, height), Image.Resampling.BILINEAR),
        dtype=np.float64,
    )
    top, left = (screen.shape[0] - height) // 2, (screen.shape[1] - width) // 2
    part = screen[top : top + height, left : left + width]
    if part.std() == 0 or fitted.std() == 0:
        return 0.0
    return float(np.corrcoef(part.ravel(), fitted.ravel())[0, 1])
