"""What each column of a file of the analytics means, with the key by which it is called in whatever language."""

from collections.abc import Iterable, Iterator

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.controls.table import Column
from portal.ratings.details import BANK
from portal.ratings.figures import Rules, rules_of_today
from portal.reports.feedback_board import STEPS
from portal.reports.feedback_cut import Cut

Said = tuple[str, ...]

_INTERVAL = _l("The mean probably lies between its two ends (95 %), after Jeffreys.")
_SHARE = _l("The share probably lies between its two ends (95 %), after Wilson.")
_COEFFICIENT = _l("The coefficient probably lies between its two ends (95 %): those of the mean, as a percentage of 5 "
                  "stars.")  # fmt: skip
_SO_MANY = _l("How many ratings there are of so many stars.")
_AT_THE_END = _l("As it was when the visit ended: a later change moves no rating.")
_ASKED_BESIDES = _l("Stars for this further question, where it was asked and answered.")
PLAIN = {
    "id": _l("It stays the same, whatever the name."),
    "worker": _l("Who came to the visit; also those who have left since."),
    "first_day": _l("The first day of the step."),
    "last_day": _l("The last day of the step."),
    "done": _l("Visits that took place on these days."),
    "sent": _l("Done visits whose request was handed over."),
    "refused": _l("Done visits whose request the mail server refused for good."),
    "answered": _l("Rated by the client, of those whose request was sent or refused."),
    "delivered_rate": _l("Answers of a hundred whose request was handed over."),
    "coverage": _l("Of a hundred done visits, those about which the client was asked, whether the mail arrived or "
                   "not."),
    "rated": _l("Done visits that the client has rated, asked or not; also where the rating is excluded from the "
                "statistics."),
    "rated_part": _l("Of a hundred done visits, those that the client has rated, asked or not."),
    "n": _l("Ratings that count, with those entered by the agency."),
    "mean": _l("0 stars are a score. The interval is that of 95 %, after Jeffreys."),
    "mean_low": _INTERVAL,
    "mean_high": _INTERVAL,
    "median": _l("The rating in the middle; of an even number of them, halfway between the two."),
    **{f"stars_{stars}": _SO_MANY for stars in range(6)},
    "satisfied": _l("Of a hundred ratings, those with 4 or 5 stars."),
    "positive": _l("Ratings with 4 or 5 stars."),
    "negative": _l("Ratings with 0 to 2 stars."),
    "coefficient": _l("The mean as a percentage of 5 stars: 0 stars are 0 %."),
    "nps_margin": _l("So far from what is told the NPS probably lies at most (95 %)."),
    **{f"{share}_{end}": _SHARE for share in ("response_rate", "delivered_rate", "coverage", "rated_part", "satisfied")
       for end in ("low", "high")},
    "coefficient_low": _COEFFICIENT,
    "coefficient_high": _COEFFICIENT,
    "comments": _l("Ratings with words."),
    "ranked_mean": _l("The mean drawn towards the mean of all: ten answers of that mean are added."),
    "rating": _l("It stays the same when the rating is changed."),
    "visit": _l("As in the address of its page."),
    "day": _l("The day of the visit, where it took place."),
    "rated_at": _l("When the rating was left first."),
    "client": _l("Whose visit it was."),
    "client_reference": _l("The number of the client in your other programs."),
    "workers": _l("All who came to the visit; also those who have left since."),
    "service": _AT_THE_END,
    "sector": _AT_THE_END,
    "manager": _l("Who had the file of the client in hand when the visit ended."),
    "stars": _l("From 0 to 5."),
    "comment": _l("In the words of who rated."),
    **dict.fromkeys(BANK, _ASKED_BESIDES),
    "remarks": _l("The ready-made remarks that were ticked."),
    "call_back": _l("Whether this was asked for with the rating."),
    "called_at": _l("When somebody of the agency did."),
    "source": _l("By which way the rating came."),
    "edited": _l("Whether another value took the place of the first one."),
    "counted": _l("Whether it is in the statistics."),
    "excluded": _l("Why it is not."),
    "figure": _l("As on the page of the month."),
    "then": _l("As it was at that moment; it does not change any more."),
    "then_n": _l("Of how many the figure of then is made."),
    "today": _l("As it is when the file is written."),
    "today_n": _l("Of how many the figure of today is made."),
    "edits": _l("What came, went or was changed since the month was closed."),
}  # fmt: skip


def definitions(
    step: str, columns: Iterable[Column], cut: Cut | None = None, rules: Rules | None = None
) -> Iterator[Said]:
    """Write out what stands on the last sheet of a file: what was counted, and what each of its columns means.

    Args:
        rules: by which its figures are made, if not those of today.
    """
    labels = {column.key: column.label for column in columns}
    yield _("Divided into"), str(STEPS[step])
    yield _("Which ratings"), _with_excluded() if "comment" in labels else _without_excluded()
    yield (_("A visit of two workers"),
           _("It counts once for each of them, and once where workers are not told apart."))  # fmt: skip
    yield _("Key"), _("The same in every language. A workbook names each column by its sheet and its key, as in "
                      "workers_mean; a CSV file has the key in square brackets behind each heading.")  # fmt: skip
    yield "", ""
    yield _("Column"), _("What it means"), _("Key")
    meant = {key: str(words) for key, words in PLAIN.items()} | _by_rules(rules or rules_of_today()) | _by_source(cut)
    for key, label in labels.items():
        yield str(label), meant[key], key


def _with_excluded() -> str:
    return _("Those of visits on the days chosen: the day of the visit counts. Ratings excluded from the statistics "
             "stand on the sheet of comments alone.")  # fmt: skip


def _without_excluded() -> str:
    return _("Those of visits on the days chosen: the day of the visit counts. Ratings excluded from the statistics "
             "do not count.")  # fmt: skip


def _by_rules(rules: Rules) -> dict[str, str]:
    """What depends on how the agency has set up its figures."""
    promoters, passives = rules.promoters_from, rules.passives_from
    return {
        "enough": _("From %(number)s on. Below, the figures stay empty; how many there are is always told.",
                    number=rules.minimum_sample),
        "promoters": _("Ratings from %(number)s stars on.", number=promoters),
        "passives": _("Ratings from %(number)s stars on that make no promoters.", number=min(passives, promoters)),
        "detractors": _("Ratings of fewer than %(number)s stars.", number=min(passives, promoters)),
        "nps": _("Promoters: from %(promoters)s stars. Passives: from %(passives)s stars. Fewer: detractors. The share "
                 "of promoters less that of detractors; the margin is the larger of the plain one and that of Bonett "
                 "and Price.", promoters=promoters, passives=passives),
    }  # fmt: skip


def _by_source(cut: Cut | None) -> dict[str, str]:
    """What is told of requests: of a single source they say nothing."""
    if cut is None or cut.tells_requests:
        return {"response_rate": _("Answers of those who were asked, whether the mail arrived or not.")}
    rate = _("Response rates are told for all sources together: a request does not say by which way it will be "
             "answered.")  # fmt: skip
    asking = ("done", "sent", "refused", "answered", "response_rate", "delivered_rate", "coverage", "rated",
              "rated_part")  # fmt: skip
    return {f"{key}{end}": rate for key in asking for end in ("", "_low", "_high")}
