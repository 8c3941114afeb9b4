"""The kit of which the pages are made, each part in all its states. Development only."""

from flask import abort, current_app
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateField, FileField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from portal.forms import STAR_WORDS, FilterForm
from portal.pages import show
from portal.portals import staff
from portal.roles import Permission


class SampleForm(FilterForm):
    """A form with one field of each kind, the first of them refused."""

    name = StringField(_l("Name"), validators=[DataRequired(_l("Please enter a name."))])
    comment = TextAreaField(_l("A comment?"))
    service = SelectField(_l("Service"), choices=[SelectChoice(value="1", label="Ménage")])
    agree = BooleanField(_l("I have read it"))
    day = DateField(_l("Day"))
    file = FileField(_l("File"))


@staff.page("/styleguide", Permission.SEE_STYLEGUIDE)
def styleguide() -> Response:
    if current_app.config["PORTAL_ENV"] != "development":
        abort(404)
    form = SampleForm(MultiDict({"comment": "…"}))
    form.validate()
    return show("styleguide/show.html", form=form, words=STAR_WORDS)
