"""QIDO-RS (PS3.18 10.6): searches over the index rows; attributes as hospital-integration.md 1.7 demands."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from klisza.archive.models import HANDED_IN, Instance, Series, Study
from klisza.base import clock

from .accept import takes
from .answers import Answer, Environ, Problem, of_json

RESULTS_MOST = 1000
VALUE_MOST, WILDCARDS_MOST = 2000, 4
TOLERATED = {"limit", "offset", "includefield", "fuzzymatching", "accept"}
Json = dict[str, Any]
Pairs = list[tuple[str, str]]
WILDCARDS = re.compile(r"[*?]")


def search(parts: list[str], pairs: Pairs, environ: Environ) -> Answer | None:
    """The answer when the path is a search, else None."""
    level: Callable[[dict[str, str], int, int], list[Json]]
    fixed: dict[str, str]
    match parts:
        case ["studies"]:
            level, fixed = _studies, {}
        case ["series"]:
            level, fixed = _series, {}
        case ["instances"]:
            level, fixed = _instances, {}
        case ["studies", study, "series"]:
            level, fixed = _series, {"StudyInstanceUID": study}
        case ["studies", study, "instances"]:
            level, fixed = _instances, {"StudyInstanceUID": study}
        case ["studies", study, "series", series, "instances"]:
            level, fixed = _instances, {"StudyInstanceUID": study, "SeriesInstanceUID": series}
        case _:
            return None
    if not takes(environ.get("HTTP_ACCEPT", ""), "application/dicom+json", "application/json"):
        raise Problem(406)
    keys, limit, offset = _keys(pairs)
    rows = level({**keys, **fixed}, limit + 1, offset)
    more = ("Warning", '299 klisza "There are additional results that can be requested"')
    return of_json(rows[:limit], *([more] if len(rows) > limit else []))


def _keys(pairs: Pairs) -> tuple[dict[str, str], int, int]:
    """Matching keys by keyword, limit and offset; a key we cannot match on is refused, not ignored: the
    answer would lie."""
    keys: dict[str, str] = {}
    numbers = {"limit": RESULTS_MOST, "offset": 0}
    for name, value in pairs:
        if name in numbers:
            if not value.isascii() or not value.isdigit() or len(value) > 9:
                raise Problem(400, f"{name} must be a whole number")
            numbers[name] = int(value)
        elif name not in TOLERATED and value:
            # Wildcards become a regular expression, whose cost grows with each of them.
            if "\0" in value or len(value) > VALUE_MOST or len(WILDCARDS.findall(value)) > WILDCARDS_MOST:
                raise Problem(400, "A value is too long or has too many wildcards")
            keys[_keyword(name)] = value
    return keys, min(numbers["limit"], RESULTS_MOST), numbers["offset"]


def _keyword(name: str) -> str:
    if re.fullmatch(r"[0-9A-Fa-f]{8}", name):
        name = keyword_for_tag(int(name, 16)) or name
    if name not in STUDY_KEYS and name not in SERIES_KEYS and name not in INSTANCE_KEYS:
        raise Problem(400, "The search cannot match on one of the given attributes")
    return name


def _text(column: str) -> Callable[[str], Q]:
    """Exact, or with * and ? as wildcards (PS3.4 C.2.2.2.4)."""

    def match(value: str) -> Q:
        if not WILDCARDS.search(value):
            return Q(**{column: value})
        pattern = "".join(
            ".*" if letter == "*" else "." if letter == "?" else re.escape(letter) for letter in value
        )
        return Q(**{f"{column}__regex": f"^{pattern}$"})

    return match


def _name(column: str) -> Callable[[str], Q]:
    def match(value: str) -> Q:
        words = [word for word in re.split(r"[\^*?\s]+", value) if word]
        return Q(*(Q(**{f"{column}__icontains": word}) for word in words))

    return match


def _uids(column: str) -> Callable[[str], Q]:
    return lambda value: Q(**{f"{column}__in": re.split(r"[,\\]", value)[:RESULTS_MOST]})


def _number(column: str) -> Callable[[str], Q]:
    def match(value: str) -> Q:
        if not re.fullmatch(r"-?\d{1,9}", value):
            raise Problem(400, "A number is expected")
        return Q(**{column: int(value)})

    return match


def _dates(column: str) -> Callable[[str], Q]:
    def match(value: str) -> Q:
        first, dash, last = value.partition("-")
        low, high = _date(first), _date(last if dash else first)
        conditions = ([Q(**{f"{column}__gte": low})] if low else []) + (
            [Q(**{f"{column}__lte": high})] if high else []
        )
        return Q(*conditions)

    return match


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text.strip(), "%Y%m%d").date() if text.strip() else None  # noqa: DTZ007 - a calendar day
    except ValueError:
        raise Problem(400, "A date must be YYYYMMDD or YYYYMMDD-YYYYMMDD") from None


def _modalities(value: str) -> Q:
    return Q(pk__in=Series.objects.filter(modality__in=re.split(r"[,\\]", value)).values("study_id"))


STUDY_KEYS: dict[str, Callable[[str], Q]] = {
    "PatientID": _text("patient_id"), "PatientName": _name("patient_name"),
    "PatientBirthDate": _dates("patient_birth_date"),
    "IssuerOfPatientID": _text("issuer"), "AccessionNumber": _text("accession_number"),
    "StudyID": _text("study_id"),
    "StudyInstanceUID": _uids("study_instance_uid"), "StudyDate": _dates("study_date"),
    "StudyDescription": _text("study_description"), "ModalitiesInStudy": _modalities,
}  # fmt: skip
SERIES_KEYS: dict[str, Callable[[str], Q]] = {
    "SeriesInstanceUID": _uids("series_instance_uid"), "Modality": _text("modality"),
    "SeriesNumber": _number("series_number"),
    "SeriesDescription": _text("series_description"), "BodyPartExamined": _text("body_part_examined"),
}  # fmt: skip
INSTANCE_KEYS: dict[str, Callable[[str], Q]] = {
    "SOPInstanceUID": _uids("sop_instance_uid"), "SOPClassUID": _uids("sop_class_uid"),
    "InstanceNumber": _number("instance_number"),
}  # fmt: skip


def _conditions(table: dict[str, Callable[[str], Q]], keys: dict[str, str]) -> Q:
    return Q(*(table[keyword](value) for keyword, value in keys.items() if keyword in table))


def _matching_studies(keys: dict[str, str]) -> QuerySet[Study]:
    visible = Instance.objects.filter(series__study=OuterRef("pk"), hidden_reason="")
    told = Study.objects.exclude(hidden_reason=HANDED_IN)
    return told.filter(Exists(visible)).filter(_conditions(STUDY_KEYS, keys))


def _matching_series(keys: dict[str, str]) -> QuerySet[Series]:
    visible = Instance.objects.filter(series=OuterRef("pk"), hidden_reason="")
    return Series.objects.filter(Exists(visible), study__in=_matching_studies(keys)).filter(
        _conditions(SERIES_KEYS, keys)
    )


def _studies(keys: dict[str, str], limit: int, offset: int) -> list[Json]:
    # A series' attribute given to a search for studies narrows it to those that have such a series.
    found = _matching_studies(keys)
    if keys.keys() & SERIES_KEYS.keys():
        found = found.filter(pk__in=_matching_series(keys).values("study_id"))
    studies = list(found.order_by("-study_date", "-study_time", "pk")[offset : offset + limit])
    facts = _facts([study.pk for study in studies])
    return [_study_json(study, facts[study.pk]) for study in studies]


def _series(keys: dict[str, str], limit: int, offset: int) -> list[Json]:
    found = _matching_series(keys).select_related("study").order_by("study_id", "series_number", "pk")
    rows = list(
        found.annotate(shown=Count("instances", filter=Q(instances__hidden_reason="")))[
            offset : offset + limit
        ]
    )
    return [{**_study_json(row.study, None), **_series_json(row, row.shown)} for row in rows]


def _instances(keys: dict[str, str], limit: int, offset: int) -> list[Json]:
    found = Instance.objects.filter(hidden_reason="", series__in=_matching_series(keys)).filter(
        _conditions(INSTANCE_KEYS, keys)
    )
    rows = (
        found.select_related("series__study")
        .defer("frame_index")
        .order_by("series_id", "instance_number", "pk")
    )
    return [
        {**_study_json(row.series.study, None), **_series_json(row.series, None), **_instance_json(row)}
        for row in rows[offset : offset + limit]
    ]


class _Facts:
    def __init__(self) -> None:
        self.modalities: set[str] = set()
        self.series = 0
        self.instances = 0


def _facts(study_ids: list[uuid.UUID]) -> dict[uuid.UUID, _Facts]:
    facts: dict[uuid.UUID, _Facts] = defaultdict(_Facts)
    rows = Series.objects.filter(study_id__in=study_ids).annotate(
        shown=Count("instances", filter=Q(instances__hidden_reason=""))
    )
    for study_id, modality, shown in rows.filter(shown__gt=0).values_list("study_id", "modality", "shown"):
        facts[study_id].modalities |= {modality} if modality else set()
        facts[study_id].series += 1
        facts[study_id].instances += shown
    return facts


def _study_json(study: Study, facts: _Facts | None) -> Json:
    values: dict[str, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "StudyDate": study.study_date,
        "StudyTime": study.study_time,
        "AccessionNumber": study.accession_number,
        "InstanceAvailability": "ONLINE",
        "ReferringPhysicianName": "",
        "TimezoneOffsetFromUTC": _offset(study),
        "StudyDescription": study.study_description,
        "RetrieveURL": _address(study.study_instance_uid),
        "PatientName": study.patient_name,
        "PatientID": study.patient_id,
        "IssuerOfPatientID": study.issuer,
        "PatientBirthDate": study.patient_birth_date,
        "PatientSex": study.patient_sex,
        "StudyInstanceUID": study.study_instance_uid,
        "StudyID": study.study_id,
    }
    if facts is not None:
        values |= {
            "ModalitiesInStudy": sorted(facts.modalities),
            "NumberOfStudyRelatedSeries": facts.series,
            "NumberOfStudyRelatedInstances": facts.instances,
        }
    return _json(values)


def _series_json(series: Series, shown: int | None) -> Json:
    values: dict[str, Any] = {
        "Modality": series.modality,
        "SeriesDescription": series.series_description,
        "SeriesInstanceUID": series.series_instance_uid,
        "SeriesNumber": series.series_number,
        "BodyPartExamined": series.body_part_examined,
        "RetrieveURL": _address(series.study.study_instance_uid, "series", series.series_instance_uid),
    }
    if shown is not None:
        values["NumberOfSeriesRelatedInstances"] = shown
    return _json(values)


def _instance_json(instance: Instance) -> Json:
    series = instance.series
    place = (
        series.study.study_instance_uid,
        "series",
        series.series_instance_uid,
        "instances",
        instance.sop_instance_uid,
    )
    values: dict[str, Any] = {
        "SOPClassUID": instance.sop_class_uid,
        "SOPInstanceUID": instance.sop_instance_uid,
        "InstanceNumber": instance.instance_number,
        "AvailableTransferSyntaxUID": instance.transfer_syntax_uid,
        "RetrieveURL": _address(*place),
    }
    if instance.rows and instance.columns:
        values |= {
            "Rows": instance.rows,
            "Columns": instance.columns,
            "NumberOfFrames": instance.number_of_frames or None,
        }
    return _json(values)


def _json(values: dict[str, Any]) -> Json:
    body: Json = {}
    for keyword, value in values.items():
        tag = tag_for_keyword(keyword)
        vr = dictionary_VR(keyword)
        body[f"{int(tag or 0):08X}"] = {"vr": vr, **_value(vr, value)}
    return body


def _value(vr: str, value: Any) -> Json:
    if value in (None, "", []):
        return {}
    if isinstance(value, date):
        return {"Value": [value.strftime("%Y%m%d")]}
    if isinstance(value, time):
        return {"Value": [value.strftime("%H%M%S")]}
    if vr == "PN":
        groups = zip(("Alphabetic", "Ideographic", "Phonetic"), str(value).split("="), strict=False)
        return {"Value": [{name: group for name, group in groups if group}]}
    return {"Value": list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]}


def _offset(study: Study) -> str:
    moment = datetime.combine(
        study.study_date or clock.local_date(study.received_at), study.study_time or time(12)
    )
    return moment.replace(tzinfo=clock.local_zone()).strftime("%z")


def _address(*parts: str) -> str:
    return "/".join((f"{settings.PUBLIC_URL}/dicom-web/studies", *parts))
