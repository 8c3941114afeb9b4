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

    op.create_table('notice_read',
    sa.Column('worker_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['worker_id'], ['worker.id'], name=op.f('fk_notice_read_worker_id_worker')),
    sa.PrimaryKeyConstraint('worker_id', 'version', name=op.f('pk_notice_read'))
    )
    op.create_table('shown_comment',
    sa.Column('rating_id', sa.Integer(), nullable=False),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('shown_by', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['rating_id'], ['rating.id'], name=op.f('fk_shown_comment_rating_id_rating'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('rating_id', name=op.f('pk_shown_comment'))
    )
    op.create_table('worker_word',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('rating_id', sa.Integer(), nullable=False),
    sa.Column('worker_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('accepted', sa.Boolean(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('decided_by', sa.String(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('reply', 'contest')", name=op.f('ck_worker_word_kind')),
    sa.CheckConstraint('(decided_at IS NULL) = (accepted IS NULL)', name=op.f('ck_worker_word_decided')),
    sa.CheckConstraint("accepted IS NULL OR kind = 'contest'", name=op.f('ck_worker_word_contest')),
    sa.CheckConstraint('length(text) <= 2000', name=op.f('ck_worker_word_text')),
    sa.ForeignKeyConstraint(['rating_id'], ['rating.id'], name=op.f('fk_worker_word_rating_id_rating'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['worker_id'], ['worker.id'], name=op.f('fk_worker_word_worker_id_worker')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_worker_word')),
    sa.UniqueConstraint('rating_id', 'worker_id', 'kind', 'said_at', name=op.f('uq_worker_word_rating_id_worker_id_kind_said_at'))
    )
    with op.batch_alter_table('worker_word', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_worker_word_worker_id'), ['worker_id'], unique=False)


def downgrade() -> None:
    op.drop_table('worker_word')
    op.drop_table('shown_comment')
    op.drop_table('notice_read')
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.drop_column('hidden_columns')
