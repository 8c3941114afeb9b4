"""what was asked is kept with the answer: each wording of a survey has a row, to which surveys and ratings point"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

SHIPPED = 0  # the number of what is asked where nobody has set anything up
QUESTION = {
    'fr': 'Évaluez votre expérience avec {agency}',
    'ru': 'Оцените работу агентства «{agency}»',
    'en': 'Rate your experience with {agency}',
}
CRITERIA = {
    'q_punct': {
        'fr': 'L’intervenant est-il arrivé à l’heure\xa0?',
        'ru': 'Исполнитель пришёл вовремя?',
        'en': 'Did the worker arrive on time?',
    },
    'q_tasks': {
        'fr': 'Les tâches prévues ont-elles été réalisées\xa0?',
        'ru': 'Запланированные задачи выполнены?',
        'en': 'Were the planned tasks done?',
    },
    'q_respect': {
        'fr': 'Avez-vous été traité avec respect et courtoisie\xa0?',
        'ru': 'К вам относились уважительно и вежливо?',
        'en': 'Were you treated with respect and courtesy?',
    },
    'q_instr': {
        'fr': 'Vos consignes ont-elles été respectées\xa0?',
        'ru': 'Ваши указания соблюдены?',
        'en': 'Were your instructions followed?',
    },
    'q_time': {
        'fr': 'L’intervenant est-il resté la durée prévue\xa0?',
        'ru': 'Исполнитель пробыл всё оговорённое время?',
        'en': 'Did the worker stay the full time?',
    },
    'q_home': {
        'fr': 'Le domicile a-t-il été laissé propre et en ordre\xa0?',
        'ru': 'После визита дома было чисто и прибрано?',
        'en': 'Was the home left clean and tidy?',
    },
}
TABLES = ('survey', 'rating', 'former_rating', 'suspect_answer')
survey = sa.table('survey', *(sa.column(name) for name in ('id', 'survey_version_id')),
                  *(sa.column(name, sa.JSON) for name in ('question', 'criteria')))
version = sa.table('survey_version', sa.column('id'), sa.column('survey_id'), sa.column('at', sa.DateTime(timezone=True)),
                   *(sa.column(name, sa.JSON) for name in ('question', 'criteria')))


def upgrade() -> None:
    op.create_table('survey_version',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('survey_id', sa.Integer(), nullable=False),
        sa.Column('question', sa.JSON(), nullable=False),
        sa.Column('criteria', sa.JSON(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_survey_version')),
    )
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column('survey_version_id', sa.Integer(), nullable=True))
            batch_op.create_foreign_key(
                batch_op.f(f'fk_{table}_survey_version_id_survey_version'), 'survey_version', ['survey_version_id'], ['id']
            )
    write_present_wordings()
    with op.batch_alter_table('survey', schema=None) as batch_op:
        batch_op.alter_column('survey_version_id', existing_type=sa.Integer(), nullable=False)


def write_present_wordings() -> None:
    """What is asked as of now. What earlier answers were asked nobody knows: they point to nothing."""
    connection, moment = op.get_bind(), datetime.now(UTC)
    shipped = {'id': SHIPPED, 'survey_id': 0, 'question': QUESTION, 'criteria': {}, 'at': moment}
    connection.execute(version.insert().values(shipped))
    for row in connection.execute(sa.select(survey.c.id, survey.c.question, survey.c.criteria)).all():
        kept = {'survey_id': row.id, 'question': QUESTION | row.question, 'at': moment,
                'criteria': {key: CRITERIA[key] for key in row.criteria if key in CRITERIA}}
        connection.execute(version.insert().values(kept))
        newest = connection.execute(sa.select(sa.func.max(version.c.id))).scalar_one()
        connection.execute(survey.update().where(survey.c.id == row.id).values(survey_version_id=newest))


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(batch_op.f(f'fk_{table}_survey_version_id_survey_version'), type_='foreignkey')
            batch_op.drop_column('survey_version_id')
    op.drop_table('survey_version')
