"""One question as a form. Which fields there are depends on its type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as gettext_now
from django.utils.translation import gettext_lazy as _

from klisza.questionnaires.building import answers, fhir, fields
from klisza.questionnaires.building.words import OPERATORS, TYPES, Choice
from klisza.standards.questionnaire import flags

from .staff_define import in_order

LOOKS: tuple[Choice, ...] = (
    ("", _("as the portal likes")),
    ("radio-button", _("all to be seen")),
    ("drop-down", _("a list that opens")),
)
SEVERITIES: tuple[Choice, ...] = (("danger", _("danger")), ("warning", _("warning")), ("info", _("note")))
PREFILL: tuple[Choice, ...] = (
    ("", _("nothing")), ("given", _("first name of the patient")), ("family", _("family name of the patient")),
    ("birth_date", _("date of birth of the patient")), ("sex", _("sex of the patient")),
)  # fmt: skip
CONDITIONS_LEAST, FLAGS_LEAST = 2, 2
NUMBERS = ("integer", "decimal", "quantity")
WORDS = ("string", "text")
CALCULATED = ("integer", "decimal", "quantity", "string")
PREFILLED = ("string", "date", "choice")
REPEATING = (
    "choice",
    "open-choice",
    "string",
    "text",
    "integer",
    "decimal",
    "quantity",
    "date",
    "attachment",
    "url",
    "group",
)


class AddItem(forms.Form):
    type = forms.ChoiceField(label=_("Kind"), choices=TYPES)
    text = forms.CharField(label=_("Question or text"), max_length=1000)
    after = forms.ChoiceField(label=_("Where"), required=False)

    def __init__(self, data: Any, *, places: Sequence[Choice]) -> None:
        super().__init__(data, auto_id="add-%s")
        field = self.fields["after"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = [("", _("at the end")), *places]


class ItemForm(forms.Form):
    """item: as FHIR has it. asked: the questions that may stand in a condition, (link id, words, item)."""

    def __init__(
        self, data: Any, *, item: dict[str, Any], main: str, asked: Sequence[tuple[str, str, dict[str, Any]]]
    ) -> None:
        self.item, self.main, self.asked = item, main, asked
        self.type = str(item.get("type", ""))
        self.languages = in_order(main)
        super().__init__(data, auto_id="item-%s")
        self._add_words()
        if self.type not in ("group", "display"):
            self._add_answering()
        if self.type in REPEATING:
            label = (
                _("Several answers can be chosen")
                if self.type in fields.CHOICES
                else _("Can be answered several times")
            )
            self._flag("repeats", label, bool(item.get("repeats")))
        if self.type == "group":
            self._flag("page", _("A new page begins here"), fhir.control_of(item) == "page")
        self._add_kind()
        self._add_conditions()
        if self.type not in ("group", "display"):
            self._add_flags()

    # what is shown

    def _add_words(self) -> None:
        area = {"rows": 2}
        for code, language in self.languages:
            self._put(
                f"text_{code}", _("Question or text"), language, fhir.words(self.item, "text", code, self.main),
                required=code == self.main, most=2000, widget=forms.Textarea(attrs=area),
            )  # fmt: skip
        if self.type == "display":
            return
        for code, language in self.languages:
            self._put(
                f"help_{code}", _("Help"), language, fields.help_of(self.item, code, self.main), most=2000,
                widget=forms.Textarea(attrs=area),
            )  # fmt: skip

    def _add_answering(self) -> None:
        self._flag("required", _("Must be answered"), bool(self.item.get("required")))
        if self.type in CALCULATED:
            self.fields["calculated"] = forms.CharField(
                label=_("Calculated by (FHIRPath)"), required=False, max_length=2000,
                initial=fields.expression_of(self.item, fhir.CALCULATED), widget=forms.Textarea(attrs={"rows": 2}),
                help_text=_("Empty for a question that is asked"),
            )  # fmt: skip
        if self.type in PREFILLED:
            now = fields.expression_of(self.item, fhir.INITIAL)
            known = {text: name for name, text in fields.PREFILLS.items()}
            others = (
                [] if now in known or not now else [("other", _("as it stands: %(words)s") % {"words": now})]
            )
            self.fields["prefill"] = forms.ChoiceField(
                label=_("Already filled in with"), choices=[*PREFILL, *others], required=False,
                initial=known.get(now, "other" if now else ""),
            )  # fmt: skip

    def _add_kind(self) -> None:
        if self.type in fields.CHOICES and not self.item.get("answerValueSet"):
            self._add_options()
        if self.type in NUMBERS:
            for name, label, url in (
                ("minimum", _("Least"), fhir.MINIMUM),
                ("maximum", _("Most"), fhir.MAXIMUM),
            ):
                now = fields.limit_of(self.item, url)
                now = now.get("value") if isinstance(now, dict) else now
                self.fields[name] = forms.DecimalField(label=label, required=False, initial=now)
            hint = _("One unit on each line") if self.type == "quantity" else _("Stands beside the number")
            self.fields["units"] = forms.CharField(
                label=_("Unit"), required=False, help_text=hint, initial="\n".join(fields.units_of(self.item)),
                widget=forms.Textarea(attrs={"rows": 3}) if self.type == "quantity" else forms.TextInput(),
            )  # fmt: skip
        if self.type in WORDS:
            self.fields["max_length"] = forms.IntegerField(
                label=_("Most characters"), required=False, min_value=1, max_value=10_000,
                initial=self.item.get("maxLength"),
            )  # fmt: skip

    def _add_options(self) -> None:
        for code, language in self.languages:
            self._put(
                f"options_{code}", _("Answers to choose from"), language,
                fields.option_lines(self.item, code, self.main), required=code == self.main and self.type == "choice",
                most=20_000, widget=forms.Textarea(attrs={"rows": 6}),
                help_text=_("One on each line") if code == self.main else _("The same lines, translated"),
            )  # fmt: skip
        self.fields["exclusive"] = forms.CharField(
            label=_("Answers that go with no other"), required=False, initial=fields.exclusive_lines(self.item),
            help_text=_("For example \"None of these\"; one on each line, in the words from above"),
            widget=forms.Textarea(attrs={"rows": 2}),
        )  # fmt: skip
        self.fields["look"] = forms.ChoiceField(
            label=_("How the answers stand"), choices=LOOKS, required=False,
            initial=fhir.control_of(self.item) if fhir.control_of(self.item) in dict(LOOKS) else "",
        )  # fmt: skip

    # when it is asked, and what staff are told

    def _add_conditions(self) -> None:
        now = self.item.get("enableWhen", [])
        count = max(CONDITIONS_LEAST, len(now) + 1)
        questions = [("", _("no condition")), *((link_id, words) for link_id, words, _item in self.asked)]
        for number in range(count):
            one = now[number] if number < len(now) else {}
            label = _("Only if this question") if number == 0 else _("or / and this question")
            self._choose(f"when_{number}", label, questions, str(one.get("question", "")))
            self._choose(f"operator_{number}", _("its answer"), OPERATORS, str(one.get("operator", "=")))
            self.fields[f"answer_{number}"] = forms.CharField(
                label=_("this answer"), required=False, max_length=300, initial=in_words(one, self._item_of(one)),
                widget=forms.TextInput(attrs={"list": "known-answers"}),
                help_text=_("yes, no, a number, a date as 2026-03-21, or the words of an answer") if number == 0 else "",
            )  # fmt: skip
        self._choose(
            "every", _("With more than one condition"), (("any", _("one of them is enough")), ("all", _("all must hold"))),
            "all" if self.item.get("enableBehavior") == "all" else "any",
        )  # fmt: skip

    def _add_flags(self) -> None:
        now = fields.flags_of(self.item, flags.URL)
        for number in range(max(FLAGS_LEAST, len(now) + 1)):
            answer, text, severity = now[number] if number < len(now) else (None, "", "danger")
            self.fields[f"flag_text_{number}"] = forms.CharField(
                label=_("Tell staff"), required=False, max_length=500, initial=text,
                help_text=_("Stands on top of the list of answers; the patient does not see it") if number == 0 else "",
            )  # fmt: skip
            self.fields[f"flag_answer_{number}"] = forms.CharField(
                label=_("when the answer is"), required=False, max_length=300, initial=in_words(answer or {}, self.item),
                help_text=_("Empty for any answer") if number == 0 else "",
            )  # fmt: skip
            self._choose(f"flag_severity_{number}", _("How grave"), SEVERITIES, severity)

    def _put(
        self, name: str, label: Any, language: Any, initial: str, *, required: bool = False, most: int,
        widget: forms.Widget, help_text: Any = "",
    ) -> None:  # fmt: skip
        self.fields[name] = forms.CharField(
            label=f"{label} ({language})", required=required, initial=initial, max_length=most, widget=widget,
            help_text=help_text,
        )  # fmt: skip

    def _flag(self, name: str, label: Any, initial: bool) -> None:
        self.fields[name] = forms.BooleanField(label=label, required=False, initial=initial)

    def _choose(self, name: str, label: Any, choices: Iterable[Any], initial: str) -> None:
        self.fields[name] = forms.ChoiceField(
            label=label, choices=list(choices), required=False, initial=initial
        )

    # what was entered

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in list(data):
            if name.startswith("when_") and data[name]:
                self._clean_condition(name.removeprefix("when_"), data)
            if name.startswith("flag_text_"):
                self._clean_flag(name.removeprefix("flag_text_"), data)
        if "look" in self.fields:
            self._clean_options(data)
        if (
            data.get("minimum") is not None
            and data.get("maximum") is not None
            and data["minimum"] > data["maximum"]
        ):
            self.add_error("maximum", _("The most is less than the least."))
        return data

    def _clean_condition(self, number: str, data: dict[str, Any]) -> None:
        items = {link_id: item for link_id, _words, item in self.asked}
        item, text = items[data[f"when_{number}"]], data.get(f"answer_{number}", "")
        operator = data.get(f"operator_{number}") or "="
        try:
            exists = operator == "exists"
            said = (
                {"valueBoolean": answers.yes_or_no(text or "yes")}
                if exists
                else self._same(number, item, text)
            )
        except answers.NotSuch:
            self.add_error(f"answer_{number}", _("This is no answer to that question."))
        else:
            data[f"condition_{number}"] = (data[f"when_{number}"], operator, said)

    def _same(self, number: str, item: Mapping[str, Any], text: str) -> answers.Answer:
        """The answer as it stands when its words were left alone."""
        now = self.item.get("enableWhen", [])
        one = now[int(number)] if int(number) < len(now) else {}
        if one.get("question") == item.get("linkId") and in_words(one, item) == text:
            return {f"value{key[6:]}": value for key, value in one.items() if key.startswith("answer")}
        return answers.said(item, text)

    def _item_of(self, condition: Mapping[str, Any]) -> Mapping[str, Any]:
        found = (item for link_id, _words, item in self.asked if link_id == condition.get("question"))
        return next(found, {})

    def _clean_flag(self, number: str, data: dict[str, Any]) -> None:
        text, answer = data.get(f"flag_text_{number}", ""), data.get(f"flag_answer_{number}", "")
        if answer and not text:
            self.add_error(f"flag_text_{number}", _("Say what staff are told."))
        if not text:
            return
        item = self.item
        if self.type in fields.CHOICES and "options_" + self.main in data:
            item = {"type": self.type, "answerOption": self._new_options(data)}
        now = fields.flags_of(self.item, flags.URL)
        before = now[int(number)][0] if int(number) < len(now) else None
        try:
            is_same = before is not None and in_words(before, self.item) == answer
            said = before if is_same else answers.said(item, answer) if answer else None
        except answers.NotSuch:
            self.add_error(f"flag_answer_{number}", _("This is no answer to that question."))
        else:
            data[f"flag_{number}"] = (said, text, data.get(f"flag_severity_{number}") or "warning")

    def _new_options(self, data: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What can be chosen once this form is saved."""
        twin = {"answerOption": [dict(one) for one in self.item.get("answerOption", [])]}
        fields.put_options(twin, {self.main: lines(data.get(f"options_{self.main}", ""))}, self.main, [])
        return list(twin.get("answerOption", []))

    def _clean_options(self, data: dict[str, Any]) -> None:
        own = lines(data.get(f"options_{self.main}", ""))
        if len(own) > fields.MOST_OPTIONS:
            self.add_error(
                f"options_{self.main}", _("At most %(most)d answers.") % {"most": fields.MOST_OPTIONS}
            )
        if len(set(own)) != len(own):
            self.add_error(f"options_{self.main}", _("An answer stands there twice."))
        for code, _name in self.languages[1:]:
            other = lines(data.get(f"options_{code}", ""))
            if other and len(other) != len(own):
                self.add_error(f"options_{code}", _("Please translate every line, in the same order."))
        for one in lines(data.get("exclusive", "")):
            if one not in own:
                self.add_error("exclusive", _("%(words)s does not stand above.") % {"words": one})

    def write(self, item: dict[str, Any]) -> None:
        """Into the item; what the form does not show stays."""
        data = self.cleaned_data
        fhir.put_words(item, "text", self._texts("text"), self.main)
        if self.type != "display":
            fields.put_help(item, self._texts("help"), self.main)
        for name in ("required", "repeats"):
            if name in self.fields:
                fhir.set_or_drop(item, name, data[name])
        if self.type == "group" and (data["page"] or fhir.control_of(item) == "page"):
            fhir.put_control(item, "page" if data["page"] else "")
        self._write_kind(item)
        conditions = [data[name] for name in sorted(data) if name.startswith("condition_")]
        fields.put_conditions(item, conditions, every=data.get("every") == "all")
        if self.type not in ("group", "display"):
            told = [data[name] for name in sorted(data) if name.startswith("flag_") and name[5:].isdigit()]
            fields.put_flags(item, flags.URL, told)

    def _write_kind(self, item: dict[str, Any]) -> None:
        data = self.cleaned_data
        if "look" in self.fields:
            texts = {code: lines(data[f"options_{code}"]) for code, _name in self.languages}
            fields.put_options(item, texts, self.main, lines(data["exclusive"]))
            if data["look"] or fhir.control_of(item) in dict(LOOKS):
                fhir.put_control(item, data["look"])
        if self.type in NUMBERS:
            fields.put_units(item, lines(data["units"]))
            fields.put_limit(item, fhir.MINIMUM, data["minimum"])
            fields.put_limit(item, fhir.MAXIMUM, data["maximum"])
        if "max_length" in self.fields:
            fhir.set_or_drop(item, "maxLength", data["max_length"])
        if "calculated" in self.fields:
            fields.put_expression(item, fhir.CALCULATED, data["calculated"])
            fhir.set_or_drop(item, "readOnly", bool(data["calculated"]) or None)
        if "prefill" in self.fields and data["prefill"] != "other":
            fields.put_expression(item, fhir.INITIAL, fields.PREFILLS.get(data["prefill"], ""))

    def _texts(self, key: str) -> dict[str, str]:
        return {code: self.cleaned_data.get(f"{key}_{code}", "") for code, _name in self.languages}

    def sections(self) -> Iterator[tuple[str, str | Promise, list[forms.BoundField], bool]]:
        """(id, heading, fields, folded): what is rarely needed is folded until something stands in it."""
        names = list(self.fields)
        main = [one for one in names if one in (f"text_{self.main}", "required", "repeats", "page")]
        kind = [
            one
            for one in names
            if one.startswith(("options_", "exclusive", "look", "minimum", "maximum", "units", "max_length"))
        ]
        kind = [one for one in kind if one != "exclusive"] + [one for one in kind if one == "exclusive"]
        when = [one for one in names if one.startswith(("when_", "operator_", "answer_")) or one == "every"]
        told = [one for one in names if one.startswith("flag_")]
        more = [one for one in names if one not in {*main, *kind, *when, *told}]
        for key, title, inside, always in (
            ("what", _("The question"), main, True),
            ("answers", _("Its answers"), kind, True),
            ("when", _("When it is asked"), when, False),
            ("told", _("What staff are told"), told, False),
            ("more", _("Help, translations, calculation"), more, False),
        ):
            if inside:
                bound = [self[name] for name in inside]
                says = any(one.errors for one in bound) or any(
                    one.value()
                    for one in bound
                    if not one.name.startswith(("operator_", "every", "flag_severity"))
                )
                yield key, title, bound, not always and not says


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def in_words(answer: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    """item: whose answer it is."""
    return answers.of_option(item, answer) or answers.in_words(
        answer, yes=gettext_now("yes"), no=gettext_now("no")
    )
