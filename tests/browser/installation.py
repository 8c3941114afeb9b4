"""A demo installation with real processes, made with the commands that the README names."""

import subprocess
import sys

from portal.demo import PASSWORD
from tests.browser.tab import Tab
from tests.processes.test_up import ROOT, Portal


class Installation(Portal):
    """A data folder of its own, the demo agency in it, and `flask up` on it."""

    def flask(self, *words: str) -> str:
        """Run a command of this installation to its end; return what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fill(self) -> None:
        """Make the tables and the demo agency, as `make run` does."""
        self.flask("db", "upgrade")
        self.flask("demo")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def sign_in(tab: Tab, email: str, password: str = PASSWORD) -> None:
    """Sign in on the page, whatever its language, and come to one's portal."""
    tab.open("/sign-in")
    tab.page.locator("input[name=email]").fill(email)
    tab.page.locator("input[name=password]").fill(password)
    tab.page.locator("form[action='/sign-in'] button[type=submit]").first.click()
    tab.page.wait_for_url(lambda url: not url.endswith("/sign-in"))
