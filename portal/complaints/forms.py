"""The form of a complaint: of clients and workers on their portals, and of staff in somebody's name."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from portal.complaints.actions import Filing, moment_of
from portal.complaints.models import LONGEST_NAME, Channel, Direction
from portal.complaints.queries import usual_handler
from portal.complaints.words import CHANNEL_LABELS, TYPED_CHANNELS
from portal.extensions import db
from portal.forms import near, number_in
from portal.organisation.lists import offered
from portal.organisation.models import ListEntry, ListName
from portal.people.models import Client, Worker
from portal.people.queries import overseers
from portal.threads.forms import NOT_LONGER, OnceForm
from portal.visits.queries import today

AGENCY = "agency"


def choices_of(labels: Mapping[int, str], first: object | None = None) -> list[SelectChoice]:
    """What a field offers, by number; nothing chosen first, if there are words for it."""
    nothing = [SelectChoice(value="", label=str(first))] if first else []
    return [*nothing, *(SelectChoice(value=str(number), label=label) for number, label in labels.items())]


class ComplaintForm(OnceForm):
    """What somebody complains of, and whom it is about."""

    about = SelectField(_l("Whom is it about?"), validators=[InputRequired(_l("Please say whom it is about."))])
    subject_id = SelectField(_l("Subject"), validators=[InputRequired(_l("Please choose a subject."))])
    text = TextAreaField(_l("What is it about?"), validators=[NOT_LONGER])

    def __init__(self, *, client: Client | None = None, worker: Worker | None = None, met: Mapping[int, str]) -> None:
        """Offer what there is to choose from.

        Args:
            client: who complains, of the agency or of one of the workers in `met`.
            worker: who complains, of one of the clients in `met`.
        """
        self.client, self.worker = client, worker
        super().__init__()
        agency = [SelectChoice(value=AGENCY, label=_("The agency in general"))] if client else []
        nothing = SelectChoice(value="", label=_("Please choose"))
        self.about.choices = [nothing, *agency, *choices_of(met)]
        self.subject_id.choices = choices_of(offered(ListName.COMPLAINT), _("Please choose"))

    def filing(self) -> Filing:
        """What is filed, once the form is valid."""
        number = number_in(self.about.data)
        if self.worker:
            pair = Direction.WORKER_CLIENT, db.session.get(Client, number), self.worker
        else:
            about = db.session.get(Worker, number) if number else None
            pair = Direction.CLIENT_WORKER if about else Direction.CLIENT_AGENCY, self.client, about
        return Filing(pair[0], self.subject(), self.text.data or "", str(self.token.data), client=pair[1],
                      worker=pair[2])  # fmt: skip

    def subject(self) -> ListEntry:
        return db.session.get_one(ListEntry, number_in(self.subject_id.data))


class StaffComplaintForm(ComplaintForm):
    """The same for staff, who say how and when it came, and who has it in hand."""

    channel = SelectField(_l("How it came"), validators=[InputRequired(_l("Please say how it came."))])
    received_on = DateField(_l("Received on"), validators=[near])
    owner_id = SelectField(_l("In the hands of"))

    def __init__(
        self, *, client: Client | None = None, worker: Worker | None = None, met: Mapping[int, str],
        sectors: Collection[int] = (),
    ) -> None:  # fmt: skip
        """Offer what there is to choose from.

        Args:
            sectors: which may follow it, where that depends on what is chosen here; a client's own without it.
        """
        super().__init__(client=client, worker=worker, met=met)
        labels = {str(one): str(CHANNEL_LABELS[one]) for one in TYPED_CHANNELS}
        nothing = SelectChoice(value="", label=_("Please choose"))
        self.channel.choices = [nothing, *(SelectChoice(value=one, label=label) for one, label in labels.items())]
        if not self.is_submitted():
            self.received_on.data = today()
        handlers = overseers(*([client.sector_id] if client else sectors))
        usual = usual_handler(client.sector_id, client, handlers) if client else None
        first = _("As usual: %(name)s", name=handlers[usual]) if usual in handlers else _("As usual for the sector")
        self.owner_id.choices = choices_of(handlers, first)

    def filing(self) -> Filing:
        return self._as_received(super().filing())

    def _as_received(self, filing: Filing) -> Filing:
        day = self.received_on.data
        return replace(
            filing, channel=Channel(self.channel.data), received_at=moment_of(day) if day else None,
            owner_id=number_in(self.owner_id.data),
        )  # fmt: skip


class PartnerComplaintForm(StaffComplaintForm):
    """A complaint of neither a client nor a worker: a partner, a neighbour, a doctor."""

    partner = StringField(
        _l("Who complains"),
        validators=[
            InputRequired(_l("Please say who complains.")),
            Length(max=LONGEST_NAME, message=_l("Please use at most %(max)d characters.")),
        ],
    )
    sector_id = SelectField(
        _l("Sector that follows it"), validators=[InputRequired(_l("Please choose the sector that follows it."))]
    )

    def __init__(self, sectors: Mapping[int, str]) -> None:
        super().__init__(met={}, sectors=sectors)
        del self.about
        self.sector_id.choices = choices_of(sectors, _("Please choose"))

    def filing(self) -> Filing:
        return self._as_received(Filing(
            Direction.PARTNER_AGENCY, self.subject(), self.text.data or "", str(self.token.data),
            partner=self.partner.data, sector_id=number_in(self.sector_id.data),
        ))  # fmt: skip
