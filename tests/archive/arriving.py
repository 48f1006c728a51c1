"""Instances as they arrive, for tests of what corrections do."""

from __future__ import annotations

from copy import deepcopy

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from klisza.archive import services
from klisza.archive.models import Instance, Study
from klisza.archive.services import Outcome, Source
from tests.gateways.objects import EXPLICIT, dataset, encode

SOURCE = Source("pacs")


def store(*made: Dataset, syntax: str = EXPLICIT) -> list[Outcome]:
    return [
        services.store_instance(dataset=encode(one, syntax), transfer_syntax_uid=syntax, source=SOURCE)
        for one in made
    ]


def study_of(count: int, **changes: object) -> list[Dataset]:
    """A study of one series, not stored."""
    study, series = generate_uid(), generate_uid()
    values = {"StudyInstanceUID": study, "SeriesInstanceUID": series, **changes}
    return [
        dataset(**{"InstanceNumber": number, "PixelData": bytes([number % 256]) * 128, **values})
        for number in range(1, count + 1)
    ]


def again(made: Dataset, **changes: object) -> Dataset:
    """The same object with these attributes changed."""
    copy = deepcopy(made)
    for keyword, value in changes.items():
        setattr(copy, keyword, value)
    return copy


def hidden(*made: Dataset) -> list[str]:
    """Why each of these is hidden."""
    uids = [str(one.SOPInstanceUID) for one in made]
    rows = dict(
        Instance.objects.filter(sop_instance_uid__in=uids).values_list("sop_instance_uid", "hidden_reason")
    )
    return [rows[uid] for uid in uids]


def the_study(made: Dataset) -> Study:
    return Study.objects.get(study_instance_uid=made.StudyInstanceUID)
