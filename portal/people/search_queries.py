"""Finding people by what is typed into the one box: each word must begin one of theirs."""

from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from portal.accounts.models import User
from portal.extensions import db
from portal.folding import fold_name
from portal.people.models import Anybody, Client, Relative, SearchToken, Sector, Staff, Worker
from portal.people.queries import visible_clients, visible_workers
from portal.people.search import KINDS, begins, digits_of, sounds_so
from portal.roles import Role
from portal.tables.queries import COUNTED, count_label

SHOWN = 20  # of each kind; whoever is looked for is found by typing more
LONGEST, MOST_WORDS = 100, 6
_LOOKED_AT = 3 * COUNTED  # words of the index: some people have several that begin alike


@dataclass(frozen=True)
class Hit:
    """Somebody who was found."""

    kind: str
    id: int
    name: str
    email: str | None
    phone: str | None
    active: bool
    place: str | None  # the sector of a client, the role of a member of staff
    client_id: int | None  # of a relative
    client_name: str | None


@dataclass(frozen=True)
class Found:
    """Those of one kind, by name. `total` is exact up to 1,000; beyond, `more` is true."""

    kind: str
    hits: list[Hit]
    total: int
    more: bool

    @property
    def count_label(self) -> str:
        return count_label(COUNTED + 1 if self.more else self.total)


def typed_words(typed: str) -> list[str]:
    """Take what was typed apart: words of names folded, addresses whole, the digits of one number joined."""
    words, number, named = [], "", []
    for piece in [*typed[:LONGEST].replace("\x00", "").split(), ""]:
        if any(map(str.isdigit, piece)) and not any(map(str.isalpha, piece)):
            number += piece
            continue
        words, number = [*words, digits_of(number)], ""
        (words if "@" in piece else named).append(piece.casefold())
    return [word for word in [*fold_name(" ".join(named)).split(), *words] if word][:MOST_WORDS]


def search_people(user: User, typed: str) -> list[Found]:
    """Return clients, relatives and workers of a person's perimeter, for administrators staff too; in one statement."""
    words = sorted(typed_words(typed), key=len, reverse=True)
    if not words:
        return []
    kinds = [kind for kind in KINDS if kind is not Staff or user.role is Role.ADMIN]
    rows = db.session.execute(union_all(*(_hits(user, kind, words) for kind in kinds)).order_by("sort", "place_of"))
    found: dict[str, Found] = {}
    for row in rows:
        total = min(row.total, COUNTED)
        group = found.setdefault(row.kind, Found(row.kind, [], total, row.total > COUNTED))
        name = f"{row.first_name} {row.last_name}".strip()
        whose = f"{row.client_first} {row.client_last}" if row.client_id else None
        group.hits.append(
            Hit(row.kind, row.id, name, row.email, row.phone, row.active, row.place, row.client_id, whose)
        )
    return list(found.values())


def _hits(user: User, kind: type[Anybody], words: list[str]) -> Select:
    """The first of one kind by name, each with how many there are."""
    index = aliased(SearchToken)
    here = and_(index.person_type == kind.__tablename__, index.person_id == kind.id)
    matched = _perimeter(user, kind).join(index, here).where(_begins(index, words[0]))
    matched = matched.where(*(has_word(kind, word) for word in words[1:]))
    # a bound, so that a letter that thousands of names begin with costs what a rare name does
    some = matched.with_only_columns(kind.id.label("id")).limit(_LOOKED_AT).subquery()
    chosen = select(some.c.id).distinct().subquery()
    order = func.row_number().over(order_by=(kind.last_name, kind.first_name, kind.id))
    client, sector = aliased(Client), aliased(Sector)
    columns = [
        literal(kind.__tablename__).label("kind"), literal(KINDS.index(kind)).label("sort"), kind.id, kind.first_name,
        kind.last_name, kind.email, func.coalesce(kind.mobile, kind.phone).label("phone"), kind.active,
        order.label("place_of"), func.count().over().label("total"),
    ]  # fmt: skip
    whose = select(*columns).join(chosen, chosen.c.id == kind.id)
    if kind is Relative:
        of = client.first_name.label("client_first"), client.last_name.label("client_last")
        whose = whose.join(client, client.id == Relative.client_id).add_columns(
            _NO_WORD.label("place"), client.id.label("client_id"), *of
        )
    elif kind is Client:
        whose = whose.join(sector, sector.id == Client.sector_id).add_columns(sector.name.label("place"), *_NOBODY)
    else:
        place = Staff.role if kind is Staff else _NO_WORD
        whose = whose.add_columns(place.label("place"), *_NOBODY)
    ranked = whose.subquery()
    return select(ranked).where(ranked.c.place_of <= SHOWN)


_NO_WORD = cast(null(), String)  # PostgreSQL wants to know of what kind a column is that one part leaves empty
_NOBODY = (
    cast(null(), Integer).label("client_id"), _NO_WORD.label("client_first"), _NO_WORD.label("client_last"),
)  # fmt: skip


def _perimeter(user: User, kind: type[Anybody]) -> Select:
    if kind is Client:
        return visible_clients(user)
    if kind is Worker:
        return visible_workers(user)
    if kind is Relative:
        return visible_clients(user).join(Relative, Relative.client_id == Client.id)
    return select(Staff).where(true())


def has_word(kind: type[Anybody], word: str) -> ColumnElement[bool]:
    """A record of this kind is found by a word of `typed_words`."""
    index = aliased(SearchToken)
    return exists().where(index.person_type == kind.__tablename__, index.person_id == kind.id, _begins(index, word))


def _begins(index: type[SearchToken], word: str) -> ColumnElement[bool]:
    """A word of the index begins with a typed one, or sounds so in the other script."""
    plain = begins(index, word)
    if "@" in word or not word[0].isalpha():
        return plain
    return plain | sounds_so(index, word)
