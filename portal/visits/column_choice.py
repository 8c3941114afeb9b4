"""Which columns of the lists of visits a person wants to see; kept with their account."""

from flask_login import current_user

from portal.accounts.models import Account, User
from portal.audit.actions import record
from portal.extensions import db
from portal.settings.queries import option

RATING = "rating"


def shows_ratings() -> bool:
    """Whether lists of visits show this person the stars: the module is on, and they have not put the column away."""
    if not option("ratings.enabled"):
        return False
    return not current_user or not current_user.is_authenticated or RATING not in current_user.hidden_columns.split()


def choose_columns(user: User, *, rating: bool) -> None:
    """Keep whether lists of visits show a person the stars."""
    account = db.session.get_one(Account, user.account_id)
    hidden = "" if rating else RATING
    if account.hidden_columns == hidden:
        return
    before, account.hidden_columns = account.hidden_columns, hidden
    record("account.columns_chosen", user, ("account", account.id), before={"hidden": before}, after={"hidden": hidden})
