"""Writing to a group: a few conversations in each transaction. A second run goes on where the first one died."""

from portal.extensions import db, wires
from portal.roles import GRANTS, Permission
from portal.threads.group import open_some
from portal.threads.models import GroupMessage
from portal.work.models import Work

FEW = 20


def write_to_group(work: Work) -> None:
    """Open the conversations of a group message, for whoever asked for it and in their sectors of now."""
    group = db.session.get(GroupMessage, work.subject_id)
    if group is None:
        return
    user = next((file for file in wires.files_of_account(group.account_id) if file.key == group.user_key), None)
    if user is None or Permission.WRITE_THREADS not in GRANTS[user.role]:
        return
    done = work.done
    while number := open_some(user, group, FEW):
        done += number
        work.advance(done)
