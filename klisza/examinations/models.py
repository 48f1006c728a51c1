from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id


class Images(models.TextChoices):
    NONE = "none"
    RECEIVING = "receiving"
    AVAILABLE = "available"
    WITHDRAWN = "withdrawn"


class ReportState(models.TextChoices):
    NONE = "none"
    PENDING = "pending"  # preliminary only: staff see it, patients never
    AVAILABLE = "available"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class State(models.TextChoices):
    PLANNED = "planned"
    PERFORMED = "performed"
    CANCELLED = "cancelled"


class Examination(models.Model):
    """The patient's word for one order and its studies. Two independent facts (images, report), one gate."""

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="examinations")
    kind = models.CharField(max_length=8)  # code of examinations/kinds.py
    title = models.CharField(max_length=200, blank=True)  # plain-language name; blank = the kind's own
    state = models.CharField(max_length=9, choices=State, default=State.PERFORMED)
    performed_at = models.DateTimeField()  # while planned: when it will be
    place = models.CharField(max_length=200, blank=True)
    procedure_code = models.CharField(max_length=64, blank=True)
    modality = models.CharField(max_length=16, blank=True)  # as ordered; images say it better
    ward_code = models.CharField(max_length=64, blank=True)
    station = models.CharField(max_length=64, blank=True)
    flags = models.JSONField(
        default=list
    )  # words of release rules: oncology, ... (procedure names give them)
    # Of one accession number of one issuer; others of a grouped examination stand in identifiers.
    accession_number = models.CharField(max_length=64, blank=True)
    issuer = models.CharField(max_length=128)
    # Named by a report or an order that came before its images.
    study_instance_uid = models.CharField(max_length=64, blank=True)
    images = models.CharField(max_length=9, choices=Images, default=Images.NONE)
    images_received = models.PositiveIntegerField(default=0)
    images_expected = models.PositiveIntegerField(null=True)
    report = models.CharField(max_length=9, choices=ReportState, default=ReportState.NONE)
    hidden_reason = models.CharField(max_length=64, blank=True)
    shown_kind = models.BooleanField(default=True)  # the rule table shows this kind
    # Everything but time and viewer, computed by services.refresh.
    visible = models.BooleanField(default=False)
    # The release engine's answer, computed by services.refresh: from when each may be seen; null = not yet
    # known, held or never. `release_why`: at_once | days | clinician | visit | never | staff_hold |
    # staff_release | patient_wish | report_first, for images and report, for the status line.
    images_from = models.DateTimeField(null=True)
    report_from = models.DateTimeField(null=True)
    images_why = models.CharField(max_length=16, blank=True)
    report_why = models.CharField(max_length=16, blank=True)
    first_final_at = models.DateTimeField(
        null=True
    )  # the embargo is counted from here; corrections inherit it
    visit_at = models.DateTimeField(null=True)  # the visit at which the result is discussed
    visit_source = models.CharField(max_length=8, blank=True)  # hl7 | staff | patient
    visit_done_at = models.DateTimeField(null=True)
    # The person keeps it from carers, parents included (R66): set and unset by nobody else.
    hidden_from_carers_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["patient", "-performed_at"], condition=models.Q(visible=True), name="examination_list"
            ),
            models.Index(fields=["issuer", "accession_number"], name="examination_accession"),
            models.Index(fields=["study_instance_uid"], name="examination_study_uid"),
            models.Index(
                fields=["images_from"],
                condition=models.Q(images_from__isnull=False),
                name="examination_images_from",
            ),
            models.Index(
                fields=["report_from"],
                condition=models.Q(report_from__isnull=False),
                name="examination_report_from",
            ),
            models.Index(fields=["updated_at"], name="examination_updated"),
        ]


class GrantedExamination(models.Model):
    """One of the examinations a carer may see whose grant is for chosen ones only."""

    grant = models.ForeignKey("patients.Grant", on_delete=models.CASCADE, related_name="+")
    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="granted")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "examination"], name="grantedexamination_once")
        ]


