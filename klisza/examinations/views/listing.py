from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from klisza.accounts.decorators import patient_required
from klisza.examinations import forms, queries, search, wording
from klisza.examinations.services import note_list
from klisza.patients import acting

from .viewer import viewer_of

ROWS_A_PAGE = 25
SEARCHED_FROM = 11  # ten are found by looking, and on a phone the search would stand in their way


@require_safe
@patient_required
def examination_list(request: HttpRequest) -> HttpResponse:
    """My examinations (manual M2.6): newest first, filtered by kind and year, searched by words."""
    try:
        viewer = viewer_of(request)
    except acting.NobodyChosen:
        return redirect("patients:choose")
    visible = queries.visible(viewer, purpose="list")
    found = search.search(visible, **forms.asked(request.GET))
    page = Paginator(found.ids, ROWS_A_PAGE).get_page(request.GET.get("page"))
    note_list(viewer)
    by_id = visible.in_bulk(list(page.object_list))
    context = {
        "cards": wording.cards([by_id[one] for one in page.object_list if one in by_id]),
        "page": page,
        "total": found.total,
        "searchable": found.total >= SEARCHED_FROM,
        "filters": forms.Filters(request.GET or None, found),
        **_filtered(request.GET, len(found.ids)),
    }
    return render(request, "examinations/list.html", context)


def _filtered(asked: QueryDict, hits: int) -> dict[str, Any]:
    """`query`: the filters again, for the links to the other pages."""
    kept = QueryDict(mutable=True)
    for name in ("q", "kind", "year"):
        if asked.get(name):
            kept[name] = asked.get(name, "")
    return {"query": kept.urlencode(), "filtered": bool(kept), "hits": hits}
