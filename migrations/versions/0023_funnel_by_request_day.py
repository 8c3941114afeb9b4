"""the funnel by the day of the request finds the row of all workers, whatever the years"""

from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('request_tally', schema=None) as batch_op:
        batch_op.drop_index('ix_request_tally_asked')
        batch_op.create_index('ix_request_tally_asked', ['span', 'worker_id', 'asked_day'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('request_tally', schema=None) as batch_op:
        batch_op.drop_index('ix_request_tally_asked')
        batch_op.create_index('ix_request_tally_asked', ['span', 'asked_day'], unique=False)
