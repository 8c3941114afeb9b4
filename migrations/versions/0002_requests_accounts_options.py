"""requests, accounts, options"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

GIVEN = {'account_session': ['method'], 'message': ['resends'], 'rating_request': ['round'],
         'rating_subject': ['asked'],
         'relative': ['sees_upcoming', 'sees_ratings']}


def upgrade() -> None:
    op.create_table('agency_logo',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('media_type', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agency_logo'))
    )
    op.create_table('account_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('address', sa.String(), nullable=True),
    sa.CheckConstraint("purpose IN ('reset', 'invitation', 'sign_in', 'address')", name=op.f('ck_account_link_purpose')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_account_link_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_link')),
    sa.UniqueConstraint('public_id', name=op.f('uq_account_link_public_id'))
    )
    with op.batch_alter_table('account_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_link_account_id'), ['account_id'], unique=False)

    op.create_table('account_notice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('what', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('device', sa.String(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_account_notice_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_notice'))
    )
    with op.batch_alter_table('account_notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_notice_account_id'), ['account_id'], unique=False)

    op.create_table('mail_suppression',
    sa.Column('address_hash', sa.String(), nullable=False),
    sa.Column('first_refused_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_refused_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('address_hash', name=op.f('pk_mail_suppression'))
    )
    op.create_table('message_outage',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message_outage'))
    )
    with op.batch_alter_table('message_outage', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_message_outage_ended_at'), ['ended_at'], unique=False)

    # an outage that goes on is one that there is
    op.execute("""
        INSERT INTO message_outage (channel, began_at, answer)
        SELECT name, failing_since, coalesce(answer, '') FROM message_channel WHERE failing_since IS NOT NULL
    """)
    op.create_table('recovery_code',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('code_hash', sa.String(), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_recovery_code_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery_code'))
    )
    with op.batch_alter_table('recovery_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_recovery_code_account_id'), ['account_id'], unique=False)

    op.create_table('request_choice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_type', sa.String(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('wanted', sa.Boolean(), nullable=False),
    sa.Column('said_by', sa.String(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("person_type IN ('client', 'relative')", name=op.f('ck_request_choice_person')),
    sa.CheckConstraint("said_by IN ('link', 'portal', 'staff')", name=op.f('ck_request_choice_said_by')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_request_choice_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_request_choice'))
    )
    with op.batch_alter_table('request_choice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_request_choice_address'), ['address'], unique=False)
        batch_op.create_index('ix_request_choice_person', ['person_type', 'person_id'], unique=False)

    op.execute("""
        INSERT INTO account_link (public_id, account_id, purpose, created_at, expires_at, used_at)
        SELECT public_id, account_id, purpose, created_at, expires_at, used_at FROM password_link ORDER BY id
    """)
    # messages name the link by its number: those that wait follow it
    op.execute("""
        UPDATE message SET subject_type = 'account_link', subject_id = coalesce((
            SELECT account_link.id FROM account_link JOIN password_link USING (public_id)
            WHERE password_link.id = message.subject_id), 0)
        WHERE subject_type = 'password_link'
    """)
    # whoever has the address now is the person; an address that nobody has any more keeps its word all the same
    op.execute("""
        INSERT INTO request_choice (person_type, person_id, address, wanted, said_by, at)
        SELECT 'client', coalesce((SELECT min(client.id) FROM client WHERE lower(client.email) = stopped_requests.address), 0),
               address, false, 'link', stopped_at FROM stopped_requests
    """)
    with op.batch_alter_table('password_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_password_link_account_id'))

    op.drop_table('password_link')
    op.drop_table('stopped_requests')
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.add_column(sa.Column('totp_secret', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('totp_since', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('totp_step', sa.Integer(), nullable=True))

    with op.batch_alter_table('account_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('method', sa.String(), nullable=False, server_default='password'))
        batch_op.add_column(sa.Column('device', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('network', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('resends', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('put_aside_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_message_state_created', ['state', 'created_at', 'id'], unique=False)

    with op.batch_alter_table('message_channel', schema=None) as batch_op:
        batch_op.add_column(sa.Column('held_since', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('held_by', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('held_why', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('swept_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.add_column(sa.Column('looked_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('looked_by', sa.String(), nullable=True))
        batch_op.create_index('ix_rating_looked_at', ['looked_at', 'stars'], unique=False)

    with op.batch_alter_table('rating_request', schema=None) as batch_op:
        batch_op.add_column(sa.Column('round', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('reminds_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('relative_id', sa.Integer(), nullable=True))
        batch_op.drop_constraint(batch_op.f('uq_rating_request_subject_id'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_rating_request_reminds_id'), ['reminds_id'])
        batch_op.create_unique_constraint(batch_op.f('uq_rating_request_subject_id_round'), ['subject_id', 'round'])
        batch_op.create_foreign_key(batch_op.f('fk_rating_request_reminds_id_rating_request'), 'rating_request', ['reminds_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_rating_request_relative_id_relative'), 'relative', ['relative_id'], ['id'])

    with op.batch_alter_table('rating_subject', schema=None) as batch_op:
        batch_op.add_column(sa.Column('asked', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('relative', schema=None) as batch_op:
        batch_op.add_column(sa.Column('relation', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('sees_upcoming', sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column('sees_ratings', sa.Boolean(), nullable=False, server_default=sa.true()))

    # rows that were there have their values; from now on the application gives them
    op.execute("UPDATE account_session SET seen_at = created_at")
    op.execute("UPDATE rating_subject SET asked = true WHERE id IN (SELECT subject_id FROM rating_request)")
    # what a relative was asked and has answered by mail was written down as the client's own word
    op.execute("""
        UPDATE rating_request SET relative_id = (
            SELECT min(relative.id) FROM message
            JOIN rating_subject ON rating_subject.id = rating_request.subject_id
            JOIN relative ON relative.client_id = rating_subject.client_id
            WHERE message.id = rating_request.message_id AND lower(relative.email) = lower(message.address)
              AND trim(relative.first_name || ' ' || relative.last_name) = message.recipient)
        WHERE asked_at IS NOT NULL
    """)
    op.execute("""
        UPDATE rating SET author_role = 'relative'
        WHERE channel = 'mail' AND author_account_id IS NULL AND subject_id IN (
            SELECT subject_id FROM rating_request WHERE relative_id IS NOT NULL AND answered_at IS NOT NULL)
    """)
    for table, columns in GIVEN.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.alter_column(column, server_default=None)
    with op.batch_alter_table('account_session', schema=None) as batch_op:
        batch_op.alter_column('seen_at', existing_type=sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table('relative', schema=None) as batch_op:
        batch_op.drop_column('sees_ratings')
        batch_op.drop_column('sees_upcoming')
        batch_op.drop_column('relation')

    with op.batch_alter_table('rating_subject', schema=None) as batch_op:
        batch_op.drop_column('asked')

    op.execute("DELETE FROM suspect_answer WHERE request_id IN (SELECT id FROM rating_request WHERE round > 1)")
    op.execute("DELETE FROM rating_request WHERE reminds_id IS NOT NULL")
    op.execute("DELETE FROM rating_request WHERE round > 1")
    with op.batch_alter_table('rating_request', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_rating_request_relative_id_relative'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_rating_request_reminds_id_rating_request'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_rating_request_subject_id_round'), type_='unique')
        batch_op.drop_constraint(batch_op.f('uq_rating_request_reminds_id'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_rating_request_subject_id'), ['subject_id'])
        batch_op.drop_column('relative_id')
        batch_op.drop_column('revoked_at')
        batch_op.drop_column('reminds_id')
        batch_op.drop_column('round')

    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.drop_index('ix_rating_looked_at')
        batch_op.drop_column('looked_by')
        batch_op.drop_column('looked_at')

    with op.batch_alter_table('message_channel', schema=None) as batch_op:
        batch_op.drop_column('swept_at')
        batch_op.drop_column('held_why')
        batch_op.drop_column('held_by')
        batch_op.drop_column('held_since')

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_index('ix_message_state_created')
        batch_op.drop_column('put_aside_at')
        batch_op.drop_column('resends')

    with op.batch_alter_table('account_session', schema=None) as batch_op:
        batch_op.drop_column('seen_at')
        batch_op.drop_column('network')
        batch_op.drop_column('device')
        batch_op.drop_column('method')

    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.drop_column('totp_step')
        batch_op.drop_column('totp_since')
        batch_op.drop_column('totp_secret')

    op.create_table('stopped_requests',
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('address', name=op.f('pk_stopped_requests'))
    )
    op.create_table('password_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("purpose IN ('reset', 'invitation')", name=op.f('ck_password_link_purpose')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_password_link_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_password_link')),
    sa.UniqueConstraint('public_id', name=op.f('uq_password_link_public_id'))
    )
    with op.batch_alter_table('password_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_password_link_account_id'), ['account_id'], unique=False)

    op.execute("""
        INSERT INTO password_link (public_id, account_id, purpose, created_at, expires_at, used_at)
        SELECT public_id, account_id, purpose, created_at, expires_at, used_at FROM account_link
        WHERE purpose IN ('reset', 'invitation') ORDER BY id
    """)
    op.execute("""
        UPDATE message SET subject_type = 'password_link', subject_id = coalesce((
            SELECT password_link.id FROM password_link JOIN account_link USING (public_id)
            WHERE account_link.id = message.subject_id), 0)
        WHERE subject_type = 'account_link'
    """)
    op.execute("""
        INSERT INTO stopped_requests (address, stopped_at)
        SELECT address, max(at) FROM request_choice AS said
        WHERE NOT wanted AND id = (SELECT max(id) FROM request_choice WHERE address = said.address) GROUP BY address
    """)
    with op.batch_alter_table('request_choice', schema=None) as batch_op:
        batch_op.drop_index('ix_request_choice_person')
        batch_op.drop_index(batch_op.f('ix_request_choice_address'))

    op.drop_table('request_choice')
    with op.batch_alter_table('recovery_code', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_recovery_code_account_id'))

    op.drop_table('recovery_code')
    with op.batch_alter_table('message_outage', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_message_outage_ended_at'))

    op.drop_table('message_outage')
    op.drop_table('mail_suppression')
    with op.batch_alter_table('account_notice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_notice_account_id'))

    op.drop_table('account_notice')
    with op.batch_alter_table('account_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_link_account_id'))

    op.drop_table('account_link')
    op.drop_table('agency_logo')
