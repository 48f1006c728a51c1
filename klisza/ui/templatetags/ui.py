"""Template tags of the page frame and of forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, PasswordInput, RadioSelect, Select
from django.template.context import RequestContext
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

register = template.Library()

# Label, address, and the apps whose pages stand under this tab; the order is the manual's (M2.8).
TABS = (
    (_("My examinations"), "examinations:list", {"examinations", "exports", "viewer"}),
    (_("My documents"), "documents:list", {"documents"}),
    (_("My surveys"), "questionnaires:list", {"questionnaires"}),
    (_("My shares"), "sharing:list", {"sharing"}),
)


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    current: bool
    count: int


@register.simple_tag
def link(name: str, *args: Any) -> str:
    """Like {% url %}, but empty where the address does not exist: the staff listener has no patient pages."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.simple_tag(takes_context=True)
def tabs(context: RequestContext) -> list[Tab]:
    """The four tabs of the portal; surveys carry the number of open ones, counted only where tabs are drawn."""
    match = getattr(context.get("request"), "resolver_match", None)
    here = match.app_name if match else ""
    count = context.get("open_surveys") or 0
    open_surveys = int(count() if callable(count) else count)
    rows = [(label, link(name), apps) for label, name, apps in TABS]
    return [
        Tab(str(label), url, here in apps, open_surveys if "questionnaires" in apps else 0)
        for label, url, apps in rows
        if url
    ]


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """The input of a field, tied to its hint and its error for screen readers."""
    kind = kind_of(field)
    attributes: dict[str, Any] = {}
    if kind not in ("checkbox", "radio"):
        attributes["class"] = f"input {field.field.widget.attrs.get('class', '')}".strip()
    described = [
        f"{field.auto_id}-{part}"
        for part, there in (("hint", field.help_text), ("error", field.errors))
        if there
    ]
    if described and kind != "radio":
        attributes["aria-describedby"] = " ".join(described)
    if field.errors:
        attributes["aria-invalid"] = "true"
    return field.as_widget(attrs=attributes)


@register.filter
def kind_of(field: BoundField) -> str:
    """Which of the layouts in field.html the widget needs."""
    widget = field.field.widget
    if widget.is_hidden:
        return "hidden"
    for kind, widgets in (
        ("radio", RadioSelect),
        ("checkbox", CheckboxInput),
        ("password", PasswordInput),
        ("select", Select),
    ):
        if isinstance(widget, widgets):
            return kind
    return "text"
