"""Sentences for the person who answers: what is wrong, and what to do."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from klisza.standards.questionnaire.model import Item
from klisza.standards.questionnaire.validate import Fault

from .reciting import moment_in_words, number_in_words

ENDS = ("?", "!", ".", ":", "…")


def sentence(item: Item, code: str, detail: str = "") -> str:
    """code, detail: as validate.Fault."""
    if code == "required":
        return _("Please answer this question.")
    if code == "type":
        return _type(item)
    if code in ("too_small", "too_large"):
        return _range(code, detail)
    if code in ("too_few", "too_many"):
        return _number_of(code, detail)
    if code == "size":
        return _("This file is too large: at most %(most)s MB.") % {"most": max(1, int(detail) // 1024**2)}
    if code == "too_long":
        return _("This is too long: at most %(most)s characters.") % {"most": detail}
    if code == "decimals":
        return _("Please write at most %(most)s digits after the comma.") % {"most": detail}
    if code == "pattern":
        return (
            _("Please write it like this: %(format)s") % {"format": detail}
            if detail
            else _("This is not written in the form that is asked for.")
        )
    return {
        "option": _("Please choose one of the answers."),
        "exclusive": _("This answer cannot be chosen together with others."),
        "unit": _("Please choose one of the units."),
        "mime": _("This kind of file is not asked for here."),
    }.get(code, _("This is no answer to the question."))


def _type(item: Item) -> str:
    return {
        "integer": _("Please write a whole number, such as 12."),
        "decimal": _("Please write a number, such as 72,5."),
        "quantity": _("Please write a number, such as 72,5."),
        "date": _("Please check the date: day, month and year in digits."),
        "dateTime": _("Please check the date: day, month and year in digits."),
        "time": _("Please write the time like this: 14:30"),
        "url": _("Please write the whole address, such as https://example.org"),
        "attachment": _("Here only a PDF or a photo can be added."),
    }.get(item.type, _("This is no answer to the question."))


def _range(code: str, detail: str) -> str:
    limit = moment_in_words(detail) if ":" in detail or detail.count("-") > 1 else number_in_words(detail)
    if code == "too_small":
        return _("This is too little: the least is %(least)s.") % {"least": limit}
    return _("This is too much: the most is %(most)s.") % {"most": limit}


def _number_of(code: str, detail: str) -> str:
    number = int(detail or 0)
    if code == "too_few":
        text = ngettext("Please give at least %(n)s answer.", "Please give at least %(n)s answers.", number)
    else:
        text = ngettext("Please give at most %(n)s answer.", "Please give at most %(n)s answers.", number)
    return text % {"n": number}


def joined(label: str, text: str) -> str:
    """A question and what is said of it, in one line: nothing more behind its question mark."""
    return f"{label} {text}" if label.endswith(ENDS) else f"{label} – {text}"


def of_fault(item: Item, fault: Fault) -> str:
    return sentence(item, fault.code, fault.detail)
