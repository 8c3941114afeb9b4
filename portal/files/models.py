"""An attachment: what is known of a file that is kept."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import UTC, db
from portal.links import new_public_id

JPEG, PNG, PDF = "image/jpeg", "image/png", "application/pdf"
LONGEST_NAME = 255  # characters of a name, as most systems allow
LARGEST = 10 * 1024 * 1024  # bytes of a file as it comes
THUMBNAIL_ENDING = ".thumb"
MOST_FILES, MOST_A_DAY = 5, 100  # with one message; of one person


class Attachment(db.Model):
    """A file that somebody has attached. Its content is kept under `public_id`, never under the name it came with."""

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint("media_type IN ('image/jpeg', 'image/png', 'application/pdf')", name="media_type"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint(f"length(name) BETWEEN 1 AND {LONGEST_NAME}", name="name"),
        Index("ix_attachment_account_at", "account_id", "at"),  # how many somebody has sent today
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    name: Mapped[str]  # as it is offered to whoever takes it away: cleaned, with the ending of what it really is
    media_type: Mapped[str]
    size: Mapped[int]  # bytes, as kept
    width: Mapped[int | None]  # of a picture, as kept; pictures have a thumbnail
    height: Mapped[int | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)

    @property
    def is_picture(self) -> bool:
        return self.media_type != PDF

    @property
    def thumbnail_name(self) -> str:
        """Under which the small one of a picture is kept: a JPEG, whatever the picture is."""
        return self.public_id + THUMBNAIL_ENDING
