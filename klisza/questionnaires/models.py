from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id


class Questionnaire(models.Model):
    """A form of the hospital; its questions stand in versions, which never change.

    url: FHIR canonical, empty for one that was made here. takes_files: its last page hands in documents and images
    (M6.2). is_standing: a patient may start it without being asked (N20).
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        RETIRED = "retired"

    id = models.UUIDField(primary_key=True, default=new_id)
    url = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=120)  # what staff call it
    title = models.CharField(max_length=200)  # what the patient reads
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    takes_files = models.BooleanField(default=False)
    is_standing = models.BooleanField(default=False)
    # Which version a new request gets.
    current = models.ForeignKey("QuestionnaireVersion", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Questionnaire {self.pk}"


class QuestionnaireVersion(models.Model):
    """definition: the whole FHIR R4 Questionnaire, as klisza.standards.questionnaire reads it. Immutable."""

    id = models.UUIDField(primary_key=True, default=new_id)
    questionnaire = models.ForeignKey(Questionnaire, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()  # from 1
    definition = models.JSONField()
    digest = models.CharField(max_length=64)  # SHA-256 of its canonical JSON
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("accounts.Account", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["questionnaire", "number"], name="questionnaireversion_once")
        ]


class SurveyRequest(models.Model):
    """The hospital asks one person; the version is frozen with it.

    asked_by: None = the person started a standing one, or a rule asked. begun_at: the first answer was kept.
    incomplete: answered, but files that were promised have not come within settings.SURVEY_FILES_DAYS (M6.8).
    """

    class State(models.TextChoices):
        OPEN = "open"
        ANSWERED = "answered"
        INCOMPLETE = "incomplete"
        WITHDRAWN = "withdrawn"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(QuestionnaireVersion, on_delete=models.PROTECT, related_name="requests")
    order = models.ForeignKey("examinations.Order", null=True, on_delete=models.SET_NULL, related_name="+")
    message = models.CharField(max_length=1000, blank=True)  # plain words of the hospital to the person
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("accounts.Account", null=True, on_delete=models.SET_NULL, related_name="+")
    is_own = models.BooleanField(default=False)  # started by the person
    due_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    # Raised by one with every change of an answer; the completion names the one it has read.
    answers_version = models.PositiveIntegerField(default=0)
    begun_at = models.DateTimeField(null=True)
    page = models.PositiveSmallIntegerField(default=0)  # where to go on, on whatever device
    reminded_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["patient", "-asked_at"], name="surveyrequest_patient"),
            models.Index(fields=["state", "asked_at"], name="surveyrequest_state"),
        ]

    def __str__(self) -> str:
        return f"SurveyRequest {self.pk}"


class Answer(models.Model):
    """What was said at one place of the form.

    path: klisza.standards.questionnaire.paths. value: list of FHIR answers ({"valueBoolean": true}); of a
    repeating group the list of its instances ({"instance": 0}). version: raised by one with every change, so that
    two devices never overwrite each other unnoticed.
    """

    request = models.ForeignKey(SurveyRequest, on_delete=models.CASCADE, related_name="answers")
    path = models.CharField(max_length=255)
    value = models.JSONField(default=list)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "path"], name="answer_once")]


class AnswerFile(models.Model):
    """A file that answers one question (type attachment), named by its answer as {"id": ...}."""

    id = models.UUIDField(primary_key=True, default=new_id)
    request = models.ForeignKey(SurveyRequest, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=255)
    blob = models.ForeignKey("blobs.Blob", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    # Made at the completion: what "Moje dokumenty" shows.
    document = models.ForeignKey("documents.Document", null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"AnswerFile {self.pk}"


class Completion(models.Model):
    """The one irrevocable end of a request: answers, PDF and QuestionnaireResponse are the hospital's."""

    class Ending(models.TextChoices):
        UPLOADED = "uploaded"  # "Rozpocznij przesyłanie"
        WITHOUT = "without"  # "Dostarcz bez przesyłania": the statement, with its time
        DELIVERED = "delivered"  # a questionnaire that takes no files

    id = models.UUIDField(primary_key=True, default=new_id)
    request = models.OneToOneField(SurveyRequest, on_delete=models.PROTECT, related_name="completion")
    ending = models.CharField(max_length=9, choices=Ending)
    completed_at = models.DateTimeField()
    completed_by = models.ForeignKey(
        "accounts.Account", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    answers_version = models.PositiveIntegerField()
    response = models.JSONField()  # FHIR R4 QuestionnaireResponse
    pdf = models.ForeignKey("blobs.Blob", on_delete=models.PROTECT, related_name="+")
    document = models.ForeignKey("documents.Document", null=True, on_delete=models.SET_NULL, related_name="+")
    stated_at = models.DateTimeField(null=True)  # when the person said there are no files
    # All files have come, or whoever promised them was told once that they have not (M6.8).
    files_settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["completed_at"], name="completion_at")]


class PreparedPdf(models.Model):
    """The PDF of answers that the summary has shown, made before the button is pressed; gone when an answer changes.

    digest: SHA-256 of the page it was made of, which the completion compares. pdf: None until the worker has made it,
    empty when that failed.
    """

    request = models.ForeignKey(SurveyRequest, on_delete=models.CASCADE, related_name="prepared")
    ending = models.CharField(max_length=9, choices=Completion.Ending)
    language = models.CharField(max_length=8)
    answers_version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, blank=True)
    pdf = models.BinaryField(null=True)
    wanted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "ending"], name="preparedpdf_once")]


class Flag(models.Model):
    """A safety answer that staff must see (N20)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    completion = models.ForeignKey(Completion, on_delete=models.CASCADE, related_name="flags")
    link_id = models.CharField(max_length=255)
    text = models.CharField(max_length=500)
    severity = models.CharField(max_length=8)  # info | warning | danger
    seen_at = models.DateTimeField(null=True)
    seen_by = models.ForeignKey("accounts.Account", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["severity"], condition=models.Q(seen_at=None), name="flag_unseen"),
        ]


class Draft(models.Model):
    """What staff are building; it becomes a version when it is published.

    revision: raised with every change; a page that was opened before does not overwrite it.
    """

    questionnaire = models.OneToOneField(Questionnaire, on_delete=models.CASCADE, related_name="draft")
    definition = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey("accounts.Account", null=True, on_delete=models.SET_NULL, related_name="+")


class ProcedureRule(models.Model):
    """Whoever gets an order with this code is asked.

    days_before: the answers are due so long before the appointment. created_at: orders from then on.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    procedure_code = models.CharField(max_length=64)
    questionnaire = models.ForeignKey(Questionnaire, on_delete=models.CASCADE, related_name="rules")
    message = models.CharField(max_length=1000, blank=True)
    days_before = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("accounts.Account", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["procedure_code", "questionnaire"], name="procedurerule_once")
        ]
