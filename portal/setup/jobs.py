"""Inviting many people: each few in a transaction of their own. A second run goes on where the first one died."""

from portal.extensions import wires
from portal.setup.actions import SUBJECTS, invite_some
from portal.work.models import Work

FEW = 20


def invite(work: Work) -> None:
    """Invite whoever has an address and no login, of the kinds that the job's number names."""
    account_id, done = work.account_id or 0, work.done
    actor = next((file for file in wires.files_of_account(account_id) if file.staff_id), None)
    for kind in SUBJECTS[work.subject_id]:
        while number := invite_some(actor, kind, FEW):
            done += number
            work.advance(done)
