"""ratings by the day of their visit: a list of a period reads the page that it shows"""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.add_column(sa.Column('day', sa.Date(), nullable=True))
    op.execute('UPDATE rating SET day = (SELECT s.day FROM rating_subject s WHERE s.id = rating.subject_id)')
    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.alter_column('day', existing_type=sa.Date(), nullable=False)
        batch_op.create_index('ix_rating_day', ['day', 'left_at', 'id'], unique=False)
        batch_op.create_index('ix_rating_stars_day', ['stars', 'day', 'left_at', 'id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.drop_index('ix_rating_stars_day')
        batch_op.drop_index('ix_rating_day')
        batch_op.drop_column('day')
