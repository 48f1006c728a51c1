"""A stored instance comes again with another patient: the PACS fixed its tags (1.5, correction 5).

While the instances of a study name two patients the study is shown to nobody. When all name the new one it takes
the new bytes and the new patient in one transaction, and waits to be linked anew before it is shown again: the
old patient must not see it in between.
"""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery

from klisza.archive.models import Instance, Resent, Series, Study, Superseded
from klisza.audit.actor import SYSTEM, Actor
from klisza.base import clock
from klisza.blobs import services as blobs
from klisza.blobs.models import Blob

from .hiding import WITHHELD, reason_of_all, say
from .settle import quiet_time

PREVIEWS = ("preview", "thumbnail", "metadata", "full_metadata")
COUNTED = ("", "mixed")  # what a note took back names no patient any more


def take_claim(instance: Instance, claim: Resent, *, by: Actor) -> bool:
    """Keep what came again beside what is stored, in place of an earlier claim; False when it is that already."""
    study = Study.objects.select_for_update().get(pk=instance.series.study_id)
    if Instance.objects.filter(pk=instance.pk, dataset_sha256=claim.dataset_sha256).exists():
        return False  # another sender of the same was faster, and the study has moved
    _drop(instance, own_too=True)
    claim.save(force_insert=True)
    weigh(study, by=by)
    return True


@transaction.atomic
def drop_claim(instance: Instance, *, by: Actor) -> None:
    """The instance came again with the patient of its study: it agrees after all."""
    study = Study.objects.select_for_update().get(pk=instance.series.study_id)
    if _drop(instance):
        weigh(study, by=by)


def _drop(instance: Instance, *, own_too: bool = False) -> bool:
    """own_too: also the claim of an instance whose only bytes name the other patient."""
    old = Resent.objects.filter(instance=instance).first()
    is_own = old is not None and old.blob_id == instance.blob_id
    if old is None or (is_own and not own_too):
        return False
    old.delete()
    if not is_own:
        Blob.objects.filter(pk=old.blob_id).delete()
        transaction.on_commit(partial(blobs.delete, old.blob_id))
    return True


def joins_claims(study: Study, *, issuer: str, patient_id: str) -> bool:
    """Whether instances of this study have come again with this patient, so that new ones may too."""
    claims = Resent.objects.filter(instance__series__study=study, issuer=issuer, patient_id=patient_id)
    return study.hidden_reason in WITHHELD and claims.exists()