class ExaminationIdentifier(models.Model):
    """Every name by which a machine may mean this examination.

    kind: accession | filler | placer | procedure (requested procedure id) | study; left_by: an order that went
    to another patient and may come back.
    """

    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="identifiers")
    kind = models.CharField(max_length=12)
    issuer = models.CharField(max_length=128, blank=True)
    value = models.CharField(max_length=128)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "issuer", "value", "examination"], name="examinationidentifier_once"
            )
        ]
        indexes = [models.Index(fields=["kind", "issuer", "value"], name="examinationidentifier_value")]


class Order(models.Model):
    """One requested procedure as the RIS said it last; n to m with examinations through `examinations`.

    `stated`: {field: [time, control id]}: an older message never overwrites a newer one, field by field.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="+")
    issuer = models.CharField(max_length=128)
    key = models.CharField(max_length=200)  # filler number, else placer number, else accession number
    placer_number = models.CharField(max_length=128, blank=True)
    placer_issuer = models.CharField(max_length=128, blank=True)  # "" = not said, as of the others
    filler_number = models.CharField(max_length=128, blank=True)
    filler_issuer = models.CharField(max_length=128, blank=True)
    accession_number = models.CharField(max_length=64, blank=True)
    accession_issuer = models.CharField(max_length=128, blank=True)
    requested_procedure_id = models.CharField(max_length=64, blank=True)
    study_instance_uid = models.CharField(max_length=64, blank=True)
    procedure_code = models.CharField(max_length=64, blank=True)
    procedure_text = models.CharField(max_length=200, blank=True)
    modality = models.CharField(max_length=16, blank=True)
    station = models.CharField(max_length=64, blank=True)
    ward_code = models.CharField(max_length=64, blank=True)
    ward_text = models.CharField(max_length=200, blank=True)
    scheduled_at = models.DateTimeField(null=True)
    performed_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=9, choices=State, default=State.PLANNED)
    stated = models.JSONField(default=dict)
    examinations = models.ManyToManyField(Examination, related_name="orders")
    origin = models.CharField(max_length=64, blank=True)  # InboundMessage.uid
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "key"], name="order_once")]
        indexes = [
            models.Index(fields=["filler_number"], name="order_filler"),
            models.Index(fields=["placer_number"], name="order_placer"),
            models.Index(fields=["accession_number"], name="order_accession"),
            models.Index(fields=["patient"], name="order_patient"),
        ]


class Appointment(models.Model):
    """SIU: a visit after which results may be discussed (N10)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="+")
    issuer = models.CharField(max_length=128)
    key = models.CharField(max_length=200)  # filler, else placer appointment id
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=9, default="booked")  # booked | cancelled | no_show
    service_code = models.CharField(max_length=64, blank=True)
    service_text = models.CharField(max_length=200, blank=True)
    ward_code = models.CharField(max_length=64, blank=True)
    stated = models.JSONField(default=dict)
    origin = models.CharField(max_length=64, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "key"], name="appointment_once")]


class ProcedureName(models.Model):
    """Code of the RIS -> plain words for patients; staff edit it and import it as CSV."""

    code = models.CharField(max_length=64, unique=True)
    name_pl = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    name_uk = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=8, blank=True)  # code of kinds.py; blank = by modality
    flags = models.CharField(max_length=200, blank=True)  # words with spaces, for release rules
    updated_at = models.DateTimeField()


class Ward(models.Model):
    """The ordering clinic, as it stands on the examination: name, telephone and what happens next."""

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    telephone = models.CharField(max_length=40, blank=True)
    next_step_pl = models.TextField(blank=True)
    next_step_en = models.TextField(blank=True)
    next_step_uk = models.TextField(blank=True)
    updated_at = models.DateTimeField()


