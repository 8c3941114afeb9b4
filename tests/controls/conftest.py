"""The frame is tried with the table of ratings."""

from tests.reports.conftest import rated  # noqa: F401 - a fixture
