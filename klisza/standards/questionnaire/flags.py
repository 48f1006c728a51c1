"""Which answers staff must see."""

from __future__ import annotations

from dataclasses import dataclass

from .model import Definition
from .paths import Answers

# On an item, repeatable: {"url": URL, "extension": [{"url": "when", "value[x]": ...}, {"url": "text", "valueString":
# ...}, {"url": "severity", "valueCode": "info|warning|danger"}]}; without "when" any answer raises it.
URL = "urn:klisza:questionnaire:flag"


@dataclass(frozen=True)
class Raised:
    link_id: str
    text: str
    severity: str


def raised(definition: Definition, answers: Answers) -> list[Raised]:
    raise NotImplementedError