class KindRule(models.Model):
    """Which examinations patients see, before the built-in table (kinds.py); the first that fits decides.

    Blank = any. kind blank = leave the kind as it is.
    """

    position = models.PositiveIntegerField()
    modality = models.CharField(max_length=16, blank=True)
    procedure_code = models.CharField(max_length=64, blank=True)
    ward_code = models.CharField(max_length=64, blank=True)
    station = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=8, blank=True)
    is_shown = models.BooleanField(default=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["position", "id"]


class ReleaseRule(models.Model):
    """When images and report may be seen (N10, B27); the first that fits decides, else at once.

    Blank = any. images, report: at_once | days | clinician | visit | never | report (images only: with the
    report). days: counted from the first final report, for images from the examination. cap_days: whatever
    the rule says, visible this many days after the first final version; null = no cap.
    """

    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, blank=True)
    modality = models.CharField(max_length=16, blank=True)
    procedure_code = models.CharField(max_length=64, blank=True)
    ward_code = models.CharField(max_length=64, blank=True)
    flag = models.CharField(max_length=32, blank=True)
    images = models.CharField(max_length=10, default="at_once")
    images_days = models.PositiveIntegerField(default=0)
    report = models.CharField(max_length=10, default="at_once")
    report_days = models.PositiveIntegerField(default=0)
    cap_days = models.PositiveIntegerField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["position", "id"]


class ReleaseDecision(models.Model):
    """A clinician holds or releases one examination; the newest of each subject counts."""

    id = models.UUIDField(primary_key=True, default=new_id)
    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="release_decisions")
    subject = models.CharField(max_length=8)  # images | report
    decision = models.CharField(max_length=8)  # hold | release | rule (back to the rules)
    reason = models.CharField(max_length=300, blank=True)
    decided_by = models.CharField(max_length=64)
    decided_at = models.DateTimeField()


class RuleChange(models.Model):
    """Rules were changed: a job computes anew every examination that was computed before."""

    changed_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["changed_at"], condition=models.Q(done_at=None), name="rulechange_waiting")
        ]


class ExaminationStudy(models.Model):
    """n to m: one accession may have three studies, one study two accessions."""

    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="study_links")
    study = models.ForeignKey("archive.Study", on_delete=models.PROTECT, related_name="+")
    how = models.CharField(
        max_length=16
    )  # uid | accession | shell | staff (stays when rules would say other)
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["examination", "study"], name="examinationstudy_once")]


class StudyDecision(models.Model):
    """Staff said whose a study is, or that it is nobody's; the rules of linking do not overrule it.

    patient: null = rejected, shown to nobody. names: those of the examination that was chosen, [[kind, issuer,
    value]], so that it is found again when rows are rebuilt; empty = as the rules find it within the patient.
    """

    study = models.OneToOneField(
        "archive.Study", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    patient = models.ForeignKey("patients.Patient", null=True, on_delete=models.PROTECT, related_name="+")
    examination = models.ForeignKey(Examination, null=True, on_delete=models.SET_NULL, related_name="+")
    names = models.JSONField(default=list)
    reason = models.CharField(max_length=300, blank=True)
    decided_by = models.CharField(max_length=64)
    decided_at = models.DateTimeField()


class StudyIntake(models.Model):
    """What became of a settled study: linked, or unmatched with the reason that staff read (R60)."""

    study = models.OneToOneField(
        "archive.Study", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    revision = models.PositiveIntegerField()
    outcome = models.CharField(max_length=16)  # linked | unmatched | not_shown | rejected (by staff)
    # unknown_patient | no_patient_id | birth_date_differs | name_differs | name_of_other_patient |
    # accession_of_other_patient | study_of_other_patient; with outcome linked, as a warning for staff:
    # family_name_differs | given_name_differs | order_cancelled.
    reason = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    documents_taken = models.BooleanField(default=True)  # encapsulated PDF objects of this revision are filed

    class Meta:
        indexes = [
            models.Index(
                fields=["at"], condition=models.Q(outcome="unmatched"), name="studyintake_unmatched"
            ),
            models.Index(
                fields=["at"], condition=models.Q(documents_taken=False), name="studyintake_documents"
            ),
        ]


class EncapsulatedIntake(models.Model):
    """What became of an encapsulated PDF object of a linked study; each is taken once."""

    instance = models.OneToOneField(
        "archive.Instance", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    outcome = models.CharField(max_length=16)  # filed | refused
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()


class Report(models.Model):
    """One report with all its versions: of one examination, or of several that were dictated together."""

    id = models.UUIDField(primary_key=True, default=new_id)
    # The first one; all of them, this one included, stand in `examinations`.
    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="own_reports")
    examinations = models.ManyToManyField(Examination, related_name="reports")
    key = models.CharField(max_length=200)  # what the sender calls it: filler number, document UID, file hash
    # Of a supplement with a name of its own (OBR-29, OBX-4): it stands beside that report and leaves with it.
    parent_key = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["examination", "key"], name="report_once")]


