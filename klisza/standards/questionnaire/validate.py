"""Whether answers are what the questionnaire asks for."""

from __future__ import annotations

from dataclasses import dataclass

from .model import Definition
from .paths import Answers


@dataclass(frozen=True)
class Fault:
    """code: required | type | option | exclusive | too_long | too_small | too_large | decimals | pattern | too_few |
    too_many | unit | mime | size | unknown. detail: the limit, for the sentence of the page."""

    path: str
    code: str
    detail: str = ""


def check(definition: Definition, answers: Answers) -> list[Fault]:
    """Every fault of the enabled places, in the order of the form."""
    raise NotImplementedError
