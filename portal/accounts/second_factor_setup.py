"""Setting up the second factor: scan, confirm, keep the codes on paper.

What is not confirmed yet travels in the cookie, encrypted: an attempt that is given up leaves nothing behind, and the
phone of before works until the new one is proved and its codes are kept.
"""

import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from flask import g, session
from flask_babel import lazy_gettext as _l
from passlib.totp import TOTP

from portal import clock
from portal.accounts.actions import Signed, check_password
from portal.accounts.models import Account
from portal.accounts.notices import notify
from portal.accounts.second_factor import (
    forget,
    is_compulsory,
    plain_code,
    replace_codes,
    sealed,
    step_of,
    unsealed,
    use_code,
)
from portal.accounts.sessions import end_sessions
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.settings.queries import option

SETTING_UP = timedelta(minutes=30)  # between the start and the acknowledged codes
FRESH = timedelta(minutes=15)  # a sign-in younger than this needs no second password
CODES, GROUPS, GROUP_LENGTH = 10, 4, 4
SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another; 16 of them are 79 bits


@dataclass(frozen=True)
class Draft:
    """What is being set up and not confirmed yet.

    Attributes:
        account_id: whose.
        secret: of the new phone; none when only the codes on paper are renewed.
        step: of the code that proved the phone; it is used up.
        codes: on paper, to be acknowledged.
    """

    account_id: int
    secret: str | None = None
    step: int | None = None
    codes: list[str] = field(default_factory=list)


def _keep_draft(draft: Draft) -> None:
    session["factor"] = sealed(json.dumps(asdict(draft)))


def draft_of(account: Account) -> Draft | None:
    """Return what this browser is setting up for this login, if it was begun of late."""
    text = unsealed(session.get("factor"), SETTING_UP)
    draft = Draft(**json.loads(text)) if text else None
    return draft if draft and draft.account_id == account.id else None


def is_fresh() -> bool:
    """Whether the person has just signed in, so that the password need not be asked again."""
    return g.signed_in.created_at > clock.now() - FRESH


def prove(account: Account, password: str | None, code: str | None) -> None:
    """Make sure that it is the person who changes their second factor. The caller commits, whatever comes of it.

    Args:
        account: whose.
        password: as typed; None where the sign-in is fresh.
        code: as typed; None where there is no second factor yet.

    Raises:
        Refused: wrong, or too often.
    """
    if password is not None:
        check_password(account, password)
    if code is not None:
        use_code(account, code)


def start(account: Account) -> None:
    """Make the secret of a phone that is to be confirmed."""
    _keep_draft(Draft(account.id, secret=TOTP.new().base32_key))


def uri_of(account: Account, secret: str) -> str:
    """What the square holds: agency, login and secret, as every authenticator reads them."""
    return TOTP(key=secret, format="base32").to_uri(account.email, issuer=option("agency.name").replace(":", " "))


def picture_of(account: Account, secret: str) -> str:
    """The square to scan, as the address of an image: black on white in both themes, or phones cannot read it."""
    import segno  # drawn once in the life of a phone

    return segno.make(uri_of(account, secret), error="m").svg_data_uri(scale=5, dark="#000", light="#fff")


def confirm(account: Account, draft: Draft, typed: str) -> None:
    """Check the first code of a new phone and make the codes on paper.

    Raises:
        Refused: the phone shows another code.
    """
    step = step_of(draft.secret or "", plain_code(typed))
    if step is None:
        raise Refused(_l("The code is not right. Does the phone set its clock by itself? Try the next code."), "wrong")
    _keep_draft(Draft(account.id, draft.secret, step, new_codes()))


def draft_codes(account: Account) -> None:
    """Make new codes on paper; those of before work until these are acknowledged."""
    _keep_draft(Draft(account.id, codes=new_codes()))


def new_codes() -> list[str]:
    groups = ["".join(secrets.choice(SIGNS) for _sign in range(GROUP_LENGTH)) for _group in range(CODES * GROUPS)]
    return ["-".join(groups[first : first + GROUPS]) for first in range(0, len(groups), GROUPS)]


def finish(account: Account, draft: Draft) -> None:
    """Put into force what was set up, once its codes are kept. The other browsers have to sign in anew."""
    replace_codes(account, draft.codes)
    session.pop("factor", None)
    if draft.secret is None:
        record("account.codes_renewed", Signed(account), ("account", account.id))
        notify(account, "recovery_codes")
        return
    before = account.totp_since
    account.totp_secret, account.totp_since, account.totp_step = sealed(draft.secret), clock.now(), draft.step
    g.signed_in.method = "totp"
    db.session.flush()
    end_sessions(account, but=g.signed_in.id)
    record("account.factor_on", Signed(account), ("account", account.id), after={"another_phone": before is not None})
    notify(account, "second_factor_on")


def switch_off(account: Account) -> None:
    """Do without a second factor from now on.

    Raises:
        Refused: this login opens an administrator's file.
    """
    if is_compulsory(account.id):
        raise Refused(_l("Administrators need a sign-in code: it cannot be switched off."), "compulsory")
    forget(account)
    record("account.factor_off", Signed(account), ("account", account.id))
    notify(account, "second_factor_off")
