"""what workers read of their ratings, and what they answer; which columns a person has put away"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.add_column(sa.Column('hidden_columns', sa.String(), nullable=True))
    op.execute("UPDATE account SET hidden_columns = ''")
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.alter_column('hidden_columns', existing_type=sa.String(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.drop_column('hidden_columns')
