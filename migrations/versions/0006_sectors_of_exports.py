"""sectors of exports: a file of a table knows of which sectors it was written"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('table_export', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sectors', sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('table_export', schema=None) as batch_op:
        batch_op.drop_column('sectors')
