"""months that are closed, what counted then, monthly reports"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('closed_month',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_by', sa.String(), nullable=False),
    sa.Column('promoters_from', sa.Integer(), nullable=False),
    sa.Column('passives_from', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_closed_month')),
    sa.UniqueConstraint('first_day', name=op.f('uq_closed_month_first_day'))
    )
    op.create_table('closed_rating',
    sa.Column('month_id', sa.Integer(), nullable=False),
    sa.Column('subject_id', sa.Integer(), nullable=False),
    sa.Column('stars', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('with_words', sa.Boolean(), nullable=False),
    sa.Column('counted', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['month_id'], ['closed_month.id'], name=op.f('fk_closed_rating_month_id_closed_month')),
    sa.ForeignKeyConstraint(['subject_id'], ['rating_subject.id'], name=op.f('fk_closed_rating_subject_id_rating_subject')),
    sa.PrimaryKeyConstraint('month_id', 'subject_id', name=op.f('pk_closed_rating'))
    )
    op.create_index(op.f('ix_closed_rating_subject_id'), 'closed_rating', ['subject_id'], unique=False)
    op.create_table('closed_requests',
    sa.Column('month_id', sa.Integer(), nullable=False),
    sa.Column('service_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('sector_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('stage', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('answered', sa.Integer(), nullable=False),
    sa.Column('commented', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['month_id'], ['closed_month.id'], name=op.f('fk_closed_requests_month_id_closed_month')),
    sa.PrimaryKeyConstraint('month_id', 'service_id', 'sector_id', 'stage', 'reason', name=op.f('pk_closed_requests'))
    )
    op.create_table('monthly_reader',
    sa.Column('account_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_monthly_reader_account_id_account')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_monthly_reader'))
    )
    op.create_table('monthly_report',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('language', sa.String(), nullable=True),
    sa.Column('pdf', sa.LargeBinary(), nullable=True),
    sa.Column('xlsx', sa.LargeBinary(), nullable=True),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_monthly_report_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_monthly_report')),
    sa.UniqueConstraint('account_id', 'first_day', name=op.f('uq_monthly_report_account_id_first_day'))
    )
    op.create_index(op.f('ix_monthly_report_written_at'), 'monthly_report', ['written_at'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_monthly_report_written_at'), table_name='monthly_report')
    op.drop_table('monthly_report')
    op.drop_table('monthly_reader')
    op.drop_table('closed_requests')
    op.drop_index(op.f('ix_closed_rating_subject_id'), table_name='closed_rating')
    op.drop_table('closed_rating')
    op.drop_table('closed_month')
