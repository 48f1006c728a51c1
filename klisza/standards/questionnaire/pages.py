"""How a form is laid out on pages; the same for everybody, so that "page 3" means the same on every device."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from .model import Definition, Item

MOST_ON_PAGE = 8  # questions that stand in no group


@dataclass(frozen=True)
class Page:
    """number: from 0. title: the group's text when the page is one group, whose own heading it is then."""

    number: int
    items: tuple[Item, ...]
    title: str = ""


def pages(definition: Definition) -> tuple[Page, ...]:
    """One page for each group of the first level, and one for what stands between two groups.

    A form that is one group around others is laid out by these.
    """
    roots = definition.items
    while len(roots) == 1 and _is_wrapper(roots[0]):
        roots = roots[0].children
    made: list[Page] = []
    for is_group, together in groupby(roots, key=_has_own_page):
        some = tuple(together)
        if is_group:
            made += [Page(len(made) + place, (item,), item.text) for place, item in enumerate(some)]
        else:
            cuts = [some[start : start + MOST_ON_PAGE] for start in range(0, len(some), MOST_ON_PAGE)]
            made += [Page(len(made) + place, cut) for place, cut in enumerate(cuts)]
    return tuple(made)


def _has_own_page(item: Item) -> bool:
    return item.type == "group" and not item.is_series


def _is_wrapper(item: Item) -> bool:
    is_plain = (
        item.type == "group" and not item.repeats and not item.conditions and not item.enable_expression
    )
    return is_plain and any(_has_own_page(one) for one in item.children)


def page_of(definition: Definition, link_id: str) -> int:
    """Number of the page on which an item stands; 0 for what stands on none."""
    wanted = {link_id, *definition.item(link_id).ancestors}
    for page in pages(definition):
        if any(item.link_id in wanted for item in page.items):
            return page.number
    return 0
