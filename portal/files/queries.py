"""Handing out what is kept, to somebody who may read the row that it is attached to."""

import logging

from flask import Response, abort, send_file
from flask import request as flask_request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from portal.files.models import JPEG, Attachment
from portal.files.store import store
from portal.headers import ATTACHED

log = logging.getLogger(__name__)


def serve(attachment: Attachment, *, thumbnail: bool = False) -> Response:
    """Return a file as an answer: pictures are shown, papers are taken away. The caller has seen to it that the person
    may have it; nothing that is not this person's keeps a copy, and a copy asks again each time.

    Raises:
        NotFound: it has no thumbnail, or its content is lost.
    """
    if thumbnail and not attachment.is_picture:
        abort(404)
    name = attachment.thumbnail_name if thumbnail else attachment.public_id
    try:
        content = store().open(name)
    except FileNotFoundError:
        log.error("The content of attachment %s is not in the store.", attachment.id)
        abort(404)
    answer = send_file(
        content, JPEG if thumbnail else attachment.media_type, etag=name, conditional=False, max_age=None,
        as_attachment=not attachment.is_picture, download_name=attachment.name,
    )  # fmt: skip
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = ATTACHED
    answer.content_length = size = content.seek(0, 2)
    content.seek(0)
    try:
        answer.make_conditional(flask_request.environ, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        content.close()
        raise
    if answer.status_code == 304 or flask_request.method == "HEAD":  # nothing is read, and nobody would close it
        content.close()
        answer.response = ()
    return answer
