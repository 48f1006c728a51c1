"""DICOM JSON (PS3.18 annex F) of one instance: the viewer's whitelist, and everything for machines."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
import warnings
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

DEPTH_LIMIT = 16
INLINE_LIMIT = 4 * 1024  # binary values up to this stand in the JSON
LUT_INLINE_LIMIT = 132 * 1024  # a palette of 65,536 16-bit entries
BINARY = {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}

DESCRIPTION = """
SpecificCharacterSet SOPClassUID Modality StudyDate StudyTime SeriesDate SeriesTime AcquisitionDate
AcquisitionTime AcquisitionDateTime
ContentDate ContentTime StudyDescription SeriesDescription SeriesNumber InstanceNumber AcquisitionNumber
ImageType BodyPartExamined
Laterality ImageLaterality FrameLaterality ViewPosition ViewCodeSequence ViewModifierCodeSequence
AnatomicRegionSequence
PatientOrientation PatientPosition CodeValue CodingSchemeDesignator CodeMeaning BurnedInAnnotation
PresentationIntentType
LossyImageCompression LossyImageCompressionRatio
"""
PIXELS = """
SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames Rows Columns BitsAllocated
BitsStored HighBit
PixelRepresentation SmallestImagePixelValue LargestImagePixelValue PixelPaddingValue PixelPaddingRangeLimit
PixelAspectRatio
RescaleIntercept RescaleSlope RescaleType ModalityLUTSequence VOILUTSequence LUTDescriptor LUTData
LUTExplanation ModalityLUTType
WindowCenter WindowWidth WindowCenterWidthExplanation VOILUTFunction PresentationLUTShape
PixelIntensityRelationship
PixelIntensityRelationshipSign
"""
GEOMETRY = """
FrameOfReferenceUID ImagePositionPatient ImageOrientationPatient SliceLocation SliceThickness
SpacingBetweenSlices PixelSpacing
ImagerPixelSpacing NominalScannedPixelSpacing PixelSpacingCalibrationType PixelSpacingCalibrationDescription
EstimatedRadiographicMagnificationFactor DistanceSourceToDetector DistanceSourceToPatient
FieldOfViewHorizontalFlip
FieldOfViewRotation SequenceOfUltrasoundRegions RegionSpatialFormat RegionDataType RegionFlags
RegionLocationMinX0 RegionLocationMinY0
RegionLocationMaxX1 RegionLocationMaxY1 ReferencePixelX0 ReferencePixelY0 PhysicalUnitsXDirection
PhysicalUnitsYDirection
ReferencePixelPhysicalValueX ReferencePixelPhysicalValueY PhysicalDeltaX PhysicalDeltaY
"""
TIME = """
FrameTime FrameTimeVector FrameIncrementPointer RecommendedDisplayFrameRate CineRate StartTrim StopTrim
PreferredPlaybackSequencing
EffectiveDuration ActualFrameDuration TemporalPositionIdentifier NumberOfTemporalPositions
TemporalPositionIndex
"""
FRAMES = """
SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence PixelMeasuresSequence PlanePositionSequence
PlaneOrientationSequence
FrameVOILUTSequence PixelValueTransformationSequence FrameContentSequence FrameAnatomySequence
FrameAcquisitionDateTime
FrameAcquisitionNumber FrameReferenceDateTime FrameAcquisitionDuration StackID InStackPositionNumber
DimensionIndexValues
DetectorInformationSequence EchoTime RepetitionTime FlipAngle KVP
"""
ALLOWED = frozenset(" ".join((DESCRIPTION, PIXELS, GEOMETRY, TIME, FRAMES)).split())
# What Cornerstone asks for at the top level; enhanced objects keep it in functional groups.
FLATTENED = [
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "FrameLaterality",
]

Json = dict[str, Any]


def for_browser(dataset: Dataset, *, opaque: dict[str, str], uid_key: str, changes: Json) -> Json:
    """Only attributes of the whitelist, at every depth; no UID of the original.

    opaque: StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID to put in. uid_key: hex key that maps frames
    of reference.
    changes: image attributes of the rendition, by keyword; None removes one.
    """
    shown = {**opaque, **flattened(dataset), **changes}
    body = _filtered(dataset, uid_key, depth=0)
    for keyword, value in shown.items():
        body.pop(_hex(keyword), None)
        if value is not None and (element := _element(keyword, value)) is not None:
            body[_hex(keyword)] = element
    body[_hex("SpecificCharacterSet")] = {"vr": "CS", "Value": ["ISO_IR 192"]}
    return dict(sorted(body.items()))


def for_machines(dataset: Dataset) -> Json:
    """All attributes but bulk data and private binary; JSON is UTF-8, and says so (PS3.18 F.2)."""
    body = _everything(dataset, depth=0)
    body[_hex("SpecificCharacterSet")] = {"vr": "CS", "Value": ["ISO_IR 192"]}
    return dict(sorted(body.items()))


def flattened(dataset: Dataset, frame: int = 0) -> Json:
    """Attributes of one frame of an enhanced object that are missing at the top level, by keyword."""
    found: Json = {}
    groups: list[Any] = []
    per_frame = _sequence(dataset, "PerFrameFunctionalGroupsSequence")
    groups += per_frame[frame : frame + 1]
    groups += _sequence(dataset, "SharedFunctionalGroupsSequence")[:1]
    for group in groups:
        for item in (
            item for element in group if element.VR == "SQ" and element.value for item in element.value[:1]
        ):
            for keyword in FLATTENED:
                if keyword not in found and keyword in item and not dataset.get(keyword):
                    found[keyword] = item[keyword].value
    if not groups and (detectors := _sequence(dataset, "DetectorInformationSequence")):
        # Nuclear medicine keeps the plane of the first frame with its detector.
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient"):
            if keyword in detectors[0] and not dataset.get(keyword):
                found[keyword] = detectors[0][keyword].value
    return {keyword: value for keyword, value in found.items() if value not in (None, "")}


def usable_window(dataset: Dataset) -> Json:
    """Changes that take away a window no viewer can draw with (a width below 1)."""
    widths = dataset.get("WindowWidth")
    if widths is None:
        return {}
    values = (
        [widths] if isinstance(widths, int | float | str) or not hasattr(widths, "__iter__") else list(widths)
    )
    try:
        broken = not values or any(float(value) < 1 for value in values)
    except (TypeError, ValueError):
        broken = True
    return {"WindowCenter": None, "WindowWidth": None} if broken else {}


def mapped_uid(uid: str, uid_key: str) -> str:
    """The same frame of reference keeps one name within a study, which nobody without the key can trace
    back."""
    number = uuid.UUID(
        bytes=hmac.new(bytes.fromhex(uid_key), uid.encode(), hashlib.sha256).digest()[:16], version=4
    ).int
    return f"2.25.{number}"


def _filtered(dataset: Dataset, uid_key: str, depth: int) -> Json:
    body: Json = {}
    for tag in list(dataset.keys()):
        element = _read(dataset, tag)
        if element is None or element.keyword not in ALLOWED or depth > DEPTH_LIMIT:
            continue
        if element.VR == "SQ":
            body[_key(element)] = {
                "vr": "SQ",
                "Value": [_filtered(item, uid_key, depth + 1) for item in element.value],
            }
        elif element.VR == "UI":
            body[_key(element)] = _public_uid(element, uid_key)
        elif (converted := _convert(element)) is not None:
            body[_key(element)] = converted
    return {key: value for key, value in body.items() if value}


def _public_uid(element: DataElement, uid_key: str) -> Json:
    value = str(element.value or "")
    if element.keyword == "FrameOfReferenceUID" and value:
        return {"vr": "UI", "Value": [mapped_uid(value, uid_key)]}
    if element.keyword == "SOPClassUID" and value.startswith("1.2.840.10008."):
        return {"vr": "UI", "Value": [value]}
    return {}


def _everything(dataset: Dataset, depth: int) -> Json:
    body: Json = {}
    for tag in list(dataset.keys()):
        element = _read(dataset, tag)
        if (
            element is None
            or depth > DEPTH_LIMIT
            or element.tag.element == 0
            or (element.tag.is_private and element.VR in BINARY)
        ):
            continue
        if element.VR == "SQ":
            body[_key(element)] = {
                "vr": "SQ",
                "Value": [_everything(item, depth + 1) for item in element.value],
            }
        elif (converted := _convert(element)) is not None:
            body[_key(element)] = converted
    return body


def _read(dataset: Dataset, tag: Any) -> DataElement | None:
    """One unreadable attribute costs itself, not the image."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return dataset[tag]
    except Exception:  # noqa: BLE001 - hostile values raise whatever they like in the parser
        return None


