"""A PDF without anything that acts: for the reader of a browser. Runs in the sandbox, no Django.

What goes: scripts, actions on opening and on pages, forms that send, links out of the document, embedded files,
films, sounds, 3D. Text, pictures and the layout of the pages stay. The sender's bytes are kept beside it.
"""

from __future__ import annotations

from typing import Any

import pikepdf

# Annotations that are something else than ink on the page.
ACTING = {
    "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D", "/FileAttachment", "/TrapNet", "/Projection",
}  # fmt: skip
INSIDE = "/GoTo"  # the one action that leads nowhere but to another page of the same document
ROOT_KEYS = ("/OpenAction", "/AA", "/Collection", "/AF", "/URI", "/Threads", "/Extensions")
NAMES = (
    "/JavaScript",
    "/EmbeddedFiles",
    "/Renditions",
    "/AlternatePresentations",
    "/URLS",
    "/Pages",
    "/Templates",
)
FORM_KEYS = ("/XFA", "/CO", "/AA")


def clean(pdf: str, target: str) -> bool:
    """Write `target`; False, having written nothing, when there is nothing in `pdf` that acts.

    Raises pikepdf.PasswordError (needs a password to be opened), pikepdf.PdfError.
    """
    with pikepdf.open(pdf) as document:
        found = _root(document.Root) + sum(_page(page.obj) for page in document.pages)
        found += document.is_encrypted
        if not found:
            return False
        document.remove_unreferenced_resources()
        document.save(target, encryption=False, linearize=False)
    return True


def _root(root: Any) -> int:
    found = _drop(root, ROOT_KEYS)
    names = root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        found += _drop(names, NAMES)
    form = root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary):
        found += _drop(form, FORM_KEYS)
        found += _fields(form.get("/Fields"), depth=0)
    outlines = root.get("/Outlines")
    if isinstance(outlines, pikepdf.Dictionary):
        found += _outline(outlines)
    return found


def _page(page: Any) -> int:
    found = _drop(page, ("/AA", "/AF", "/PresSteps"))
    annotations = page.get("/Annots")
    if not isinstance(annotations, pikepdf.Array):
        return found
    kept = []
    for one in list(annotations):
        if not isinstance(one, pikepdf.Dictionary) or str(one.get("/Subtype", "")) in ACTING:
            found += 1
            continue
        found += _harmless(one)
        kept.append(one)
    if len(kept) < len(annotations):
        page["/Annots"] = pikepdf.Array(kept)
    return found


def _harmless(thing: Any) -> int:
    """Of an annotation, a field or an entry of the outline: its actions go, except those within the document."""
    found = _drop(thing, ("/AA", "/AF", "/PA"))
    action = thing.get("/A")
    if action is not None and not _stays(action):
        del thing["/A"]
        found += 1
    return found


def _stays(action: Any) -> bool:
    is_known = isinstance(action, pikepdf.Dictionary) and str(action.get("/S", "")) == INSIDE
    return is_known and "/Next" not in action


def _fields(fields: Any, depth: int) -> int:
    if not isinstance(fields, pikepdf.Array) or depth > 32:
        return 0
    found = 0
    for field in fields:
        if isinstance(field, pikepdf.Dictionary):
            found += _harmless(field) + _fields(field.get("/Kids"), depth + 1)
    return found


def _outline(outlines: Any, most: int = 20_000) -> int:
    found, waiting, seen = 0, [outlines.get("/First")], set()
    while waiting and most:
        one = waiting.pop()
        most -= 1
        if not isinstance(one, pikepdf.Dictionary) or one.objgen in seen:
            continue
        seen.add(one.objgen)
        found += _harmless(one)
        waiting += [one.get("/First"), one.get("/Next")]
    return found


def _drop(thing: Any, keys: tuple[str, ...]) -> int:
    found = 0
    for key in keys:
        if key in thing:
            del thing[key]
            found += 1
    return found
