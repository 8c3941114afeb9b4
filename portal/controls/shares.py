"""Parts of a hundred: rounded and written in one way, wherever they are told."""

from dataclasses import dataclass

from babel.numbers import format_percent

from portal.i18n import PARTS, decimal, language


@dataclass(frozen=True)
class Share:
    """Of how many things how many are so."""

    part: int
    whole: int

    @property
    def percent(self) -> int | None:
        """How many of a hundred, a half rounded up: 100 only where all are so, 0 only where none is."""
        if not self.whole:
            return None
        nearest = (200 * self.part + self.whole) // (2 * self.whole)
        return min(max(nearest, 1), 99) if 0 < self.part < self.whole else nearest

    @property
    def fewest(self) -> int:
        """On how few things it rests: it tells how many are so, and how many are not."""
        return min(filter(None, (self.part, self.whole - self.part)), default=0)

    def __str__(self) -> str:
        return "—" if self.percent is None else format_percent(self.percent / 100, locale=PARTS[language()])

    @property
    def in_workbook(self) -> tuple[float | str, str]:
        """The number, and the format in which a workbook shows it."""
        return str(self) if self.percent is None else self.percent / 100, "0%"


@dataclass(frozen=True)
class Number:
    """A number that is no count: a workbook keeps all of it, and shows as many decimals as are written elsewhere."""

    value: float
    digits: int = 2

    def __str__(self) -> str:
        return decimal(self.value, self.digits)

    @property
    def in_workbook(self) -> tuple[float, str]:
        """The number, and the format in which a workbook shows it."""
        return self.value, f"0.{'0' * self.digits}" if self.digits else "0"
