"""The rating window, and the page that a mailed link opens."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import Length

from portal.forms import PortalForm, StarsField
from portal.ratings.models import LONGEST_COMMENT


class RatingForm(PortalForm):
    stars = StarsField()
    comment = TextAreaField(
        _l("A comment?"),
        validators=[Length(max=LONGEST_COMMENT, message=_l("Please use at most %(max)d characters."))],
    )
    version = HiddenField(default="0")

    @property
    def seen_version(self) -> int:
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


class PublicRatingForm(PortalForm):
    """Without a token of the session: the link itself is what lets one answer, and no cookie is set."""

    class Meta(PortalForm.Meta):
        csrf = False

    stars = StarsField()
    comment = TextAreaField(
        _l("A comment?"),
        validators=[Length(max=LONGEST_COMMENT, message=_l("Please use at most %(max)d characters."))],
    )
    website = StringField()  # no person sees this field
