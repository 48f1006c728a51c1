"""Which examinations the portal knows, how they are called and which of them patients see: the rule table.

The public page, "My examinations" and the linking of studies all read this one table.
Modalities are the Defined Terms of DICOM PS3.3 C.7.3.1.1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Kind:
    """label: short, as the manual has it; name: plain words; explanation: one sentence for a patient.

    words: a pattern that names this kind in a description, for examinations that came without images.
    """

    code: str
    label: Text
    name: Text
    explanation: Text
    modalities: tuple[str, ...] = ()
    words: str = ""
    shown: bool = True
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile(self.words or r"(?!)", re.IGNORECASE))


TESTS = Kind(
    "QA",
    _("Tests and phantoms"),
    _("Test of the equipment"),
    _("Pictures made to check the equipment; they belong to no patient."),
    words=r"\b(phantom|fantom\w*|qa|quality (control|assurance)|kontrol\w+ jakości|acceptance test)\b",
    shown=False,
)
RADIOTHERAPY = Kind(
    "RT",
    _("Radiotherapy planning"),
    _("Radiotherapy planning"),
    _("Technical data of a treatment plan; your clinic explains them."),
    ("RTIMAGE", "RTDOSE", "RTSTRUCT", "RTPLAN", "RTRECORD", "RTINTENT", "RTRAD", "RTSEGANN", "PLAN"),
    shown=False,
)
BIOPSY = Kind(
    "BX",
    _("core-needle biopsies"),
    _("Core-needle biopsy"),
    _("A small piece of tissue is taken with a needle and looked at under the microscope."),
    words=r"biops|gruboigł",
)
OTHER = Kind(
    "OT",
    _("other kinds"),
    _("Other examination"),
    _("Other pictures or documents made for your diagnosis."),
    (
        "OT",
        "SC",
        "ES",
        "XC",
        "GM",
        "SM",
        "OP",
        "OPT",
        "OPV",
        "OPM",
        "IVUS",
        "IVOCT",
        "DMS",
        "TG",
        "LS",
        "BI",
        "EC",
    ),
)

# In the order of the manual (M0.2); the rest follows.
MAGNETIC_RESONANCE = Kind(
    "MR",
    _("MR"),
    _("Magnetic resonance imaging"),
    _("Pictures made with a strong magnet and radio waves, without X-rays."),
    ("MR", "MS"),
    r"\b(mr|mri|rm)\b|rezonans|magnetic resonance",
)
COMPUTED_TOMOGRAPHY = Kind(
    "CT",
    _("CT"),
    _("Computed tomography"),
    _("An X-ray machine goes round the body and shows it in thin slices."),
    ("CT",),
    r"\b(ct|tk)\b|tomografi\w* komputerow|computed tomography",
)
MAMMOGRAPHY = Kind(
    "MG",
    _("MG"),
    _("Mammography"),
    _("X-ray pictures of the breasts."),
    ("MG",),
    r"\b(mg|mmg)\b|mammogra",
)
X_RAY = Kind(
    "XR",
    _("X-ray"),
    _("X-ray examination"),
    _("A picture made with X-rays, for example of the lungs or the bones."),
    ("DX", "CR", "DR", "RG", "RF", "PX", "IO"),
    r"\b(rtg|x-?ray|dx|cr)\b|radiogra|prześwietl",
)
ULTRASOUND = Kind(
    "US",
    _("US"),
    _("Ultrasound"),
    _("Pictures made with sound waves; no X-rays are used."),
    ("US", "DD", "DS", "ECHO"),
    r"\b(usg|us)\b|ultrason|ultrasound",
)
INTERVENTION = Kind(
    "IR",
    _("interventional radiology"),
    _("Interventional radiology"),
    _("A procedure done from inside a vessel or through the skin and watched with X-rays."),
    ("XA", "DSA", "CF", "DF"),
    r"angiogra|embolizac|zabiegow|intervention",
)
NUCLEAR = Kind(
    "NM",
    _("nuclear medicine"),
    _("Nuclear medicine"),
    _("A small amount of a radioactive substance shows how an organ works."),
    ("NM", "ST"),
    r"scyntygra|scintigra|\bspect\b",
)
POSITRON_EMISSION = Kind(
    "PT",
    _("PET"),
    _("Positron emission tomography"),
    _("A small amount of a radioactive substance shows where the body is most active."),
    ("PT",),
    r"\bpet\b",
)
DENSITOMETRY = Kind(
    "BD",
    _("bone density"),
    _("Bone density measurement"),
    _("A short X-ray measurement that tells how strong the bones are."),
    ("BMD",),
    r"densyto|densito|\bdxa\b",
)

ALL: tuple[Kind, ...] = (
    MAGNETIC_RESONANCE,
    COMPUTED_TOMOGRAPHY,
    MAMMOGRAPHY,
    X_RAY,
    ULTRASOUND,
    BIOPSY,
    INTERVENTION,
    NUCLEAR,
    POSITRON_EMISSION,
    DENSITOMETRY,
    OTHER,
    RADIOTHERAPY,
    TESTS,
)
SHOWN: tuple[Kind, ...] = tuple(kind for kind in ALL if kind.shown)
BY_CODE: dict[str, Kind] = {kind.code: kind for kind in ALL}

# A PET/CT is a PET, a SPECT/CT is nuclear medicine, an angiography with a CT run is an intervention.
PRIORITY: tuple[Kind, ...] = (
    POSITRON_EMISSION,
    NUCLEAR,
    INTERVENTION,
    MAMMOGRAPHY,
    MAGNETIC_RESONANCE,
    COMPUTED_TOMOGRAPHY,
    X_RAY,
    ULTRASOUND,
    DENSITOMETRY,
)

# Objects that are no pictures: they neither make images available nor name the examination.
WITHOUT_IMAGES = frozenset(RADIOTHERAPY.modalities) | {
    "SR",
    "KO",
    "PR",
    "DOC",
    "SEG",
    "REG",
    "FID",
    "AU",
    "ECG",
    "HD",
    "EPS",
    "RWV",
    "ANN",
    "ASMT",
    "M3D",
    "PLAN",
    "SMR",
    "TEXTUREMAP",
    "STAIN",
    "POS",
    "CFM",
}


def is_image(modality: str) -> bool:
    return modality.upper() not in WITHOUT_IMAGES


def get(code: str) -> Kind:
    """The kind of this code; a code of an older table is "other"."""
    return BY_CODE.get(code, OTHER)


def for_modalities(modalities: Iterable[str], description: str = "") -> Kind:
    """The kind of an examination with these modalities; the description decides where they do not.

    description: StudyDescription or the title of a report; never shown to the patient from here.
    """
    named = {modality.upper() for modality in modalities if modality}
    if TESTS.pattern.search(description):
        return TESTS
    if BIOPSY.pattern.search(description):
        return BIOPSY
    pictured = {modality for modality in named if is_image(modality)}
    if not pictured:
        return RADIOTHERAPY if named & set(RADIOTHERAPY.modalities) else _by_words(description)
    return next((kind for kind in PRIORITY if pictured & set(kind.modalities)), OTHER)


def _by_words(description: str) -> Kind:
    return next((kind for kind in PRIORITY if kind.pattern.search(description)), OTHER)
