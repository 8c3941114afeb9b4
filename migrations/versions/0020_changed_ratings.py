"""ratings by when they were changed: the live view looks for those of today"""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

CHANGED = sa.text('changed_at IS NOT NULL')


def upgrade() -> None:
    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.create_index('ix_rating_changed_at', ['changed_at'], unique=False, sqlite_where=CHANGED,
                              postgresql_where=CHANGED)


def downgrade() -> None:
    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.drop_index('ix_rating_changed_at')
