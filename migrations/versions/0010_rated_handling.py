"""rated handling: what is rated is a visit, or how an incident on one was handled"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('rating_subject', schema=None) as batch_op:
        batch_op.add_column(sa.Column('incident_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('handled_visit_id', sa.Integer(), nullable=True))
        batch_op.alter_column('visit_id', existing_type=sa.Integer(), nullable=True)
        batch_op.create_unique_constraint(batch_op.f('uq_rating_subject_incident_id'), ['incident_id'])
        batch_op.create_foreign_key(batch_op.f('fk_rating_subject_incident_id_incident'), 'incident', ['incident_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_rating_subject_handled_visit_id_visit'), 'visit', ['handled_visit_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_rating_subject_one'), '(visit_id IS NULL) <> (incident_id IS NULL)')
        batch_op.create_check_constraint(batch_op.f('ck_rating_subject_handled'), '(incident_id IS NULL) = (handled_visit_id IS NULL)')
        batch_op.create_index(batch_op.f('ix_rating_subject_handled_visit_id'), ['handled_visit_id'], unique=False)


def downgrade() -> None:
    # before this revision there is no place for what was said of the handling of incidents
    subjects = 'SELECT id FROM rating_subject WHERE visit_id IS NULL'
    ratings = f'SELECT id FROM rating WHERE subject_id IN ({subjects})'
    requests = f'SELECT id FROM rating_request WHERE subject_id IN ({subjects})'
    mails = f"""SELECT id FROM message WHERE (subject_type = 'rating_subject' AND subject_id IN ({subjects}))
                OR (subject_type = 'rating' AND subject_id IN ({ratings}))"""
    connection = op.get_bind()
    gone = [row.id for row in connection.execute(sa.text(mails))]
    for statement in (
        f'DELETE FROM suspect_answer WHERE request_id IN ({requests})',
        f'DELETE FROM rating_request WHERE reminds_id IS NOT NULL AND subject_id IN ({subjects})',
        f'DELETE FROM rating_request WHERE subject_id IN ({subjects})',
        *(f'DELETE FROM {table} WHERE rating_id IN ({ratings})'
          for table in ('former_rating', 'rating_reply', 'rating_exclusion')),
        f'DELETE FROM rating WHERE subject_id IN ({subjects})',
        'DELETE FROM rating_subject WHERE visit_id IS NULL',
    ):
        op.execute(statement)
    for number in gone:
        connection.execute(sa.text('DELETE FROM message_attempt WHERE message_id = :id'), {'id': number})
        connection.execute(sa.text('DELETE FROM message WHERE id = :id'), {'id': number})

    with op.batch_alter_table('rating_subject', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rating_subject_handled_visit_id'))
        batch_op.drop_constraint(batch_op.f('ck_rating_subject_handled'), type_='check')
        batch_op.drop_constraint(batch_op.f('ck_rating_subject_one'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_rating_subject_handled_visit_id_visit'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_rating_subject_incident_id_incident'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_rating_subject_incident_id'), type_='unique')
        batch_op.alter_column('visit_id', existing_type=sa.Integer(), nullable=False)
        batch_op.drop_column('handled_visit_id')
        batch_op.drop_column('incident_id')
