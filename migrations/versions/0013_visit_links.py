"""links to a visit for who has no account, and the notice that it is done"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('visit_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('address', sa.String(), nullable=True),
    sa.Column('relative_id', sa.Integer(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['relative_id'], ['relative.id'], name=op.f('fk_visit_link_relative_id_relative')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_visit_link_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visit_link')),
    sa.UniqueConstraint('public_id', name=op.f('uq_visit_link_public_id'))
    )
    with op.batch_alter_table('visit_link', schema=None) as batch_op:
        for name, where in (('mailed', 'address IS NOT NULL'), ('handed', 'address IS NULL')):
            batch_op.create_index(f'ix_visit_link_{name}', ['visit_id'], unique=True,
                                  sqlite_where=sa.text(where), postgresql_where=sa.text(where))

    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_rating_given_how'), type_='check')
        batch_op.create_check_constraint(
            batch_op.f('ck_rating_given_how'), "given_how IN ('telephone', 'visit', 'paper', 'link')")

    with op.batch_alter_table('suspect_answer', schema=None) as batch_op:
        batch_op.add_column(sa.Column('subject_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('link_id', sa.Integer(), nullable=True))
    op.execute("""UPDATE suspect_answer SET subject_id =
                  (SELECT subject_id FROM rating_request WHERE rating_request.id = suspect_answer.request_id)""")
    with op.batch_alter_table('suspect_answer', schema=None) as batch_op:
        batch_op.alter_column('subject_id', existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column('request_id', existing_type=sa.Integer(), nullable=True)
        batch_op.create_foreign_key(batch_op.f('fk_suspect_answer_subject_id_rating_subject'), 'rating_subject', ['subject_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_suspect_answer_link_id_visit_link'), 'visit_link', ['link_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_suspect_answer_one'), '(request_id IS NULL) <> (link_id IS NULL)')
        batch_op.create_index(batch_op.f('ix_suspect_answer_subject_id'), ['subject_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_suspect_answer_link_id'), ['link_id'], unique=False)

    with op.batch_alter_table('request_choice', schema=None) as batch_op:
        batch_op.add_column(sa.Column('about', sa.String(), nullable=False, server_default='requests'))
        batch_op.create_check_constraint(batch_op.f('ck_request_choice_about'), "about IN ('requests', 'notices')")


def downgrade() -> None:
    # before this revision nobody could say no to notices, and every answer by mail was one to a request
    op.execute("DELETE FROM request_choice WHERE about <> 'requests'")
    with op.batch_alter_table('request_choice', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_request_choice_about'), type_='check')
        batch_op.drop_column('about')

    op.execute('DELETE FROM suspect_answer WHERE request_id IS NULL')
    with op.batch_alter_table('suspect_answer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_suspect_answer_link_id'))
        batch_op.drop_index(batch_op.f('ix_suspect_answer_subject_id'))
        batch_op.drop_constraint(batch_op.f('ck_suspect_answer_one'), type_='check')
        batch_op.drop_constraint(batch_op.f('fk_suspect_answer_link_id_visit_link'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_suspect_answer_subject_id_rating_subject'), type_='foreignkey')
        batch_op.alter_column('request_id', existing_type=sa.Integer(), nullable=False)
        batch_op.drop_column('link_id')
        batch_op.drop_column('subject_id')
    op.drop_table('visit_link')

    # who handed a link over is not kept before this revision: it was a mail's
    for table in ('rating', 'former_rating'):
        op.execute(f"UPDATE {table} SET given_how = NULL WHERE given_how = 'link'")
    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_rating_given_how'), type_='check')
        batch_op.create_check_constraint(
            batch_op.f('ck_rating_given_how'), "given_how IN ('telephone', 'visit', 'paper')")

    # nobody knows this kind any more: what waits would never leave
    op.execute("DELETE FROM message_attempt WHERE message_id IN (SELECT id FROM message WHERE kind = 'visits.done')")
    op.execute("DELETE FROM message WHERE kind = 'visits.done'")