@transaction.atomic
def decide_mixed(*, study: Study, accept: bool, by: Actor) -> None:
    """Staff end a disagreement that the PACS left: the new patient is right, or the old one.

    What names the other one stays hidden as of the wrong patient.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    rows = Instance.objects.filter(series__study=study, hidden_reason__in=COUNTED)
    if study.hidden_reason == "mixed" and accept:
        rows.filter(resent=None).update(hidden_reason="wrong_patient")
    elif study.hidden_reason == "mixed":
        rows.filter(resent__blob=F("blob")).update(hidden_reason="wrong_patient")
        for instance in rows.filter(resent__isnull=False):
            _drop(instance)
    weigh(study, by=by)


def weigh(study: Study, *, by: Actor) -> None:
    """Decide what the claims of its instances make of a study; its row is locked by the caller."""
    claims = list(
        Resent.objects.filter(instance__series__study=study, instance__hidden_reason__in=COUNTED)
        .values("issuer", "patient_id")
        .annotate(count=Count("pk"))
    )
    if not claims:
        if study.hidden_reason == "mixed":
            _show(study, "unmixed", by=by)
        return
    total = Instance.objects.filter(series__study=study, hidden_reason__in=COUNTED).count()
    if len(claims) == 1 and claims[0]["count"] == total:
        _move(study, by=by)
    elif study.hidden_reason not in WITHHELD:
        shown = Instance.objects.filter(series__study=study, hidden_reason="").update(hidden_reason="mixed")
        study.hidden_reason = "mixed"
        say(study, "mixed", by=by, instances=shown)


def _show(study: Study, kind: str, *, by: Actor) -> None:
    """Show what was withheld with its study; what a note took back stays hidden."""
    shown = Instance.objects.filter(series__study=study, hidden_reason="mixed").update(hidden_reason="")
    study.hidden_reason = ""
    study.hidden_reason = reason_of_all(study)
    say(study, kind, by=by, instances=shown)


def _move(study: Study, *, by: Actor) -> None:
    """All agree: new bytes, new patient, and out of sight until whoever links studies has looked."""
    claims = Resent.objects.filter(instance__series__study=study, instance__hidden_reason__in=COUNTED)
    newest = claims.order_by("-received_at", "pk").first()
    if newest is None:
        return
    _keep_old(study)
    _take_new_bytes(study)
    _take_requests(study)
    _forget_previews(study)
    quiet = max(map(quiet_time, _modalities(study)))
    Study.objects.filter(pk=study.pk).update(
        issuer=newest.issuer, patient_id=newest.patient_id, patient_name=newest.patient_name,
        patient_birth_date=newest.patient_birth_date, patient_sex=newest.patient_sex,
        accession_number=newest.accession_number, accession_issuer=newest.accession_issuer,
        state=Study.State.RECEIVING, settles_at=clock.now() + quiet,
    )  # fmt: skip
    Resent.objects.filter(instance__series__study=study).delete()
    hidden = Instance.objects.filter(series__study=study, hidden_reason="").update(hidden_reason="mixed")
    study.hidden_reason = "moved"
    say(study, "moved", by=by, instances=hidden)


def _modalities(study: Study) -> set[str]:
    return set(Series.objects.filter(study=study).values_list("modality", flat=True))


def _keep_old(study: Study) -> None:
    now = clock.now()
    instances = Instance.objects.filter(series__study=study, resent__isnull=False)
    changed = instances.exclude(blob=F("resent__blob")).defer("frame_index")
    rows = (
        Superseded(
            instance=one, issuer=study.issuer, patient_id=study.patient_id,
            transfer_syntax_uid=one.transfer_syntax_uid, blob_id=one.blob_id,
            dataset_offset=one.dataset_offset, dataset_sha256=one.dataset_sha256, at=now,
        )
        for one in changed.iterator()
    )  # fmt: skip
    Superseded.objects.bulk_create(rows, batch_size=500)


def _take_new_bytes(study: Study) -> None:
    """Frames lie elsewhere in the new files: until they are found again nothing can be cut out of them."""
    names = ("blob", "dataset_offset", "dataset_sha256", "transfer_syntax_uid")
    new = Resent.objects.filter(instance=OuterRef("pk"))
    Instance.objects.filter(series__study=study, resent__isnull=False).update(
        **{name: Subquery(new.values(name)[:1]) for name in names}, frame_index=b"", frame_syntax_uid=""
    )


def _take_requests(study: Study) -> None:
    """The wrong worklist entry had named the wrong procedures too."""
    for series in Series.objects.filter(study=study):
        named = Resent.objects.filter(instance__series=series).values_list("requested_accessions", flat=True)
        pairs = {tuple(pair) for requests in named.iterator() for pair in requests}
        series.requested_accessions = sorted([*pair] for pair in pairs)
        series.save(update_fields=["requested_accessions"])


def _forget_previews(study: Study) -> None:
    """Metadata names the old patient; it is made anew when the study has settled."""
    for series in Series.objects.filter(study=study):
        keys = [key for name in PREVIEWS if (key := getattr(series, f"{name}_id"))]
        Series.objects.filter(pk=series.pk).update(**dict.fromkeys(PREVIEWS))
        Blob.objects.filter(pk__in=keys).delete()
        for key in keys:
            transaction.on_commit(partial(blobs.delete, key))


def show_moved(*, study: Study, by: Actor = SYSTEM) -> None:
    """The study stands where it belongs now. Call it in the transaction that linked it anew."""
    study = Study.objects.select_for_update().get(pk=study.pk)
    if study.hidden_reason != "moved":
        return
    if Resent.objects.filter(instance__series__study=study).exists():  # it goes on: yet another patient
        Study.objects.filter(pk=study.pk).update(hidden_reason="mixed")
    else:
        _show(study, "shown", by=by)
