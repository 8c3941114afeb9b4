"""Keeping what somebody attaches."""

from collections.abc import Sequence

from werkzeug.datastructures import FileStorage

from portal.accounts.models import User
from portal.files.models import Attachment


def keep(actor: User, uploads: Sequence[FileStorage]) -> list[Attachment]:  # noqa: ARG001
    """Check and keep files in the present transaction."""
    if uploads:
        raise NotImplementedError
    return []
