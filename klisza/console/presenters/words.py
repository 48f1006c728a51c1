"""Codes of our tables in words that a clerk understands."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from klisza.examinations.models import StudyIntake

REASONS = {
    "rejected_by_staff": gettext_lazy("Rejected by staff"),
    "order_cancelled": gettext_lazy("The order of these images was cancelled"),
    "no_patient_id": gettext_lazy("The images carry no patient identifier"),
    "unknown_patient": gettext_lazy("No patient with this identifier is known"),
    "birth_date_differs": gettext_lazy("The date of birth differs from the patient's"),
    "name_differs": gettext_lazy("The name differs from the patient's"),
    "name_of_other_patient": gettext_lazy("The name in the images is that of another patient"),
    "accession_of_other_patient": gettext_lazy(
        "The accession number belongs to another patient's examination"
    ),
    "study_of_other_patient": gettext_lazy("The study stands under another patient's examination"),
    # Linked all the same; staff may want to know.
    "family_name_differs": gettext_lazy("The family name differs from the patient's"),
    "given_name_differs": gettext_lazy("The first name differs from the patient's"),
}
# What was put aside, and what to do about it.
OBJECTS = {
    "same_uid_other_bytes": (
        gettext_lazy("An image that is already there came again with another content"),
        gettext_lazy(
            "The first one stays: an image is never overwritten. If the new one is right, have it sent with a "
            "number (UID) of its own and the old one rejected."
        ),
    ),
    "same_study_other_patient": (
        gettext_lazy("Images of one study name two patients"),
        gettext_lazy(
            "Have the patient corrected in the archive and the whole study sent again. This image then joins it "
            "by itself."
        ),
    ),
    "unreadable": (
        gettext_lazy("The object cannot be read"),
        gettext_lazy("It stayed with its sender, who was told. Have it looked at there and sent again."),
    ),
}
CONTENTS = {
    "True": gettext_lazy("The pictures themselves are the same; only what is written about them differs."),
    "False": gettext_lazy("The pictures themselves differ."),
}
# What an image says, as staff call it.
FIELDS = {
    "patient_id": gettext_lazy("Identifier"),
    "issuer": gettext_lazy("Issuer of the identifier"),
    "patient_name": gettext_lazy("First and family name"),
    "patient_birth_date": gettext_lazy("Date of birth"),
    "patient_sex": gettext_lazy("Sex"),
    "accession_number": gettext_lazy("Accession number"),
    "study_description": gettext_lazy("Examination"),
    "study_date": gettext_lazy("Day of the examination"),
    "study_time": gettext_lazy("Time of the examination"),
    "study_id": gettext_lazy("Number of the examination at the device"),
    "institution_name": gettext_lazy("Made at"),
    "modality": gettext_lazy("Modality"),
    "series_description": gettext_lazy("Series"),
    "series_number": gettext_lazy("Number of the series"),
    "body_part_examined": gettext_lazy("Part of the body"),
    "laterality": gettext_lazy("Side of the body"),
    "station_name": gettext_lazy("Device"),
    "instance_number": gettext_lazy("Number of the image"),
    "rows": gettext_lazy("Height in pixels"),
    "columns": gettext_lazy("Width in pixels"),
    "number_of_frames": gettext_lazy("Frames"),
    "sop_class_uid": gettext_lazy("Type of the object (SOP Class UID)"),
    "study_instance_uid": gettext_lazy("Study Instance UID"),
    "series_instance_uid": gettext_lazy("Series Instance UID"),
}
TASKS = {
    "no_email": gettext_lazy("E-mail address is missing"),
    "no_mobile": gettext_lazy("Mobile number is missing"),
    "number_refused": gettext_lazy("A login code could not be sent to this telephone number"),
    "number_not_allowed": gettext_lazy("No codes can be sent to this telephone number"),
    "no_birth_date": gettext_lazy("Date of birth is missing"),
    "under_age": gettext_lazy("The patient is under 18: no account of one's own"),
    "own_contact": gettext_lazy(
        "Of age now, with contact data from before: enter the person's own, with a document"
    ),
    "contact_change": gettext_lazy(
        "The record has another e-mail or mobile than the account: check with the patient"
    ),
    "two_accounts": gettext_lazy(
        "Merged from two records that both have an account: find out which one stays"
    ),
    "guardian_proposed": gettext_lazy("The hospital's system names a carer: check the document"),
    "identifiers_of_two": gettext_lazy("A message gave identifiers of two records: is it one person?"),
    "patient_deleted": gettext_lazy("The hospital's system has deleted this patient: close the account?"),
    "patient_died": gettext_lazy("The patient has died: the account is closed to everybody"),
    "death_taken_back": gettext_lazy(
        "The hospital's system took a death back: unlock the account, enter carers anew"
    ),
    "seen_by_other": gettext_lazy("Somebody else may have seen data of this patient"),
    "mail_bounced": gettext_lazy("A mail came back: the e-mail address is wrong"),
    "shared_email": gettext_lazy("Another patient uses the same e-mail address: is that right?"),
}
MESSAGE_STATES = {
    "waiting": gettext_lazy("Waiting to be applied"),
    "applied": gettext_lazy("Applied"),
    "held": gettext_lazy("Waits for its patient"),
    "refused": gettext_lazy("Refused"),
    "failed": gettext_lazy("Failed in the portal"),
    "repeated": gettext_lazy("Repeated: no effect"),
    "ignored": gettext_lazy("Understood, nothing to do"),
}
# What a message could not settle, and what to do about it.
WORK = {
    "no_order": (
        gettext_lazy("A report or a document names an order that the portal does not know"),
        gettext_lazy("Have the order sent again. The report already stands with the patient."),
    ),
    "unknown_patient": (
        gettext_lazy("The patient is not known"),
        gettext_lazy("Have the patient's record sent (ADT). The message is then applied by itself."),
    ),
    "no_mobile": (
        gettext_lazy("No telephone number of the patient can receive text messages"),
        gettext_lazy("Enter a mobile number in the hospital's system."),
    ),
    "status_unknown": (
        gettext_lazy("The report has no status that the portal knows"),
        gettext_lazy("It is kept as a draft and shown to nobody. Have OBR-25 corrected at the sender."),
    ),
    "document_unreadable": (
        gettext_lazy("A document in the message cannot be read"),
        gettext_lazy("Look at the file at the sender and have it sent again."),
    ),
    "patient_differs": (
        gettext_lazy("Name or date of birth in the message differ from the record"),
        gettext_lazy("Make sure whose the examination is. With another date of birth it is shown to nobody."),
    ),
    "identifiers_of_two": (
        gettext_lazy("The identifiers in the message belong to two patients"),
        gettext_lazy(
            "Find out whether it is one person. If so, have the records merged in the hospital's system."
        ),
    ),
    "patient_deleted": (
        gettext_lazy("The hospital's system has deleted this patient"),
        gettext_lazy(
            "Nothing is shown any more. Decide on the patient's page whether the account is closed."
        ),
    ),
    "move_needs_staff": (
        gettext_lazy("Examinations were moved to another patient and need a look"),
        gettext_lazy("Check on both patients' pages whose each examination is."),
    ),
    "cancelled_but_visible": (
        gettext_lazy("An order was cancelled, but the patient already sees images or a report of it"),
        gettext_lazy(
            "Ask the department whether these results are right, and hold them back if they are not."
        ),
    ),
    "wrong_patient": (
        gettext_lazy("The sender says that a report was filed under the wrong patient"),
        gettext_lazy("It is hidden. Tell the data protection officer; the right patient gets a new report."),
    ),
    "pointer_not_allowed": (
        gettext_lazy("The message points to a file at an address that is not allowed"),
        gettext_lazy("Have the document sent inside the message."),
    ),
    "control_id_reused": (
        gettext_lazy("A message number came again with another content"),
        gettext_lazy("Both messages were applied. Tell whoever runs the sender: its counter starts anew."),
    ),
    "accession_of_other_patient": (
        gettext_lazy("The accession number or the study stands under another patient"),
        gettext_lazy(
            "Nothing was linked. Find out which of the two has the wrong number and have it corrected."
        ),
    ),
    "order_moved": (
        gettext_lazy("An order was moved to another patient"),
        gettext_lazy(
            "Its images and reports were looked at again. Check that nothing stays with the wrong patient."
        ),
    ),
    "refused": (
        gettext_lazy("The message was accepted and then could not be applied"),
        gettext_lazy("Read the reason and have the message corrected at the sender."),
    ),
    "failed": (
        gettext_lazy("The portal failed on this message"),
        gettext_lazy("Tell whoever runs the portal; after the repair, replay the message."),
    ),
}
WORK_UNKNOWN = gettext_lazy("Look at the message and at the patient's record.")
MESSAGES = {
    "account": gettext_lazy("First letter with the temporary password"),
    "code": gettext_lazy("Code for signing in"),
    "reset": gettext_lazy("Link for a new password"),
    "names": gettext_lazy("Forgotten user name"),
    "locked": gettext_lazy("Note that the account is locked"),
    "merged": gettext_lazy("Note that two accounts became one"),
    "password": gettext_lazy("Note that the password was changed"),
    "security": gettext_lazy("Note about the account's safety"),
    "notice": gettext_lazy("Note about a new result"),
    "factor": gettext_lazy("Note that a way of signing in was added or removed"),
    "carer": gettext_lazy("Note about a carer's access"),
    "alarm": gettext_lazy("Alarm: many wrong logins"),
    "contact": gettext_lazy("Note that the hospital has another e-mail address or mobile number"),
    "share": gettext_lazy("Link or PIN of a share"),
    "shares": gettext_lazy("Note about shares"),
    "surveys": gettext_lazy("Note about a survey"),
}
CHANNELS = {"mail": pgettext_lazy("a message", "e-mail"), "sms": pgettext_lazy("a message", "text message")}
RELATIONS = {
    "MTH": gettext_lazy("mother"),
    "FTH": gettext_lazy("father"),
    "GRD": gettext_lazy("legal guardian"),
    "PAR": gettext_lazy("parent"),
    "GRP": gettext_lazy("grandparent"),
    "SPO": gettext_lazy("husband or wife"),
    "": gettext_lazy("relation not given"),
}
CAUSES = {
    "report_wrong_patient": gettext_lazy("A report was filed under the wrong patient"),
    "rejection_note": gettext_lazy("Images were rejected as those of another patient"),
    "moved_study": gettext_lazy("Images were moved to another patient"),
    "order_moved": gettext_lazy("An order was moved to another patient"),
}
LOOKS = {
    "list.viewed": gettext_lazy("List of examinations opened"),
    "examination.opened": gettext_lazy("Examination opened"),
    "images.viewed": gettext_lazy("Images viewed"),
    "report.opened": gettext_lazy("Report opened"),
    "report.downloaded": gettext_lazy("Report downloaded"),
    "report.printed": gettext_lazy("Report printed"),
    "export.downloaded": gettext_lazy("Copy of the examination downloaded"),
    "export.cancelled": gettext_lazy("Download of a copy cancelled"),
    "document.opened": gettext_lazy("Document opened"),
    "document.downloaded": gettext_lazy("Document downloaded"),
}
AGENTS = {
    "account": gettext_lazy("the patient's account"),
    "staff": gettext_lazy("staff"),
    "guest": gettext_lazy("recipient of a share"),
    "machine": gettext_lazy("another system"),
    "system": gettext_lazy("the portal itself"),
}
ROLES = {
    "registration": gettext_lazy("registration"),
    "clinic": gettext_lazy("clinic"),
    "radiology": gettext_lazy("radiology"),
    "privacy": gettext_lazy("data protection"),
    "integration": gettext_lazy("technical service"),
    "admin": gettext_lazy("administration"),
}
IMAGES = {
    "none": gettext_lazy("none"),
    "receiving": gettext_lazy("arriving"),
    "available": gettext_lazy("here"),
    "withdrawn": gettext_lazy("withdrawn"),
}
REPORT = {
    "none": gettext_lazy("none"),
    "pending": gettext_lazy("draft only"),
    "available": pgettext_lazy("the report", "here"),
    "corrected": gettext_lazy("here, corrected"),
    "withdrawn": pgettext_lazy("the report", "withdrawn"),
}
WHY = {
    "at_once": gettext_lazy("at once, by the rules"),
    "days": gettext_lazy("a number of days, by the rules"),
    "clinician": gettext_lazy("the clinic releases it, by the rules"),
    "visit": gettext_lazy("after the visit, by the rules"),
    "never": gettext_lazy("never, by the rules"),
    "report_first": gettext_lazy("together with the report, by the rules"),
    "staff_hold": gettext_lazy("held back by the clinic"),
    "staff_release": gettext_lazy("released by the clinic"),
    "patient_wish": gettext_lazy("the patient wants to be told after the visit"),
    "": gettext_lazy("not decided yet"),
}
SUBJECTS = {"images": gettext_lazy("Images"), "report": gettext_lazy("Report")}
DECISIONS = {
    "hold": gettext_lazy("held back"),
    "release": gettext_lazy("released"),
    "rule": gettext_lazy("back to the rules"),
}
ECHO = {
    "no_address": gettext_lazy("The entry is a network; C-ECHO needs one address."),
    "no_port": gettext_lazy("The entry has no port."),
    "unreachable": gettext_lazy(
        "Nobody answers at this address and port: switched off, another port, or a firewall."
    ),
    "rejected": gettext_lazy(
        "It refuses us: enter our title and address there, and check its own title here."
    ),
    "no_verification": gettext_lazy("It does not offer C-ECHO."),
    "no_answer": gettext_lazy("It took the connection and then said nothing."),
    "failed": gettext_lazy("It answered with an error."),
}
CANDIDATES = {
    "same_number": gettext_lazy("has the same number from another issuer"),
    "same_person": gettext_lazy("has the same name and date of birth"),
    "found": gettext_lazy("found by the search"),
}
STUDY_STATES = {
    "mixed": gettext_lazy("Its images name two patients: shown to nobody until they agree"),
    "moved": gettext_lazy("All its images name another patient now: being matched anew"),
    "quality": gettext_lazy("Rejected for bad quality"),
    "safety": gettext_lazy("Rejected for the patient's safety"),
    "wrong_patient": gettext_lazy("Rejected as images of another patient"),
    "rejected": gettext_lazy("Rejected by staff"),
}
CORRECTIONS = {
    "rejected": gettext_lazy("rejected"),
    "restored": gettext_lazy("shown again"),
    "mixed": gettext_lazy("images came again with another patient"),
    "unmixed": gettext_lazy("the images agree again"),
    "moved": gettext_lazy("all images name the new patient"),
    "shown": gettext_lazy("matched with the new patient and shown again"),
}
# Codes of rejection notes (PS3.16 CID 7011).
REJECTED = {
    "113001": gettext_lazy("Rejected for bad quality"),
    "113037": gettext_lazy("Rejected for the patient's safety"),
    "113038": gettext_lazy("Rejected as images of another patient"),
}
# How an association ended.
ASSOCIATIONS = {
    "released": gettext_lazy("ended properly"),
    "aborted": gettext_lazy("broken off"),
    "rejected": gettext_lazy("turned away"),
}
# Why a connection was refused or cut; the door says it in English, as its log does.
DOORS = {
    "called AE title not recognised": gettext_lazy("It calls us by another title than ours"),
    "calling AE title not recognised at this address": gettext_lazy(
        "Its title and address are not among the senders of images"
    ),
    "address is not on the list": gettext_lazy("Its address is not among the senders of messages"),
    "message too large": gettext_lazy("A message was larger than this sender may send"),
    "message not complete in time": gettext_lazy("A message was not complete in time"),
    "start block inside a message": gettext_lazy("A new message began inside of another one"),
    "no message in what was sent": gettext_lazy("What was sent was no HL7 message"),
}
# Why an account is locked or closed, and what to do about it.
LOCKED = {
    "passwords": gettext_lazy("Too many wrong passwords. Unlock it when you have made sure who is asking."),
    "codes": gettext_lazy(
        "Too many wrong codes: somebody may know the password. Unlocked, it needs a new password."
    ),
    "staff": gettext_lazy("It was locked by staff."),
    "merge": gettext_lazy("Put aside when two records were joined: the person's other account counts."),
    "hospital": gettext_lazy("The hospital's system has deleted this record."),
    "died": gettext_lazy(
        "The hospital's system says that this person has died. If not, correct it there first."
    ),
    "guardian": gettext_lazy(
        "The person is 18 now: what a parent or guardian had given no longer logs in. Enter the person's own "
        "e-mail and mobile number first, with a document."
    ),
}
DELIVERIES = {
    "waiting": gettext_lazy("waits to be sent since %(at)s"),
    "sending": gettext_lazy("is being sent since %(at)s"),
    "sent": gettext_lazy("sent %(at)s"),
    "failed": gettext_lazy("could not be sent, %(at)s"),
    "expired": gettext_lazy("not sent in time, %(at)s"),
    "bounced": gettext_lazy("came back %(at)s"),
}
# What stands between a patient and an account (patients' service why_no_account).
NO_ACCOUNT = {
    "no_email": gettext_lazy("There is no e-mail address."),
    "no_mobile": gettext_lazy("There is no mobile number."),
    "number_not_allowed": gettext_lazy("No codes can be sent to the telephone number on file."),
    "no_birth_date": gettext_lazy("The date of birth is missing: have it entered in the hospital's system."),
    "under_age": gettext_lazy("Under 18: an own account only at the desk, with the person's own document."),
    "too_young": gettext_lazy("Too young for an own account: enter a parent or guardian as carer."),
    "own_contact": gettext_lazy(
        "Of age, but the e-mail or mobile number on file may be a parent's: enter the person's own."
    ),
    "died": gettext_lazy("The patient has died."),
    "restricted": gettext_lazy("The hospital keeps this record back."),
    "put_aside": gettext_lazy("There was an account; it was put aside. No second one appears by itself."),
    "no_name": gettext_lazy("The record has no name yet: the hospital's system has to send it."),
    "invitation": gettext_lazy(
        "This hospital invites its patients: the account appears with the invitation."
    ),
    "examination": gettext_lazy("The account appears with the first examination that can be looked at."),
}
# Why an examination does not stand in its patient's list (the gate's own words).
NOT_LISTED = {
    "record": gettext_lazy("Not shown: the hospital keeps this record back."),
    "planned": gettext_lazy("Not shown: it has not been performed yet."),
    "kind": gettext_lazy("Not shown: a rule says that examinations of this kind are not shown."),
    "cancelled": gettext_lazy("Not shown: it was cancelled."),
    "nothing": gettext_lazy("Not shown: neither images nor a report nor an order is there."),
}
HIDDEN = {
    "moved": gettext_lazy(
        "Hidden: another system moved something of this patient, and nobody has looked yet"
    ),
    "order_moved": gettext_lazy("Hidden: its order now belongs to another patient"),
    "no_order": gettext_lazy("Hidden: there is no order for these images yet"),
}
RELEASED = {
    "at_once": gettext_lazy("at once"),
    "clinician": gettext_lazy("when the clinic releases it"),
    "visit": gettext_lazy("after the visit"),
    "never": gettext_lazy("never"),
    "report": gettext_lazy("together with the report"),
}
RESTRICTED = {
    "confidential": gettext_lazy(
        "The hospital asks for special discretion: nobody sees anything in the portal"
    ),
    "deleted": gettext_lazy(
        "The hospital's system has deleted this record: nobody sees anything in the portal"
    ),
}
MERGES = {
    "merge": gettext_lazy("Two records joined"),
    "link": gettext_lazy("Records of two systems linked"),
    "unlink": gettext_lazy("Link between two records ended"),
    "change": gettext_lazy("Identifier changed"),
    "move": gettext_lazy("Identifier moved to another record"),
}
# What was odd about a message that was understood all the same; the gateway says it in English.
WARNINGS = {
    "control id reused with another body": gettext_lazy(
        "the number of the message was used before, with another content"
    ),
    "TXA-12 is empty: TXA-13 and what follows read as one field too far": gettext_lazy(
        "TXA-12 is empty: the fields after it were read one place further on"
    ),
    "an attachment without data": gettext_lazy("an attachment without content"),
    "no status of the report": gettext_lazy("no status of the report"),
    "an unknown status": gettext_lazy("an unknown status"),
    "all text is withdrawn, read as X": gettext_lazy("the whole text is withdrawn: taken as withdrawn (X)"),
    "all text is preliminary, read as P": gettext_lazy(
        "the whole text is preliminary: taken as preliminary (P)"
    ),
    "no start of the appointment": gettext_lazy("the appointment has no beginning"),
    "the e-mail address cannot be one, left out": gettext_lazy("this is no e-mail address: left out"),
    "not a day, left out": gettext_lazy("this is no date: left out"),
    "not a time, left out": gettext_lazy("this is no time: left out"),
    "no time said": gettext_lazy("no time of the message"),
    "later than MSH-7, which counts": gettext_lazy("later than the message itself: the time of MSH-7 counts"),
    "EVN-1 contradicts MSH-9; MSH-9 counts": gettext_lazy("EVN-1 contradicts MSH-9: MSH-9 counts"),
    "no version": gettext_lazy("no version of HL7"),
    "an order without any number, left out": gettext_lazy("an order without any number: left out"),
    "several patients in one message, the first one is read": gettext_lazy(
        "several patients in one message: only the first one was read"
    ),
    "a report without anything to read": gettext_lazy("a report without text and without file"),
    "an appointment without a number was left out": gettext_lazy("an appointment without number: left out"),
    "an order without placer, filler and accession number was left out": gettext_lazy(
        "an order without any number: left out"
    ),
    "not a PESEL by its check digit, kept as a local number": gettext_lazy(
        "the check digit of the PESEL is wrong: kept as a local number"
    ),
    "the PESEL and PID-7 or PID-8 contradict each other": gettext_lazy(
        "the PESEL contradicts the date of birth or the sex"
    ),
    "message type without use for the portal": gettext_lazy("the portal has no use for this type of message"),
}
# Rows that a message makes or changes; others are called by their class.
ROWS = {
    "Patient": gettext_lazy("patients"),
    "PatientIdentifier": gettext_lazy("identifiers of patients"),
    "MergeRecord": gettext_lazy("merges, links and moves of records"),
    "Account": gettext_lazy("accounts"),
    "DeskTask": gettext_lazy("tasks of the registration desk"),
    "GuardianProposal": gettext_lazy("proposed carers"),
    "Examination": gettext_lazy("examinations"),
    "ExaminationIdentifier": gettext_lazy("numbers of examinations"),
    "Order": gettext_lazy("orders"),
    "Appointment": gettext_lazy("appointments"),
    "Report": gettext_lazy("reports"),
    "ReportVersion": gettext_lazy("versions of reports"),
    "Document": gettext_lazy("documents"),
    "ExaminationStudy": gettext_lazy("links to images"),
    "Breach": gettext_lazy("cases for the data protection officer"),
    "NoticeIntent": gettext_lazy("notices to patients"),
    "Message": gettext_lazy("mails and text messages"),
    "Order_examinations": gettext_lazy("links between orders and examinations"),
    "Report_examinations": gettext_lazy("links between reports and examinations"),
    "ReportDocument": gettext_lazy("further files of reports"),
    "ExaminationDocument": gettext_lazy("links between documents and examinations"),
    "DocumentStatement": gettext_lazy("statements about documents"),
    "DocumentStatement_documents": gettext_lazy("links between statements and documents"),
    "DocumentPage": gettext_lazy("pages of documents"),
    "DocumentName": gettext_lazy("numbers of documents"),
    "ReleaseDecision": gettext_lazy("decisions of the clinic"),
    "StudyDecision": gettext_lazy("decisions about images"),
    "StudyIntake": gettext_lazy("results of matching images"),
    "EncapsulatedIntake": gettext_lazy("reports taken out of images"),
    "Study": gettext_lazy("studies (images)"),
    "Invitation": gettext_lazy("invitations"),
    "Login": gettext_lazy("sign-ins"),
    "Code": gettext_lazy("codes for signing in"),
    "Reset": gettext_lazy("links for a new password"),
    "Revocation": gettext_lazy("accesses ended at once"),
    "Export": gettext_lazy("copies for download"),
}

OUTCOMES = {
    "linked": gettext_lazy("linked to its examination"),
    "unmatched": gettext_lazy("without a patient"),
    "not_shown": gettext_lazy("of a kind that is not shown"),
    "rejected": gettext_lazy("rejected by staff"),
}


def outcome(intake: StudyIntake | None, *, settled: bool) -> str:
    """What became of images that came in, and why."""
    if intake is None:
        return str(_("waiting to be matched") if settled else _("arriving"))
    what = word(OUTCOMES, intake.outcome)
    return f"{what}: {word(REASONS, intake.reason)}" if intake.reason else what


def word(table: Mapping[str, object], code: str) -> str:
    """A code nobody has translated yet is still better than nothing."""
    return str(table.get(code, code))


def warning(sentence: str) -> str:
    """In the reader's language, behind the place in the message; what nobody has translated stays as it is."""
    if sentence in WARNINGS:
        return str(WARNINGS[sentence])
    place, colon, rest = sentence.partition(": ")
    return f"{place}: {WARNINGS[rest]}" if colon and rest in WARNINGS else sentence


def trouble(kind: str) -> tuple[object, object]:
    """What it is and what to do about it."""
    return WORK.get(kind, (kind, WORK_UNKNOWN))
