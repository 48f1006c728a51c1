"""What staff decide by hand."""

from .closing import close_breach, dismiss_guardian, finish_bounce, finish_task, finish_work, forget_bounces
from .images import settle_disagreement, show_again, take_back
from .sending import send_again

__all__ = [
    "close_breach",
    "dismiss_guardian",
    "finish_bounce",
    "finish_task",
    "finish_work",
    "forget_bounces",
    "send_again",
    "settle_disagreement",
    "show_again",
    "take_back",
]
