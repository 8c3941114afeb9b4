"""staff at work"""

import sqlalchemy as sa
from alembic import op

from portal.people.search import FACTS, tokens_of

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

GIVEN = {'client': ['version'], 'worker': ['version', 'all_sectors'], 'relative': ['version'], 'staff': ['version'],
         'sector': ['kind', 'active', 'version'], 'service': ['version'], 'rating_request': ['again']}


def upgrade() -> None:
    op.create_table('search_token',
    sa.Column('token', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('person_type', sa.String(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('token', 'person_type', 'person_id', name=op.f('pk_search_token'))
    )
    with op.batch_alter_table('search_token', schema=None) as batch_op:
        batch_op.create_index('ix_search_token_person', ['person_type', 'person_id'], unique=False)

    op.create_table('skill',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_skill')),
    sa.UniqueConstraint('name', name=op.f('uq_skill_name'))
    )
    op.create_table('saved_filter',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('table', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('query', sa.String(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('shared', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_saved_filter_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_filter')),
    sa.UniqueConstraint('account_id', 'table', 'name', name=op.f('uq_saved_filter_account_id_table_name'))
    )
    with op.batch_alter_table('saved_filter', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_saved_filter_table'), ['table'], unique=False)

    op.create_table('skill_level',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('skill_id', sa.Integer(), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['skill_id'], ['skill.id'], name=op.f('fk_skill_level_skill_id_skill'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_skill_level')),
    sa.UniqueConstraint('skill_id', 'name', name=op.f('uq_skill_level_skill_id_name'))
    )
    op.create_table('absence',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('worker_id', sa.Integer(), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.CheckConstraint("reason IN ('leave', 'sick', 'training', 'other')", name=op.f('ck_absence_reason')),
    sa.CheckConstraint('first_day <= last_day', name=op.f('ck_absence_order')),
    sa.ForeignKeyConstraint(['worker_id'], ['worker.id'], name=op.f('fk_absence_worker_id_worker'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_absence'))
    )
    with op.batch_alter_table('absence', schema=None) as batch_op:
        batch_op.create_index('ix_absence_worker_days', ['worker_id', 'first_day'], unique=False)

    op.create_table('availability',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('worker_id', sa.Integer(), nullable=False),
    sa.Column('weekday', sa.Integer(), nullable=False),
    sa.Column('begins', sa.Time(), nullable=False),
    sa.Column('ends', sa.Time(), nullable=False),
    sa.CheckConstraint('begins < ends', name=op.f('ck_availability_order')),
    sa.CheckConstraint('weekday BETWEEN 0 AND 6', name=op.f('ck_availability_weekday')),
    sa.ForeignKeyConstraint(['worker_id'], ['worker.id'], name=op.f('fk_availability_worker_id_worker'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_availability'))
    )
    with op.batch_alter_table('availability', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_availability_worker_id'), ['worker_id'], unique=False)

    op.create_table('table_export',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('table', sa.String(), nullable=False),
    sa.Column('query', sa.String(), nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('user_key', sa.String(), nullable=False),
    sa.Column('work_id', sa.Integer(), nullable=True),
    sa.Column('filename', sa.String(), nullable=True),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("format IN ('csv', 'xlsx')", name=op.f('ck_table_export_format')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_table_export_account_id_account')),
    sa.ForeignKeyConstraint(['work_id'], ['work.id'], name=op.f('fk_table_export_work_id_work')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_table_export'))
    )
    with op.batch_alter_table('table_export', schema=None) as batch_op:
        batch_op.create_index('ix_table_export_account', ['account_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_table_export_created_at'), ['created_at'], unique=False)

    op.create_table('worker_skill',
    sa.Column('worker_id', sa.Integer(), nullable=False),
    sa.Column('skill_id', sa.Integer(), nullable=False),
    sa.Column('level_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['level_id'], ['skill_level.id'], name=op.f('fk_worker_skill_level_id_skill_level')),
    sa.ForeignKeyConstraint(['skill_id'], ['skill.id'], name=op.f('fk_worker_skill_skill_id_skill')),
    sa.ForeignKeyConstraint(['worker_id'], ['worker.id'], name=op.f('fk_worker_skill_worker_id_worker'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('worker_id', 'skill_id', name=op.f('pk_worker_skill'))
    )
    with op.batch_alter_table('worker_skill', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_worker_skill_skill_id'), ['skill_id'], unique=False)

    op.create_table('visit_task',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('label', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_visit_task_visit_id_visit'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visit_task'))
    )
    with op.batch_alter_table('visit_task', schema=None) as batch_op:
        batch_op.create_index('ix_visit_task_visit', ['visit_id', 'position'], unique=False)

    op.create_table('rating_reply',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('rating_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('author_name', sa.String(), nullable=False),
    sa.Column('author_account_id', sa.Integer(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['author_account_id'], ['account.id'], name=op.f('fk_rating_reply_author_account_id_account')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_rating_reply_message_id_message')),
    sa.ForeignKeyConstraint(['rating_id'], ['rating.id'], name=op.f('fk_rating_reply_rating_id_rating'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rating_reply')),
    sa.UniqueConstraint('message_id', name=op.f('uq_rating_reply_message_id'))
    )
    with op.batch_alter_table('rating_reply', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rating_reply_rating_id'), ['rating_id'], unique=False)

    op.create_table('rating_exclusion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('rating_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('author_name', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['rating_id'], ['rating.id'], name=op.f('fk_rating_exclusion_rating_id_rating'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rating_exclusion'))
    )
    with op.batch_alter_table('rating_exclusion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rating_exclusion_rating_id'), ['rating_id'], unique=False)

    with op.batch_alter_table('client', schema=None) as batch_op:
        batch_op.add_column(sa.Column('pets', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('mobile', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('street', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('postcode', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('city', sa.String(), nullable=True))

    with op.batch_alter_table('former_rating', schema=None) as batch_op:
        batch_op.add_column(sa.Column('channel', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('typed_by', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('given_how', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('given_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('exclude_reason', sa.Text(), nullable=True))

    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.add_column(sa.Column('typed_by', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('given_how', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('given_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('asked_again_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('replied_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('excluded_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('excluded_by', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('exclude_reason', sa.Text(), nullable=True))
        batch_op.drop_constraint(batch_op.f('ck_rating_channel'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_rating_channel'), "channel IN ('portal', 'mail', 'staff')")
        batch_op.create_check_constraint(batch_op.f('ck_rating_given_how'), "given_how IN ('telephone', 'visit', 'paper')")
        batch_op.create_check_constraint(batch_op.f('ck_rating_typed'), "(channel = 'staff') = (typed_by IS NOT NULL)")
        batch_op.create_check_constraint(
            batch_op.f('ck_rating_excluded'), '(excluded_at IS NULL) = (exclude_reason IS NULL)')

    with op.batch_alter_table('rating_request', schema=None) as batch_op:
        batch_op.add_column(sa.Column('again', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('relative', schema=None) as batch_op:
        batch_op.add_column(sa.Column('mobile', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))

    with op.batch_alter_table('sector', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kind', sa.String(), nullable=False, server_default='sector'))
        batch_op.add_column(sa.Column('manager_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('active', sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
        batch_op.create_foreign_key(batch_op.f('fk_sector_manager_id_staff'), 'staff', ['manager_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_sector_kind'), "kind IN ('network', 'agency', 'sector')")

    with op.batch_alter_table('service', schema=None) as batch_op:
        batch_op.add_column(sa.Column('default_minutes', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('question_fr', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('question_ru', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('question_en', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
        batch_op.create_check_constraint(batch_op.f('ck_service_default_minutes'), 'default_minutes > 0')

    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.add_column(sa.Column('mobile', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))

    with op.batch_alter_table('visit', schema=None) as batch_op:
        batch_op.add_column(sa.Column('series', sa.String(), nullable=True))
        batch_op.create_index(batch_op.f('ix_visit_series'), ['series'], unique=False)

    with op.batch_alter_table('worker', schema=None) as batch_op:
        batch_op.add_column(sa.Column('all_sectors', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('mobile', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('street', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('postcode', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('city', sa.String(), nullable=True))

    # the defaults were for the rows that were there; new ones are given by the models
    for table, columns in GIVEN.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.alter_column(column, server_default=None)
    index_everybody()
    # the top of the tree is the network if it holds agencies; what lies at the top alone is an agency
    op.execute("UPDATE sector SET kind = 'agency' WHERE parent_id IS NULL")


def index_everybody() -> None:
    """Give everybody the words by which they are found. They are derived: `flask people reindex` writes them anew."""
    tokens = sa.table('search_token', sa.column('token'), sa.column('person_type'), sa.column('person_id'))
    for kind in ('client', 'relative', 'worker', 'staff'):
        facts = [sa.column(name) for name in FACTS]
        people = op.get_bind().execute(sa.select(*facts).select_from(sa.table(kind)).order_by(facts[0])).all()
        for start in range(0, len(people), 500):
            op.bulk_insert(tokens, list(tokens_of(kind, people[start:start + 500])))


def downgrade() -> None:
    op.execute("UPDATE rating SET channel = 'portal', typed_by = NULL WHERE channel = 'staff'")
    with op.batch_alter_table('worker', schema=None) as batch_op:
        batch_op.drop_column('city')
        batch_op.drop_column('postcode')
        batch_op.drop_column('street')
        batch_op.drop_column('version')
        batch_op.drop_column('mobile')
        batch_op.drop_column('all_sectors')

    with op.batch_alter_table('visit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_visit_series'))
        batch_op.drop_column('series')

    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_column('version')
        batch_op.drop_column('mobile')

    with op.batch_alter_table('service', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_service_default_minutes'), type_='check')
        batch_op.drop_column('version')
        batch_op.drop_column('question_en')
        batch_op.drop_column('question_ru')
        batch_op.drop_column('question_fr')
        batch_op.drop_column('default_minutes')

    with op.batch_alter_table('sector', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_sector_kind'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_sector_manager_id_staff'), type_='foreignkey')
        batch_op.drop_column('version')
        batch_op.drop_column('active')
        batch_op.drop_column('manager_id')
        batch_op.drop_column('kind')

    with op.batch_alter_table('relative', schema=None) as batch_op:
        batch_op.drop_column('version')
        batch_op.drop_column('mobile')

    with op.batch_alter_table('rating_request', schema=None) as batch_op:
        batch_op.drop_column('again')

    with op.batch_alter_table('rating', schema=None) as batch_op:
        for name in ('excluded', 'typed', 'given_how', 'channel'):
            batch_op.drop_constraint(batch_op.f(f'ck_rating_{name}'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_rating_channel'), "channel IN ('portal', 'mail')")
        batch_op.drop_column('exclude_reason')
        batch_op.drop_column('excluded_by')
        batch_op.drop_column('excluded_at')
        batch_op.drop_column('replied_at')
        batch_op.drop_column('asked_again_at')
        batch_op.drop_column('given_at')
        batch_op.drop_column('given_how')
        batch_op.drop_column('typed_by')

    with op.batch_alter_table('former_rating', schema=None) as batch_op:
        batch_op.drop_column('exclude_reason')
        batch_op.drop_column('given_at')
        batch_op.drop_column('given_how')
        batch_op.drop_column('typed_by')
        batch_op.drop_column('channel')

    with op.batch_alter_table('client', schema=None) as batch_op:
        batch_op.drop_column('city')
        batch_op.drop_column('postcode')
        batch_op.drop_column('street')
        batch_op.drop_column('version')
        batch_op.drop_column('mobile')
        batch_op.drop_column('pets')

    with op.batch_alter_table('rating_exclusion', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rating_exclusion_rating_id'))

    op.drop_table('rating_exclusion')
    with op.batch_alter_table('rating_reply', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rating_reply_rating_id'))

    op.drop_table('rating_reply')
    with op.batch_alter_table('visit_task', schema=None) as batch_op:
        batch_op.drop_index('ix_visit_task_visit')

    op.drop_table('visit_task')
    with op.batch_alter_table('worker_skill', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_worker_skill_skill_id'))

    op.drop_table('worker_skill')
    with op.batch_alter_table('table_export', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_table_export_created_at'))
        batch_op.drop_index('ix_table_export_account')

    op.drop_table('table_export')
    with op.batch_alter_table('availability', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_availability_worker_id'))

    op.drop_table('availability')
    with op.batch_alter_table('absence', schema=None) as batch_op:
        batch_op.drop_index('ix_absence_worker_days')

    op.drop_table('absence')
    op.drop_table('skill_level')
    with op.batch_alter_table('saved_filter', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_saved_filter_table'))

    op.drop_table('saved_filter')
    op.drop_table('skill')
    with op.batch_alter_table('search_token', schema=None) as batch_op:
        batch_op.drop_index('ix_search_token_person')

    op.drop_table('search_token')