def _convert(element: DataElement) -> Json | None:
    if element.VR in BINARY or element.VR == "US or OW":
        limit = (
            LUT_INLINE_LIMIT if "LUT" in element.keyword or "LookupTable" in element.keyword else INLINE_LIMIT
        )
        if not isinstance(element.value, bytes) or len(element.value) > limit:
            return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converted = element.to_json_dict(
                bulk_data_element_handler=None, bulk_data_threshold=LUT_INLINE_LIMIT * 2
            )
        json.dumps(converted, allow_nan=False)
    except Exception:  # noqa: BLE001 - as in _read
        return None
    return converted


def _element(keyword: str, value: Any) -> Json | None:
    from pydicom.datadict import dictionary_VR

    vr = "US" if keyword in ("SmallestImagePixelValue", "LargestImagePixelValue") else dictionary_VR(keyword)
    if vr == "DS":
        value = (
            [float(part) for part in value]
            if hasattr(value, "__iter__") and not isinstance(value, str)
            else float(value)
        )
    if isinstance(value, list):
        return {"vr": vr, "Value": value}
    if isinstance(value, float | int) and not isinstance(value, bool):
        return {"vr": vr, "Value": [value]}
    return _convert(DataElement(Tag(keyword), vr, value))


def _sequence(dataset: Dataset, keyword: str) -> list[Dataset]:
    element = _read(dataset, Tag(keyword)) if keyword in dataset else None
    return list(element.value) if element is not None and element.VR == "SQ" and element.value else []


def _key(element: DataElement) -> str:
    return f"{int(element.tag):08X}"


def _hex(keyword: str) -> str:
    return f"{int(Tag(keyword)):08X}"
