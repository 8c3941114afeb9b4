"""unseen ratings: the low ones that nobody has looked at are counted without the past of the agency"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

UNSEEN = sa.text("looked_at IS NULL AND excluded_at IS NULL")


def upgrade() -> None:
    op.drop_index('ix_rating_looked_at', 'rating')
    op.create_index('ix_rating_unseen', 'rating', ['stars', 'id'], sqlite_where=UNSEEN, postgresql_where=UNSEEN)


def downgrade() -> None:
    op.drop_index('ix_rating_unseen', 'rating')
    op.create_index('ix_rating_looked_at', 'rating', ['looked_at', 'stars'], unique=False)
