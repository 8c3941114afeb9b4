"""which files the person who asked for them has seen ready"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('table_export', schema=None) as batch_op:
        batch_op.add_column(sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE table_export SET seen_at = created_at WHERE content IS NOT NULL")


def downgrade() -> None:
    with op.batch_alter_table('table_export', schema=None) as batch_op:
        batch_op.drop_column('seen_at')
