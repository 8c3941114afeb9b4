"""The second factor of staff: a code that changes every 30 seconds (RFC 6238), and codes on paper for the day on which
the phone is lost.

A code is good once. Between the password and the code nobody is signed in: the cookie says who is awaited, for five
minutes. Setting up is in `second_factor_setup`.
"""

from base64 import urlsafe_b64encode
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app, session
from flask_babel import lazy_gettext as _l
from passlib.exc import TokenError
from passlib.totp import TOTP
from sqlalchemy import delete, func, or_, select, update

from portal import clock
from portal.accounts.actions import Signed
from portal.accounts.models import Account, RecoveryCode, User
from portal.accounts.notices import notify
from portal.accounts.queries import hash_of
from portal.accounts.sessions import end_sessions
from portal.accounts.throttles import brake, count_hit
from portal.accounts.throttles import forget as forget_tries
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db, rows_changed, wires
from portal.roles import Role

STEP_SECONDS = 30  # a phone whose clock is wrong by less than this still gets in
TRIES, TRY_MINUTES = 5, 5
AWAITED = timedelta(minutes=5)  # between the password and the code


# ---- what is kept ----


def _vault() -> MultiFernet:
    """The keys of what is encrypted: the first one writes, former ones still read after a rotation."""
    keys = [current_app.config["SECRET_KEY"], *(current_app.config.get("SECRET_KEY_FALLBACKS") or [])]
    return MultiFernet([Fernet(_derived(str(key))) for key in keys])


def _derived(key: str) -> bytes:
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"suivi: second factor").derive(key.encode())
    return urlsafe_b64encode(made)


def sealed(text: str) -> str:
    """Encrypt what must not be read in a copy of the database or of a cookie."""
    return _vault().encrypt_at_time(text.encode(), int(clock.now().timestamp())).decode()


def unsealed(text: str | None, valid: timedelta | None = None) -> str | None:
    """Read what `sealed` made; None when it is too old, or no key of ours made it."""
    try:
        if valid is None:
            return _vault().decrypt((text or "").encode()).decode()
        seconds = int(valid.total_seconds())
        return _vault().decrypt_at_time((text or "").encode(), seconds, int(clock.now().timestamp())).decode()
    except InvalidToken:
        return None


def codes_left(account: Account) -> int:
    unused = RecoveryCode.account_id == account.id, RecoveryCode.used_at.is_(None)
    return db.session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


# ---- checking a code ----


def plain_code(typed: str) -> str:
    """A code as it is compared: people type it in groups, with spaces or hyphens, in capitals."""
    return "".join(sign for sign in typed.lower() if not sign.isspace() and sign not in "-‐‑–—")


def step_of(secret: str, plain: str) -> int | None:
    """Return the number of the 30 seconds that a code belongs to; None when it is no code of now."""
    if not (plain.isascii() and plain.isdecimal()):
        return None
    try:
        match = TOTP(key=secret, format="base32").match(plain, int(clock.now().timestamp()), window=STEP_SECONDS)
    except TokenError:
        return None
    return match.counter


def use_code(account: Account, typed: str) -> str:
    """Use up a code of the phone or one on paper. The caller commits, whatever comes of it.

    Every try is counted before it is looked at, so that many at once are no more than five either.

    Returns:
        `totp` or `recovery`.

    Raises:
        Refused: wrong, used before, or too often.
    """
    bucket, plain = f"factor:{account.id}", plain_code(typed)
    count_hit(bucket, TRY_MINUTES)
    brake(bucket, TRIES + 1, TRY_MINUTES)
    method = "totp" if _take_step(account, plain) else "recovery" if _take_recovery_code(account, plain) else None
    if method is None:
        raise Refused(_l("This code is not right, or it has been used already. Wait for the next one."), "wrong")
    forget_tries(bucket)
    return method


def _take_step(account: Account, plain: str) -> bool:
    secret = unsealed(account.totp_secret) if account.totp_since else None
    step = step_of(secret, plain) if secret else None
    if step is None:
        return False
    later = or_(Account.totp_step.is_(None), Account.totp_step < step)
    same = Account.id == account.id, Account.totp_secret == account.totp_secret
    return rows_changed(update(Account).where(*same, later).values(totp_step=step)) == 1


def _take_recovery_code(account: Account, plain: str) -> bool:
    unused = RecoveryCode.code_hash == hash_of_code(account, plain), RecoveryCode.used_at.is_(None)
    mine = update(RecoveryCode).where(RecoveryCode.account_id == account.id, *unused).values(used_at=clock.now())
    if rows_changed(mine) != 1:
        return False
    record("account.recovery_used", Signed(account), ("account", account.id), after={"left": codes_left(account)})
    notify(account, "recovery_used")
    return True


def hash_of_code(account: Account, plain: str) -> str:
    return hash_of(f"{account.id}:{plain}")


# ---- signing in: the password was right, the code is awaited ----


def await_code(account: Account, target: str | None) -> None:
    """Remember in this browser who gave the right password. It opens nothing, and a new password ends it."""
    until = (clock.now() + AWAITED).timestamp()
    session["awaited"] = {"who": account.fs_uniquifier, "until": until, "next": target or ""}


def awaited() -> tuple[Account, str] | None:
    """Return whose code this browser is asked for, and where the person was headed."""
    waiting = session.get("awaited")
    if not isinstance(waiting, dict) or waiting["until"] < clock.now().timestamp():
        return None
    chosen = select(Account).where(Account.fs_uniquifier == waiting["who"], Account.active)
    account = db.session.scalar(chosen.where(Account.totp_since.is_not(None)))
    return (account, waiting["next"]) if account else None


# ---- taking it away ----


def replace_codes(account: Account, codes: list[str]) -> None:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    hashed = (hash_of_code(account, plain_code(code)) for code in codes)
    db.session.add_all([RecoveryCode(account_id=account.id, code_hash=code) for code in hashed])
    db.session.flush()


def reset(actor: Actor | None, account: Account) -> None:
    """Take the second factor from somebody who has lost phone and paper; whoever is signed in there is signed out.

    Raises:
        Refused: there is none.
    """
    if account.totp_since is None:
        raise Refused(_l("This account has no sign-in code."), "none")
    forget(account)
    end_sessions(account)
    notify(account, "second_factor_off")
    record("account.factor_reset", actor, ("account", account.id))


def forget(account: Account) -> None:
    account.totp_secret = account.totp_since = account.totp_step = None
    replace_codes(account, [])


# ---- who must have one ----


def is_compulsory(account_id: int) -> bool:
    return any(_asks(file) for file in wires.files_of_account(account_id))


def is_missing(user: User, account: Account) -> bool:
    """Whether this person can do nothing before a second factor is set up."""
    return account.totp_since is None and _asks(user)


def _asks(user: User) -> bool:
    """Administrators, except in the demo agency of a machine that is for trying: its password is on the first page."""
    if user.role != Role.ADMIN:
        return False
    return current_app.config["PORTAL_ENV"] == "production" or wires.demo() is None
