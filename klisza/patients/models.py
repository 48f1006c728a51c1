from __future__ import annotations

from django.db import models

from klisza.base.ids import new_id


class Patient(models.Model):
    """One person as the hospital knows him or her; demographics come from ADT (or its script), never from
    images.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.OneToOneField(
        "accounts.Account", null=True, on_delete=models.SET_NULL, related_name="patient"
    )
    family_name = models.CharField(max_length=200)
    given_name = models.CharField(max_length=200)
    birth_date = models.DateField(null=True)
    sex = models.CharField(max_length=1, blank=True)  # F | M | O | blank (DICOM PatientSex)
    email = models.EmailField(blank=True)
    mobile = models.CharField(max_length=20, blank=True)  # E.164
    language = models.CharField(max_length=5, default="pl")
    # {field: [time stated, control id]}: an older message never overwrites a newer one, field by field.
    stated = models.JSONField(default=dict)
    # {field: [[time stated, control id, value], ...]}, oldest first: what was said about this very record.
    # The columns are folded from it (statements.py), so that neither the order of arrival nor a merge that
    # becomes known late makes a difference, and an undone merge gives every record its own facts back.
    statements = models.JSONField(default=dict)
    died_at = models.DateTimeField(null=True)
    is_dead = models.BooleanField(default=False)
    # The hospital asks for special discretion (PD1-12, ARV) or deleted the record: shown to nobody until staff decide.
    restricted_reason = models.CharField(max_length=32, blank=True)  # confidential | deleted
    # What the person prefers (N10, S23).
    notice_channel = models.CharField(max_length=4, default="mail")  # mail | sms
    tell_after_visit = models.BooleanField(default=False)  # results only once the visit is over
    # When the desk entered the person's own e-mail and mobile with a document: what a guardian's contact had
    # filled before counts no more.
    own_contact_at = models.DateTimeField(null=True)
    # Came by an initial load or a quiet sender: no account by itself, staff invite (S7).
    is_quiet = models.BooleanField(default=False)
    # A merge re-points nothing: rows stay with their patient, queries take all aliases of the survivor.
    survivor = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="aliases")
    # When the hospital says the merge was: what it said later about the old record concerns the survivor.
    merged_at = models.DateTimeField(null=True)
    # Raised in the transaction of every change of who may see what; tickets, sessions, shares compare it on
    # use.
    access_epoch = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["updated_at"], name="patient_updated"),
            models.Index(fields=["email"], name="patient_email"),
            models.Index(fields=["birth_date"], name="patient_birth_date"),
        ]

    def __str__(self) -> str:
        return f"Patient {self.pk}"  # never a name: this string ends up in logs


class PatientIdentifier(models.Model):
    """The link key: never a value without its issuer, two hospitals share 000123."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identifiers")
    issuer = models.CharField(max_length=128)
    value = models.CharField(max_length=128)
    kind = models.CharField(max_length=16, blank=True)  # CX.5: MR, NNPOL (PESEL), PPN, ...
    replaced_at = models.DateTimeField(null=True)  # A47: still leads here, is no longer shown
    changed_at = models.DateTimeField(null=True)  # the newest A47 that named it, whichever side it stood on
    # Set when `issuer` is a namespace that the sender wrote beside this universal id (CX.4.1 & CX.4.2).
    stands_for = models.CharField(max_length=128, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "value"], name="patientidentifier_once")]


class IssuerAlias(models.Model):
    """One assigning authority under two names: a namespace of some tables, and its universal id.

    is_confirmed: staff said so; then each stands for the other. What messages wrote side by side is kept
    unconfirmed: it only shows when one namespace is used by two authorities and therefore means neither.
    """

    namespace = models.CharField(max_length=128)
    issuer = models.CharField(max_length=128)
    is_confirmed = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["namespace", "issuer"], name="issueralias_once")]


