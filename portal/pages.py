"""The page or its fragment; the redirect or the event. All policy about htmx answers is here."""

from collections.abc import Callable

from flask import redirect, render_template
from werkzeug.wrappers import Response

from portal.htmx import answer, go_to, request, show_anew


def show(template: str, part: str | None = None, /, status: int = 200, **context: object) -> Response:
    """Render a page, or its part when htmx asks for one and the page has one.

    Args:
        template: of the whole page.
        part: template of the fragment that htmx swaps in.
        status: 422 for a form that is not valid, 409 for a deed that the domain refused.
        context: what both templates read.
    """
    if part and request.wants_fragment:
        return answer(render_template(part, **context), status)
    return answer(render_template(template, **context), status)


def done(
    back_to: str, /, *, event: str | None = None, fragment: str | None = None, target: str | None = None,
    read: Callable[[], dict[str, object]] = dict, **context: object,
) -> Response:  # fmt: skip
    """Answer a deed that succeeded: the changed part and its event for htmx, a redirect (303) for a plain browser.

    Args:
        back_to: address of the page that a plain browser sees next.
        event: what happened, past tense and kebab-case (`rating-left`).
        fragment: template of the part that changed; without it htmx opens `back_to`, or brings it up to date if it is
            the page that is open.
        target: CSS selector of the element that the fragment replaces.
        read: called for the fragment alone, for what it reads and a plain browser's redirect does not need.
        context: what the fragment reads besides.
    """
    if not request.wants_fragment:
        return redirect(back_to, 303)
    if fragment is None:
        return show_anew(back_to) if request.is_from(back_to) else go_to(back_to)
    return answer(render_template(fragment, **read(), **context), event=event, target=target)
