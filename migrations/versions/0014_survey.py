"""what clients are asked: criteria, remarks, thanks; digests; tests that count for nothing"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

LANGUAGES = ('fr', 'ru', 'en')
OPTIONS = {code: f'ratings.question_{code}' for code in LANGUAGES}
TO_CALL = sa.text('call_back AND called_at IS NULL')
option_value = sa.table('option_value', sa.column('key', sa.String), sa.column('value', sa.JSON))
service = sa.table('service', sa.column('id', sa.Integer), *(sa.column(f'question_{code}', sa.String) for code in LANGUAGES))
survey = sa.table(
    'survey', sa.column('id', sa.Integer), sa.column('service_id', sa.Integer), sa.column('question', sa.JSON),
    sa.column('criteria', sa.JSON), sa.column('comment', sa.Boolean), sa.column('remarks', sa.JSON),
    sa.column('thanks', sa.JSON), sa.column('call_back', sa.Boolean), sa.column('version', sa.Integer),
)


def upgrade() -> None:
    op.create_table('survey',
        sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('service_id', sa.Integer(), nullable=True),
        sa.Column('question', sa.JSON(), nullable=False),
        sa.Column('criteria', sa.JSON(), nullable=False),
        sa.Column('comment', sa.Boolean(), nullable=False),
        sa.Column('remarks', sa.JSON(), nullable=False),
        sa.Column('thanks', sa.JSON(), nullable=False),
        sa.Column('call_back', sa.Boolean(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.CheckConstraint('id = coalesce(service_id, 0)', name=op.f('ck_survey_scope')),
        sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_survey_service_id_service')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_survey')),
    )
    move_questions()
    with op.batch_alter_table('service', schema=None) as batch_op:
        for code in LANGUAGES:
            batch_op.drop_column(f'question_{code}')
    for table in ('rating', 'former_rating', 'suspect_answer'):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column('details', sa.JSON(), nullable=True))
            batch_op.add_column(sa.Column('call_back', sa.Boolean(), nullable=False, server_default=sa.false()))
            if table != 'suspect_answer':
                batch_op.add_column(sa.Column('called_at', sa.DateTime(timezone=True), nullable=True))
                batch_op.add_column(sa.Column('called_by', sa.String(), nullable=True))
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column('call_back', server_default=None)
    op.create_index('ix_rating_to_call', 'rating', ['left_at', 'id'], sqlite_where=TO_CALL, postgresql_where=TO_CALL)
    with op.batch_alter_table('rating_request', schema=None) as batch_op:
        batch_op.add_column(sa.Column('public_id', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('left_out', sa.String(), nullable=True))
        batch_op.drop_constraint(batch_op.f('uq_rating_request_message_id'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_rating_request_public_id'), ['public_id'])
        batch_op.create_index(batch_op.f('ix_rating_request_message_id'), ['message_id'], unique=False)


def move_questions() -> None:
    """What agencies asked so far goes into surveys; the remarks are those that a new agency begins with."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(option_value).where(option_value.c.key.in_(OPTIONS.values())))
    chosen = {key.rpartition('_')[2]: value for key, value in rows}
    asked = {0: chosen} if chosen else {}
    for row in connection.execute(sa.select(service)):
        own = {code: row[place] for place, code in enumerate(LANGUAGES, 1) if row[place]}
        if own:  # where it had none in a language, the agency's was asked
            asked[row.id] = chosen | own
    for number, question in asked.items():
        connection.execute(survey.insert().values(
            id=number, service_id=number or None, question=question, criteria=[], comment=True, remarks={},
            thanks={}, call_back=False, version=1,
        ))
    connection.execute(option_value.delete().where(option_value.c.key.in_(OPTIONS.values())))


def _forget(which: str) -> None:
    op.execute(f'DELETE FROM message_attempt WHERE message_id IN (SELECT id FROM message WHERE {which})')
    op.execute(f'DELETE FROM message WHERE {which}')


def downgrade() -> None:
    connection = op.get_bind()
    # before this revision a mail asks about one visit: of a weekly one, the first stays
    first = 'SELECT min(id) FROM rating_request GROUP BY message_id'
    op.execute(f'DELETE FROM suspect_answer WHERE request_id NOT IN ({first})')
    op.execute(f'DELETE FROM rating_request WHERE id NOT IN ({first})')
    # nobody knows these kinds any more: a weekly mail is a request about the visit that stays, and tests are over
    of_mail = 'SELECT r.subject_id FROM rating_request r WHERE r.message_id = message.id'
    op.execute(f"""UPDATE message SET kind = 'ratings.request', subject_id = ({of_mail})
        WHERE kind = 'ratings.digest' AND EXISTS ({of_mail})""")
    _forget("kind IN ('ratings.digest', 'ratings.test')")
    with op.batch_alter_table('rating_request', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rating_request_message_id'))
        batch_op.drop_constraint(batch_op.f('uq_rating_request_public_id'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_rating_request_message_id'), ['message_id'])
        batch_op.drop_column('left_out')
        batch_op.drop_column('public_id')
    op.drop_index('ix_rating_to_call', 'rating', sqlite_where=TO_CALL, postgresql_where=TO_CALL)
    for table in ('rating', 'former_rating'):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in ('called_by', 'called_at', 'call_back', 'details'):
                batch_op.drop_column(name)
    with op.batch_alter_table('suspect_answer', schema=None) as batch_op:
        for name in ('call_back', 'details'):
            batch_op.drop_column(name)
    with op.batch_alter_table('service', schema=None) as batch_op:
        for code in LANGUAGES:
            batch_op.add_column(sa.Column(f'question_{code}', sa.String(), nullable=True))
    for number, question in connection.execute(sa.select(survey.c.id, survey.c.question)).all():
        if number:
            values = {f'question_{code}': question.get(code) for code in LANGUAGES}
            connection.execute(service.update().where(service.c.id == number).values(values))
        else:
            for code, text in question.items():
                connection.execute(option_value.insert().values(key=OPTIONS[code], value=text))
    op.drop_table('survey')
