"""visits to close: those that are over and still planned are found without the past of the agency"""

from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_visit_state_end', 'visit', ['state', 'ends_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_visit_state_end', 'visit')