class ReportVersion(models.Model):
    """status: P preliminary, F final, C corrected, A addendum (stands beside what it adds to), X withdrawn.

    sections: the text as paragraphs, [{"title": ..., "paragraphs": [...]}], never markup.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()  # order of arrival; what is in effect goes by `stated`
    status = models.CharField(max_length=1)
    source = models.CharField(max_length=8)  # script | dicom | oru | mdm | fhir
    # The first document; null for a report that is text only, or that takes another one back.
    document = models.ForeignKey("documents.Document", null=True, on_delete=models.PROTECT, related_name="+")
    sections = models.JSONField(default=list)
    digest = models.CharField(
        max_length=64
    )  # SHA-256 of text and documents: the same again is no new version
    signed_by = models.CharField(max_length=200, blank=True)
    issued_at = models.DateTimeField()
    stated_at = models.DateTimeField()  # OBR-22, else the message's time
    control_id = models.CharField(max_length=199, blank=True)  # breaks ties of stated_at
    # [[time, control id]]: when the sender said the very same again; no version of its own (R62).
    repeats = models.JSONField(default=list)
    is_wrong_patient = models.BooleanField(default=False)  # OBX-11 W
    origin = models.CharField(max_length=64, blank=True)  # InboundMessage.uid
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "number"], name="reportversion_once")]


class ReportDocument(models.Model):
    """Further documents of one version, in the sender's order (several ED in one ORU)."""

    version = models.ForeignKey(ReportVersion, on_delete=models.CASCADE, related_name="more_documents")
    number = models.PositiveIntegerField()  # from 2
    document = models.ForeignKey("documents.Document", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["version", "number"], name="reportdocument_once")]


class ExaminationDocument(models.Model):
    """A hospital document (MDM) that belongs to an examination: the examination's gate applies to it."""

    examination = models.ForeignKey(Examination, on_delete=models.CASCADE, related_name="document_links")
    document = models.OneToOneField("documents.Document", on_delete=models.CASCADE, related_name="+")


class Breach(models.Model):
    """Something was filed under the wrong patient: who may have seen it, for the privacy officer (113038, W)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="+")
    examination = models.ForeignKey(Examination, null=True, on_delete=models.SET_NULL, related_name="+")
    cause = models.CharField(max_length=24)  # report_wrong_patient | rejection_note | moved_study | ...
    was_visible = models.BooleanField(default=False)
    seen = models.JSONField(default=list)  # [{"action", "at", "agent"}] of the audit, taken at that moment
    noted_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_note = models.CharField(max_length=300, blank=True)


class NoticeIntent(models.Model):
    """Something became visible to this account; a job merges the intents of a window into one mail."""

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, related_name="+")
    # null for a document of its own ("My documents").
    examination = models.ForeignKey(Examination, null=True, on_delete=models.CASCADE, related_name="+")
    fact = models.CharField(max_length=16)  # images | report | corrected | withdrawn | document
    # Report or document and its version, by content: one notice each, also after a replay.
    detail = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    is_silent = models.BooleanField(default=False)  # noted during a back-fill or replay: never sent

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "examination", "fact", "detail"], name="noticeintent_once"
            ),
            models.UniqueConstraint(  # NULL equals nothing, itself included
                fields=["account", "fact", "detail"],
                condition=models.Q(examination=None),
                name="noticeintent_document_once",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], condition=models.Q(sent_at=None), name="noticeintent_waiting")
        ]
