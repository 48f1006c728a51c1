"""What staff put an end to by hand."""

from .closing import close_breach, dismiss_guardian, finish_bounce, finish_task, finish_work

__all__ = ["close_breach", "dismiss_guardian", "finish_bounce", "finish_task", "finish_work"]