class DeskTask(models.Model):
    """Something the registration desk must do so that this patient gets an account, or keeps a reachable one.

    kind: no_email | no_mobile | number_not_allowed | no_birth_date | under_age | contact_change |
    own_contact | two_accounts | guardian_proposed | identifiers_of_two | patient_deleted | patient_died | death_taken_back |
    seen_by_other | mail_bounced | shared_email | number_refused.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="desk_tasks")
    kind = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "kind"], condition=models.Q(done_at=None), name="desktask_open_once"
            )
        ]


class MergeRecord(models.Model):
    """Journal of merges, links and moves: what a message said, what was done, and whether staff took it back.

    A message that is replayed finds its own record and does nothing; one whose record was undone by staff as
    well.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=8)  # merge | link | unlink | change (A47) | move (A43)
    survivor = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    stated_at = models.DateTimeField()
    origin = models.CharField(max_length=64, blank=True)  # InboundMessage.uid; blank = a person or script
    accounts = models.JSONField(default=list)  # what was done to accounts, to take it back
    done_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["other", "survivor"], name="mergerecord_pair")]


class GuardianProposal(models.Model):
    """NK1 of a minor: somebody who may become the carer once the desk has seen a document (N11)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="guardian_proposals")
    family_name = models.CharField(max_length=200)
    given_name = models.CharField(max_length=200, blank=True)
    relation = models.CharField(max_length=16, blank=True)  # HL70063
    email = models.EmailField(blank=True)
    mobile = models.CharField(max_length=20, blank=True)
    identifiers = models.JSONField(default=list)  # [[issuer, value]]
    proposed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=16, blank=True)  # dismissed | taken

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "family_name", "given_name", "relation"], name="guardianproposal_once"
            )
        ]


class Grant(models.Model):
    """One account may see what is here of one person, within a scope, from a day to a day (N11, B28).

    Whether it counts at this moment is queries.grants' business alone: guardian's ends with the 18th birthday,
    whether or not a job was there to note it.
    """

    class Kind(models.TextChoices):
        GUARDIAN = "guardian"  # of a minor: parent or appointed by a court
        AUTHORISED = "authorised"  # named by the person, or by a document

    class Scope(models.TextChoices):
        ALL = "all"
        NO_REPORTS = "no_reports"
        CHOSEN = "chosen"  # examinations keeps which

    class Source(models.TextChoices):
        PATIENT = "patient"
        DESK = "desk"
        PROPOSAL = "proposal"
        RELEASE = "release"  # by the desk, of somebody who has died

    id = models.UUIDField(primary_key=True, default=new_id)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="grants")
    # Empty while an offer of the patient waits for whoever holds its code.
    account = models.ForeignKey(
        "accounts.Account", null=True, on_delete=models.CASCADE, related_name="grants"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    relation = models.CharField(max_length=16, blank=True)  # HL70063
    scope = models.CharField(max_length=10, choices=Scope)
    source = models.CharField(max_length=8, choices=Source)
    carer_name = models.CharField(max_length=200)  # as the document or the patient says
    document = models.CharField(max_length=200, blank=True)  # what the desk has looked at
    offer_digest = models.CharField(max_length=64, unique=True, null=True)
    offer_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # patient | carer | desk | age | date | offer | closed (an account) | death | alive (after all)
    end_reason = models.CharField(max_length=16, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["account"], condition=models.Q(ended_at=None), name="grant_account"),
            models.Index(fields=["patient"], name="grant_patient"),
        ]


class InvitationWave(models.Model):
    """After the initial load: N accounts a day, until everybody who can have one was invited (S7)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    per_day = models.PositiveIntegerField()
    born_before = models.DateField(null=True)
    seen_since = models.DateField(null=True)  # only patients with an examination on or after this date
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=64)  # account id of the staff member
    stopped_at = models.DateTimeField(null=True)


class Invitation(models.Model):
    """delivered, bounced and activated are read from the outbox and the account, never written here."""

    wave = models.ForeignKey(InvitationWave, on_delete=models.CASCADE, related_name="invitations")
    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="invitation")
    account = models.ForeignKey("accounts.Account", null=True, on_delete=models.SET_NULL, related_name="+")
    sent_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["wave", "sent_at"], name="invitation_wave")]
