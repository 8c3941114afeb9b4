"""What imports show on the staff's home page."""

from datetime import timedelta

from portal import clock
from portal.accounts.models import User
from portal.extensions import Panel, db, wires
from portal.imports.models import Import, Step
from portal.imports.queries import visible_imports, with_refused_lines

DAYS = 7  # who has not mended the file by then will not
SHOWN = 5


def home_card(user: User) -> Panel | None:
    """Files of the last days with lines that were refused: what stands in them is missing until somebody mends it."""
    lately = Import.created_at > clock.now() - timedelta(days=DAYS), Import.state.in_((Step.READY, Step.DONE))
    chosen = visible_imports(user).where(*lately, with_refused_lines()).order_by(Import.id.desc()).limit(SHOWN + 1)
    files = db.session.execute(chosen.add_columns(wires.name_of_staff(Import.account_id))).all()
    context = {"files": files[:SHOWN], "more": len(files) > SHOWN, "own": user.account_id}
    return Panel("imports/_home.html", context) if files else None
