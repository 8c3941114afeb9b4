"""hours of workers: when a visit begins stands with who is sent to it"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_visit_starts_at', 'visit')
    op.create_index('ix_visit_starts_at', 'visit', ['starts_at', 'id'], unique=True)
    with op.batch_alter_table('visit_worker', schema=None) as batch_op:
        batch_op.add_column(sa.Column('starts_at', sa.DateTime(timezone=True), nullable=True))
    op.execute('UPDATE visit_worker SET starts_at = (SELECT visit.starts_at FROM visit WHERE visit.id = visit_worker.visit_id)')
    with op.batch_alter_table('visit_worker', schema=None) as batch_op:
        batch_op.alter_column('starts_at', existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.drop_constraint(batch_op.f('fk_visit_worker_visit_id_visit'), type_='foreignkey')
        batch_op.create_foreign_key(batch_op.f('fk_visit_worker_visit_id_starts_at_visit'), 'visit', ['visit_id', 'starts_at'], ['id', 'starts_at'], onupdate='CASCADE', ondelete='CASCADE')
        batch_op.drop_index('ix_visit_worker_worker')
        batch_op.create_index('ix_visit_worker_worker', ['worker_id', 'starts_at', 'visit_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('visit_worker', schema=None) as batch_op:
        batch_op.drop_index('ix_visit_worker_worker')
        batch_op.create_index('ix_visit_worker_worker', ['worker_id', 'visit_id'], unique=False)
        batch_op.drop_constraint(batch_op.f('fk_visit_worker_visit_id_starts_at_visit'), type_='foreignkey')
        batch_op.create_foreign_key(batch_op.f('fk_visit_worker_visit_id_visit'), 'visit', ['visit_id'], ['id'], ondelete='CASCADE')
        batch_op.drop_column('starts_at')

    op.drop_index('ix_visit_starts_at', 'visit')
    op.create_index('ix_visit_starts_at', 'visit', ['starts_at', 'id'], unique=False)
