"""*Administration › Listes*: categories of notes and events, subjects of complaints, in the agency's words."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.forms import refused
from portal.organisation import lists
from portal.organisation.list_forms import EntryForm, entry_form
from portal.organisation.models import ListEntry, ListName
from portal.pages import done, show
from portal.portals import staff
from portal.roles import Permission

NAMES = f"any({', '.join(ListName)})"


@staff.page("/lists", Permission.MANAGE_LISTS)
def list_lists() -> Response:
    """The lists, each with what it is for and how many of its entries are in use."""
    return show("organisation/lists.html", lists=lists.lists_and_entries(), labels=lists.LIST_LABELS,
                purposes=lists.LIST_PURPOSES)  # fmt: skip


@staff.page(f"/lists/<{NAMES}:name>", Permission.MANAGE_LISTS)
def show_list(name: str) -> Response:
    """The entries of a list, in the order in which they are offered."""
    return _entries(ListName(name), None)


@staff.page("/lists/event/<int:entry_id>/finer", Permission.MANAGE_LISTS)
def show_finer(entry_id: int) -> Response:
    """The finer categories below a category of events."""
    return _entries(ListName.EVENT, parent_or_404(entry_id))


def _entries(name: ListName, parent: ListEntry | None) -> Response:
    found = lists.all_entries(name, parent.id if parent else None)
    legal = lists.legal_choices() if name is ListName.EVENT else {}
    return show("organisation/list.html", name=name, heading=lists.LIST_LABELS[name], purpose=lists.LIST_PURPOSES[name],
                entries=found, parent=parent, legal=legal)  # fmt: skip


def entry_or_404(name: str, entry_id: int) -> ListEntry:
    return lists.entry_of(ListName(name), entry_id) or abort(404)


def parent_or_404(entry_id: int) -> ListEntry:
    """A category of events that finer ones can be below: none that is finer itself."""
    found = entry_or_404(ListName.EVENT, entry_id)
    return found if found.parent_id is None else abort(404)


@staff.page(f"/lists/<{NAMES}:name>/new", Permission.MANAGE_LISTS, methods=("GET", "POST"))
def add_entry(name: str) -> Response:
    return _add(ListName(name), None)


@staff.page("/lists/event/<int:entry_id>/finer/new", Permission.MANAGE_LISTS, methods=("GET", "POST"))
def add_finer(entry_id: int) -> Response:
    return _add(ListName.EVENT, parent_or_404(entry_id))


def _add(name: ListName, parent: ListEntry | None) -> Response:
    form = entry_form(name, lists.legal_choices())
    if status := refused(form, lambda: lists.add_entry(g.user, name, parent, form.typed())):
        return _form(name, form, None, parent, status)
    flash(_("The entry can be chosen now.") if form.active.data else _("Saved."), "success")
    return done(_back(name, parent))


@staff.page(f"/lists/<{NAMES}:name>/<int:entry_id>", Permission.MANAGE_LISTS, methods=("GET", "POST"))
def change_entry(name: str, entry_id: int) -> Response:
    """Rename an entry, take it out of use or put it back."""
    entry = entry_or_404(name, entry_id)
    form = entry_form(ListName(entry.list), lists.legal_choices(), entry)
    if status := refused(form, lambda: lists.change_entry(g.user, entry, form.typed(), form.version_shown)):
        return _form(ListName(entry.list), form, entry, entry.parent, status)
    flash(_("Saved."), "success")
    return done(_back(ListName(entry.list), entry.parent))


def _form(name: ListName, form: EntryForm, entry: ListEntry | None, parent: ListEntry | None, status: int) -> Response:
    return show("organisation/list_form.html", status=status, form=form, name=name, entry=entry, parent=parent,
                list_label=lists.LIST_LABELS[name], back=_back(name, parent))  # fmt: skip


@staff.page(f"/lists/<{NAMES}:name>/<int:entry_id>/place", Permission.MANAGE_LISTS, methods=("POST",))
def move_entry(name: str, entry_id: int) -> Response:
    """Up or down by one, as the pressed button says."""
    entry = entry_or_404(name, entry_id)
    steps = {"up": -1, "down": 1}.get(request.form.get("deed", "")) or abort(400)
    lists.move_entry(g.user, entry, steps)
    return done(_back(ListName(entry.list), entry.parent, f"entry-{entry_id}"))


def _back(name: ListName, parent: ListEntry | None, anchor: str | None = None) -> str:
    if parent:
        return url_for("staff.show_finer", entry_id=parent.id, _anchor=anchor)
    return url_for("staff.show_list", name=name.value, _anchor=anchor)
