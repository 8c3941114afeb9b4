"""threads and incidents: what is reported on visits, conversations with their attachments, who has read how far"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('notice_choice',
    sa.Column('person_type', sa.String(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('how', sa.String(), nullable=False),
    sa.CheckConstraint("how IN ('now', 'daily', 'never')", name=op.f('ck_notice_choice_how')),
    sa.CheckConstraint("kind IN ('incident', 'message')", name=op.f('ck_notice_choice_kind')),
    sa.CheckConstraint("person_type IN ('client', 'relative', 'worker', 'staff')", name=op.f('ck_notice_choice_person_type')),
    sa.PrimaryKeyConstraint('person_type', 'person_id', 'kind', name=op.f('pk_notice_choice'))
    )
    op.create_table('attachment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('media_type', sa.String(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("media_type IN ('image/jpeg', 'image/png', 'application/pdf')", name=op.f('ck_attachment_media_type')),
    sa.CheckConstraint('length(name) BETWEEN 1 AND 255', name=op.f('ck_attachment_name')),
    sa.CheckConstraint('size > 0', name=op.f('ck_attachment_size')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_attachment_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment')),
    sa.UniqueConstraint('public_id', name=op.f('uq_attachment_public_id'))
    )
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.create_index('ix_attachment_account_at', ['account_id', 'at'], unique=False)

    op.create_table('incident_reason',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('service_id', sa.Integer(), nullable=False),
    sa.Column('phase', sa.String(), nullable=False),
    sa.Column('urgency', sa.String(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('match_key', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('label_fr', sa.String(), nullable=True),
    sa.Column('label_ru', sa.String(), nullable=True),
    sa.Column('label_en', sa.String(), nullable=True),
    sa.CheckConstraint("phase IN ('start', 'end', 'both')", name=op.f('ck_incident_reason_phase')),
    sa.CheckConstraint("urgency IN ('normal', 'high', 'urgent')", name=op.f('ck_incident_reason_urgency')),
    sa.CheckConstraint('coalesce(label_fr, label_ru, label_en) IS NOT NULL', name=op.f('ck_incident_reason_label')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_incident_reason_service_id_service')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incident_reason')),
    sa.UniqueConstraint('service_id', 'phase', 'match_key', name=op.f('uq_incident_reason_service_id_phase_match_key'))
    )
    op.create_table('thread',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('topic', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('sector_id', sa.Integer(), nullable=True),
    sa.Column('published', sa.Boolean(), nullable=False),
    sa.Column('batch', sa.String(), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_type', sa.String(), nullable=False),
    sa.Column('opened_id', sa.Integer(), nullable=False),
    sa.Column('opened_by', sa.String(), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('shown_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('shown_id', sa.Integer(), nullable=False),
    sa.Column('shown_version', sa.Integer(), nullable=False),
    sa.Column('unread', sa.Boolean(), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('archived_by', sa.String(), nullable=True),
    sa.CheckConstraint("opened_type IN ('client', 'relative', 'worker', 'staff')", name=op.f('ck_thread_opened_type')),
    sa.CheckConstraint('(archived_at IS NULL) = (archived_by IS NULL)', name=op.f('ck_thread_archived')),
    sa.CheckConstraint('length(subject) <= 200', name=op.f('ck_thread_subject')),
    sa.ForeignKeyConstraint(['sector_id'], ['sector.id'], name=op.f('fk_thread_sector_id_sector')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_thread'))
    )
    with op.batch_alter_table('thread', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_thread_batch'), ['batch'], unique=False)
        batch_op.create_index('ix_thread_last', ['last_at', 'id'], unique=False)
        batch_op.create_index('ix_thread_sector_last', ['sector_id', 'last_at', 'id'], unique=False)
        batch_op.create_index('ix_thread_unread', ['sector_id'], unique=False, sqlite_where=sa.text('unread AND archived_at IS NULL'), postgresql_where=sa.text('unread AND archived_at IS NULL'))

    op.create_table('thread_group',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('batch', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('sector_id', sa.Integer(), nullable=True),
    sa.Column('topic', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('user_key', sa.String(), nullable=False),
    sa.Column('work_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('client', 'worker')", name=op.f('ck_thread_group_kind')),
    sa.CheckConstraint('length(subject) <= 200', name=op.f('ck_thread_group_subject')),
    sa.CheckConstraint('length(text) <= 5000', name=op.f('ck_thread_group_text')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_thread_group_account_id_account')),
    sa.ForeignKeyConstraint(['sector_id'], ['sector.id'], name=op.f('fk_thread_group_sector_id_sector')),
    sa.ForeignKeyConstraint(['work_id'], ['work.id'], name=op.f('fk_thread_group_work_id_work')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_thread_group')),
    sa.UniqueConstraint('batch', name=op.f('uq_thread_group_batch'))
    )
    op.create_table('thread_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('thread_id', sa.Integer(), nullable=False),
    sa.Column('author_type', sa.String(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('author_name', sa.String(), nullable=False),
    sa.Column('author_account_id', sa.Integer(), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('internal', sa.Boolean(), nullable=False),
    sa.Column('event', sa.String(), nullable=True),
    sa.Column('token', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('corrected_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by', sa.String(), nullable=True),
    sa.Column('withdraw_reason', sa.Text(), nullable=True),
    sa.CheckConstraint("NOT internal OR author_type = 'staff'", name=op.f('ck_thread_message_internal')),
    sa.CheckConstraint("author_type IN ('client', 'relative', 'worker', 'staff')", name=op.f('ck_thread_message_author_type')),
    sa.CheckConstraint('(withdrawn_at IS NULL) = (withdraw_reason IS NULL)', name=op.f('ck_thread_message_withdraw_reason')),
    sa.CheckConstraint('(withdrawn_at IS NULL) = (withdrawn_by IS NULL)', name=op.f('ck_thread_message_withdrawn')),
    sa.CheckConstraint('length(text) <= 5000', name=op.f('ck_thread_message_text')),
    sa.CheckConstraint("event IS NULL OR text = ''", name=op.f('ck_thread_message_event')),
    sa.ForeignKeyConstraint(['author_account_id'], ['account.id'], name=op.f('fk_thread_message_author_account_id_account')),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], name=op.f('fk_thread_message_thread_id_thread'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_thread_message')),
    sa.UniqueConstraint('author_type', 'author_id', 'token', name=op.f('uq_thread_message_author_type_author_id_token'))
    )
    with op.batch_alter_table('thread_message', schema=None) as batch_op:
        batch_op.create_index('ix_thread_message_thread', ['thread_id', 'id'], unique=False)

    op.create_table('thread_participant',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('thread_id', sa.Integer(), nullable=False),
    sa.Column('client_id', sa.Integer(), nullable=True),
    sa.Column('worker_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('(client_id IS NULL) <> (worker_id IS NULL)', name=op.f('ck_thread_participant_one')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_thread_participant_client_id_client')),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], name=op.f('fk_thread_participant_thread_id_thread'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['worker_id'], ['worker.id'], name=op.f('fk_thread_participant_worker_id_worker')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_thread_participant')),
    sa.UniqueConstraint('thread_id', 'client_id', name=op.f('uq_thread_participant_thread_id_client_id')),
    sa.UniqueConstraint('thread_id', 'worker_id', name=op.f('uq_thread_participant_thread_id_worker_id'))
    )
    with op.batch_alter_table('thread_participant', schema=None) as batch_op:
        batch_op.create_index('ix_thread_participant_client', ['client_id', 'thread_id'], unique=False)
        batch_op.create_index('ix_thread_participant_worker', ['worker_id', 'thread_id'], unique=False)

    op.create_table('thread_reading',
    sa.Column('thread_id', sa.Integer(), nullable=False),
    sa.Column('person_type', sa.String(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("person_type IN ('client', 'relative', 'worker', 'staff')", name=op.f('ck_thread_reading_person_type')),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], name=op.f('fk_thread_reading_thread_id_thread'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('thread_id', 'person_type', 'person_id', name=op.f('pk_thread_reading'))
    )
    op.create_table('thread_notice',
    sa.Column('thread_id', sa.Integer(), nullable=False),
    sa.Column('person_type', sa.String(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('owed_id', sa.Integer(), nullable=False),
    sa.Column('told_id', sa.Integer(), nullable=False),
    sa.Column('telling_id', sa.Integer(), nullable=False),
    sa.Column('notice_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('incident', 'message')", name=op.f('ck_thread_notice_kind')),
    sa.CheckConstraint("person_type IN ('client', 'relative', 'worker', 'staff')", name=op.f('ck_thread_notice_person_type')),
    sa.ForeignKeyConstraint(['notice_id'], ['message.id'], name=op.f('fk_thread_notice_notice_id_message')),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], name=op.f('fk_thread_notice_thread_id_thread'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('thread_id', 'person_type', 'person_id', 'kind', name=op.f('pk_thread_notice'))
    )
    with op.batch_alter_table('thread_notice', schema=None) as batch_op:
        batch_op.create_index('ix_thread_notice_owed', ['person_type', 'person_id'], unique=False, sqlite_where=sa.text('owed_id > told_id'), postgresql_where=sa.text('owed_id > told_id'))

    op.create_table('former_thread_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('replaced_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['message_id'], ['thread_message.id'], name=op.f('fk_former_thread_message_message_id_thread_message'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_former_thread_message'))
    )
    with op.batch_alter_table('former_thread_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_former_thread_message_message_id'), ['message_id'], unique=False)

    op.create_table('incident',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=False),
    sa.Column('thread_id', sa.Integer(), nullable=False),
    sa.Column('reason_id', sa.Integer(), nullable=False),
    sa.Column('phase', sa.String(), nullable=False),
    sa.Column('urgency', sa.String(), nullable=False),
    sa.Column('declared_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('declared_type', sa.String(), nullable=False),
    sa.Column('declared_id', sa.Integer(), nullable=False),
    sa.Column('declared_by', sa.String(), nullable=False),
    sa.Column('reported_how', sa.String(), nullable=True),
    sa.Column('reported_by', sa.String(), nullable=True),
    sa.Column('token', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('state_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_by', sa.String(), nullable=True),
    sa.Column('outcome', sa.String(), nullable=True),
    sa.Column('outcome_note', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('label_fr', sa.String(), nullable=True),
    sa.Column('label_ru', sa.String(), nullable=True),
    sa.Column('label_en', sa.String(), nullable=True),
    sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f('ck_incident_closed')),
    sa.CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name=op.f('ck_incident_closed_outcome')),
    sa.CheckConstraint("declared_type IN ('client', 'relative', 'worker', 'staff')", name=op.f('ck_incident_declared_type')),
    sa.CheckConstraint("outcome IN ('settled', 'no_action', 'unfounded', 'other')", name=op.f('ck_incident_outcome')),
    sa.CheckConstraint("phase IN ('start', 'end')", name=op.f('ck_incident_phase')),
    sa.CheckConstraint("reported_how IN ('client', 'relative', 'worker', 'other')", name=op.f('ck_incident_reported_how')),
    sa.CheckConstraint("reported_how IS NULL OR declared_type = 'staff'", name=op.f('ck_incident_reported')),
    sa.CheckConstraint("state IN ('open', 'discussion', 'waiting', 'resolved', 'closed', 'reopened')", name=op.f('ck_incident_state')),
    sa.CheckConstraint("urgency IN ('normal', 'high', 'urgent')", name=op.f('ck_incident_urgency')),
    sa.ForeignKeyConstraint(['owner_id'], ['staff.id'], name=op.f('fk_incident_owner_id_staff')),
    sa.ForeignKeyConstraint(['reason_id'], ['incident_reason.id'], name=op.f('fk_incident_reason_id_incident_reason')),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], name=op.f('fk_incident_thread_id_thread')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_incident_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incident')),
    sa.UniqueConstraint('declared_type', 'declared_id', 'token', name=op.f('uq_incident_declared_type_declared_id_token')),
    sa.UniqueConstraint('thread_id', name=op.f('uq_incident_thread_id'))
    )
    with op.batch_alter_table('incident', schema=None) as batch_op:
        batch_op.create_index('ix_incident_declared', ['declared_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_incident_owner_id'), ['owner_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_incident_reason_id'), ['reason_id'], unique=False)
        batch_op.create_index('ix_incident_state', ['state', 'declared_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_incident_visit_id'), ['visit_id'], unique=False)

    op.create_table('thread_message_file',
    sa.Column('attachment_id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['attachment_id'], ['attachment.id'], name=op.f('fk_thread_message_file_attachment_id_attachment')),
    sa.ForeignKeyConstraint(['message_id'], ['thread_message.id'], name=op.f('fk_thread_message_file_message_id_thread_message'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('attachment_id', name=op.f('pk_thread_message_file'))
    )
    with op.batch_alter_table('thread_message_file', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_thread_message_file_message_id'), ['message_id'], unique=False)

    # nobody has granted it to the relatives that there are
    with op.batch_alter_table('relative', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sees_threads', sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table('relative', schema=None) as batch_op:
        batch_op.alter_column('sees_threads', server_default=None)



def downgrade() -> None:
    with op.batch_alter_table('relative', schema=None) as batch_op:
        batch_op.drop_column('sees_threads')

    with op.batch_alter_table('thread_message_file', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_thread_message_file_message_id'))

    op.drop_table('thread_message_file')
    with op.batch_alter_table('incident', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_incident_visit_id'))
        batch_op.drop_index('ix_incident_state')
        batch_op.drop_index(batch_op.f('ix_incident_reason_id'))
        batch_op.drop_index(batch_op.f('ix_incident_owner_id'))
        batch_op.drop_index('ix_incident_declared')

    op.drop_table('incident')
    with op.batch_alter_table('former_thread_message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_former_thread_message_message_id'))

    op.drop_table('former_thread_message')
    with op.batch_alter_table('thread_notice', schema=None) as batch_op:
        batch_op.drop_index('ix_thread_notice_owed', sqlite_where=sa.text('owed_id > told_id'), postgresql_where=sa.text('owed_id > told_id'))

    op.drop_table('thread_notice')
    op.drop_table('thread_reading')
    op.drop_table('thread_group')
    with op.batch_alter_table('thread_participant', schema=None) as batch_op:
        batch_op.drop_index('ix_thread_participant_worker')
        batch_op.drop_index('ix_thread_participant_client')

    op.drop_table('thread_participant')
    with op.batch_alter_table('thread_message', schema=None) as batch_op:
        batch_op.drop_index('ix_thread_message_thread')

    op.drop_table('thread_message')
    with op.batch_alter_table('thread', schema=None) as batch_op:
        batch_op.drop_index('ix_thread_unread', sqlite_where=sa.text('unread AND archived_at IS NULL'), postgresql_where=sa.text('unread AND archived_at IS NULL'))
        batch_op.drop_index('ix_thread_sector_last')
        batch_op.drop_index('ix_thread_last')
        batch_op.drop_index(batch_op.f('ix_thread_batch'))

    op.drop_table('thread')
    op.drop_table('incident_reason')
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.drop_index('ix_attachment_account_at')

    op.drop_table('attachment')
    op.drop_table('notice_choice')
