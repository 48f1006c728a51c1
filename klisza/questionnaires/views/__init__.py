"""The tab "My surveys" (M2.8, M5, M6)."""

from .answering import attachment, page, save
from .ending import complete, files, summary
from .listing import one, overview, pdf, start

__all__ = ["attachment", "complete", "files", "one", "overview", "page", "pdf", "save", "start", "summary"]
