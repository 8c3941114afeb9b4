"""closed months keep the fewest answers of which a figure was made; those closed before get today's"""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None

USUAL = 5  # the option's value where nobody has chosen another
option_value = sa.table('option_value', sa.column('key', sa.String), sa.column('value', sa.JSON))
closed_month = sa.table('closed_month', sa.column('minimum_sample', sa.Integer))


def upgrade() -> None:
    with op.batch_alter_table('closed_month', schema=None) as batch_op:
        batch_op.add_column(sa.Column('minimum_sample', sa.Integer(), nullable=True))
    connection = op.get_bind()
    chosen = connection.scalar(sa.select(option_value.c.value).where(option_value.c.key == 'ratings.minimum_sample'))
    connection.execute(closed_month.update().values(minimum_sample=USUAL if chosen is None else chosen))
    with op.batch_alter_table('closed_month', schema=None) as batch_op:
        batch_op.alter_column('minimum_sample', existing_type=sa.Integer(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table('closed_month', schema=None) as batch_op:
        batch_op.drop_column('minimum_sample')
