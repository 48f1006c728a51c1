from __future__ import annotations


class Refusal(Exception):
    """The message cannot be used as it is; nothing of it is applied.

    answer: AE (content) | AR (type, version, processing id, sender). code: HL70357. location: ERR-2 such as
    "PID^1^3" (segment, occurrence, field). text: one line without patient data.
    """

    def __init__(self, answer: str, code: str, location: str, text: str) -> None:
        super().__init__(text)
        self.answer, self.code, self.location, self.text = answer, code, location, text
