"""notes, complaints and adverse events: their tables, the read log, and the lists that they are sorted by"""

import json
from pathlib import Path

import sqlalchemy as sa
from alembic import op

from portal.folding import fold

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('list_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('list', sa.String(), nullable=False),
    sa.Column('code', sa.String(), nullable=True),
    sa.Column('parent_id', sa.Integer(), nullable=True),
    sa.Column('legal_code', sa.String(), nullable=True),
    sa.Column('severe', sa.Boolean(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('match_key', sa.String(), nullable=False),
    sa.Column('label_fr', sa.String(), nullable=True),
    sa.Column('label_ru', sa.String(), nullable=True),
    sa.Column('label_en', sa.String(), nullable=True),
    sa.CheckConstraint("list IN ('note', 'complaint', 'event', 'legal')", name=op.f('ck_list_entry_list')),
    sa.CheckConstraint("parent_id IS NULL OR list = 'event'", name=op.f('ck_list_entry_parent')),
    sa.CheckConstraint('coalesce(label_fr, label_ru, label_en) IS NOT NULL', name=op.f('ck_list_entry_label')),
    sa.ForeignKeyConstraint(['parent_id'], ['list_entry.id'], name=op.f('fk_list_entry_parent_id_list_entry')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_list_entry')),
    sa.UniqueConstraint('list', 'code', name=op.f('uq_list_entry_list_code')),
    sa.UniqueConstraint('list', 'parent_id', 'match_key', name=op.f('uq_list_entry_list_parent_id_match_key'))
    )
    with op.batch_alter_table('list_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_list_entry_parent_id'), ['parent_id'], unique=False)

    op.create_table('read_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('person_type', sa.String(), nullable=True),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('subject_type', sa.String(), nullable=False),
    sa.Column('subject_id', sa.Integer(), nullable=False),
    sa.Column('part', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_read_entry'))
    )
    with op.batch_alter_table('read_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_read_entry_at'), ['at'], unique=False)
        batch_op.create_index('ix_read_entry_subject', ['subject_type', 'subject_id'], unique=False)

    op.create_table('note',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('category_id', sa.Integer(), nullable=True),
    sa.Column('client_id', sa.Integer(), nullable=True),
    sa.Column('worker_id', sa.Integer(), nullable=True),
    sa.Column('colleague_id', sa.Integer(), nullable=True),
    sa.Column('visit_id', sa.Integer(), nullable=True),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('situation', sa.String(), nullable=False),
    sa.Column('priority', sa.String(), nullable=False),
    sa.Column('alert', sa.Boolean(), nullable=False),
    sa.Column('remind_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('repeats', sa.String(), nullable=False),
    sa.Column('repeats_from', sa.DateTime(), nullable=True),
    sa.Column('mails', sa.Boolean(), nullable=False),
    sa.Column('follows_id', sa.Integer(), nullable=True),
    sa.Column('origin', sa.String(), nullable=True),
    sa.Column('origin_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_id', sa.Integer(), nullable=True),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('situation_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_by', sa.String(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(situation = 'done') = (done_at IS NOT NULL)", name=op.f('ck_note_done')),
    sa.CheckConstraint("origin IN ('adverse_event', 'complaint')", name=op.f('ck_note_origin')),
    sa.CheckConstraint("priority IN ('urgent', 'high', 'normal', 'low')", name=op.f('ck_note_priority')),
    sa.CheckConstraint("repeats = 'never' OR remind_at IS NOT NULL", name=op.f('ck_note_repeats_when')),
    sa.CheckConstraint("repeats IN ('never', 'weekly', 'monthly', 'quarterly', 'yearly')", name=op.f('ck_note_repeats')),
    sa.CheckConstraint("situation IN ('todo', 'progress', 'done', 'cancelled')", name=op.f('ck_note_situation')),
    sa.CheckConstraint('(origin IS NULL) = (origin_id IS NULL)', name=op.f('ck_note_origin_id')),
    sa.CheckConstraint("(repeats = 'never') = (repeats_from IS NULL)", name=op.f('ck_note_repeats_from')),
    sa.CheckConstraint('NOT mails OR remind_at IS NOT NULL', name=op.f('ck_note_mails_when')),
    sa.ForeignKeyConstraint(['category_id'], ['list_entry.id'], name=op.f('fk_note_category_id_list_entry')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_note_client_id_client')),
    sa.ForeignKeyConstraint(['colleague_id'], ['staff.id'], name=op.f('fk_note_colleague_id_staff')),
    sa.ForeignKeyConstraint(['created_id'], ['staff.id'], name=op.f('fk_note_created_id_staff')),
    sa.ForeignKeyConstraint(['follows_id'], ['note.id'], name=op.f('fk_note_follows_id_note')),
    sa.ForeignKeyConstraint(['owner_id'], ['staff.id'], name=op.f('fk_note_owner_id_staff')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_note_visit_id_visit')),
    sa.ForeignKeyConstraint(['worker_id'], ['worker.id'], name=op.f('fk_note_worker_id_worker')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_note')),
    sa.UniqueConstraint('follows_id', name=op.f('uq_note_follows_id')),
    sa.UniqueConstraint('origin', 'origin_id', name=op.f('uq_note_origin_origin_id'))
    )
    with op.batch_alter_table('note', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_note_category_id'), ['category_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_note_client_id'), ['client_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_note_colleague_id'), ['colleague_id'], unique=False)
        batch_op.create_index('ix_note_created', ['created_at', 'id'], unique=False)
        batch_op.create_index('ix_note_owner_due', ['owner_id', 'remind_at'], unique=False, sqlite_where=sa.text("situation IN ('todo', 'progress')"), postgresql_where=sa.text("situation IN ('todo', 'progress')"))
        batch_op.create_index(batch_op.f('ix_note_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_note_worker_id'), ['worker_id'], unique=False)

    op.create_table('adverse_event_draft',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token', sa.String(), nullable=False),
    sa.Column('person_type', sa.String(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('step', sa.String(), nullable=False),
    sa.Column('typed', sa.JSON(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('client_id', sa.Integer(), nullable=True),
    sa.Column('visit_id', sa.Integer(), nullable=True),
    sa.Column('incident_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("person_type IN ('client', 'relative', 'worker', 'staff')", name=op.f('ck_adverse_event_draft_person_type')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_adverse_event_draft_client_id_client')),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_adverse_event_draft_incident_id_incident')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_adverse_event_draft_visit_id_visit')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adverse_event_draft')),
    sa.UniqueConstraint('token', name=op.f('uq_adverse_event_draft_token'))
    )
    with op.batch_alter_table('adverse_event_draft', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_adverse_event_draft_person_id'), ['person_id'], unique=False)

    op.create_table('adverse_event_draft_file',
    sa.Column('draft_id', sa.Integer(), nullable=False),
    sa.Column('attachment_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['attachment_id'], ['attachment.id'], name=op.f('fk_adverse_event_draft_file_attachment_id_attachment')),
    sa.ForeignKeyConstraint(['draft_id'], ['adverse_event_draft.id'], name=op.f('fk_adverse_event_draft_file_draft_id_adverse_event_draft'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('draft_id', 'attachment_id', name=op.f('pk_adverse_event_draft_file')),
    sa.UniqueConstraint('attachment_id', name=op.f('uq_adverse_event_draft_file_attachment_id'))
    )
    op.create_table('complaint',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('direction', sa.String(), nullable=False),
    sa.Column('client_id', sa.Integer(), nullable=True),
    sa.Column('worker_id', sa.Integer(), nullable=True),
    sa.Column('partner', sa.String(), nullable=True),
    sa.Column('sector_id', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=True),
    sa.Column('rating_id', sa.Integer(), nullable=True),
    sa.Column('subject_id', sa.Integer(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('filed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('filed_type', sa.String(), nullable=False),
    sa.Column('filed_id', sa.Integer(), nullable=False),
    sa.Column('filed_by', sa.String(), nullable=False),
    sa.Column('token', sa.String(), nullable=False),
    sa.Column('note_id', sa.Integer(), nullable=True),
    sa.Column('acknowledge_by', sa.Date(), nullable=False),
    sa.Column('answer_by', sa.Date(), nullable=False),
    sa.Column('acknowledged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('acknowledged_by', sa.String(), nullable=True),
    sa.Column('waiting_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_by', sa.String(), nullable=True),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('outcome', sa.String(), nullable=True),
    sa.Column('reopened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reopened_why', sa.String(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(direction = 'partner_agency') = (partner IS NOT NULL)", name=op.f('ck_complaint_partner')),
    sa.CheckConstraint("channel IN ('portal', 'phone', 'letter', 'email', 'oral', 'visit', 'survey', 'diary', 'rating')", name=op.f('ck_complaint_channel')),
    sa.CheckConstraint("direction = 'partner_agency' OR client_id IS NOT NULL", name=op.f('ck_complaint_client')),
    sa.CheckConstraint("direction IN ('client_agency', 'client_worker', 'worker_client', 'partner_agency')", name=op.f('ck_complaint_direction')),
    sa.CheckConstraint("direction NOT IN ('client_worker', 'worker_client') OR worker_id IS NOT NULL", name=op.f('ck_complaint_worker')),
    sa.CheckConstraint("filed_type IN ('client', 'relative', 'worker', 'staff')", name=op.f('ck_complaint_filed_type')),
    sa.CheckConstraint("outcome IN ('accepted', 'unfounded', 'no_action', 'mediation')", name=op.f('ck_complaint_outcome')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_complaint_client_id_client')),
    sa.ForeignKeyConstraint(['note_id'], ['note.id'], name=op.f('fk_complaint_note_id_note')),
    sa.ForeignKeyConstraint(['rating_id'], ['rating.id'], name=op.f('fk_complaint_rating_id_rating')),
    sa.ForeignKeyConstraint(['sector_id'], ['sector.id'], name=op.f('fk_complaint_sector_id_sector')),
    sa.ForeignKeyConstraint(['subject_id'], ['list_entry.id'], name=op.f('fk_complaint_subject_id_list_entry')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_complaint_visit_id_visit')),
    sa.ForeignKeyConstraint(['worker_id'], ['worker.id'], name=op.f('fk_complaint_worker_id_worker')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaint')),
    sa.UniqueConstraint('filed_type', 'filed_id', 'token', name=op.f('uq_complaint_filed_type_filed_id_token')),
    sa.UniqueConstraint('note_id', name=op.f('uq_complaint_note_id')),
    sa.UniqueConstraint('rating_id', name=op.f('uq_complaint_rating_id'))
    )
    with op.batch_alter_table('complaint', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_complaint_client_id'), ['client_id'], unique=False)
        batch_op.create_index('ix_complaint_received', ['received_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaint_sector_id'), ['sector_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaint_subject_id'), ['subject_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaint_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaint_worker_id'), ['worker_id'], unique=False)

    op.create_table('adverse_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('token', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('state_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('declared_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('mode', sa.String(), nullable=False),
    sa.Column('capacity', sa.String(), nullable=False),
    sa.Column('short', sa.Boolean(), nullable=False),
    sa.Column('code_hash', sa.String(), nullable=True),
    sa.Column('sector_id', sa.Integer(), nullable=False),
    sa.Column('client_id', sa.Integer(), nullable=True),
    sa.Column('worker_id', sa.Integer(), nullable=True),
    sa.Column('supervisor_id', sa.Integer(), nullable=True),
    sa.Column('visit_id', sa.Integer(), nullable=True),
    sa.Column('service_id', sa.Integer(), nullable=True),
    sa.Column('incident_id', sa.Integer(), nullable=True),
    sa.Column('complaint_id', sa.Integer(), nullable=True),
    sa.Column('note_id', sa.Integer(), nullable=True),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('occurred_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('discovered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('day', sa.DateTime(timezone=True), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('place_note', sa.String(), nullable=False),
    sa.Column('nature', sa.String(), nullable=False),
    sa.Column('other_category', sa.String(), nullable=False),
    sa.Column('facts', sa.Text(), nullable=False),
    sa.Column('witnesses', sa.Text(), nullable=False),
    sa.Column('happened_before', sa.Boolean(), nullable=True),
    sa.Column('before_note', sa.String(), nullable=False),
    sa.Column('consequences', sa.JSON(), nullable=False),
    sa.Column('severity', sa.Integer(), nullable=False),
    sa.Column('potential', sa.Integer(), nullable=False),
    sa.Column('frequency', sa.Integer(), nullable=True),
    sa.Column('measures', sa.JSON(), nullable=False),
    sa.Column('measures_note', sa.Text(), nullable=False),
    sa.Column('victims', sa.Integer(), nullable=True),
    sa.Column('exposed', sa.Integer(), nullable=True),
    sa.Column('continuity', sa.String(), nullable=True),
    sa.Column('acknowledged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('acknowledged_by', sa.String(), nullable=True),
    sa.Column('kind', sa.String(), nullable=True),
    sa.Column('legal_id', sa.Integer(), nullable=True),
    sa.Column('triaged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('triaged_by', sa.String(), nullable=True),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('told_how', sa.String(), nullable=True),
    sa.Column('told_text', sa.Text(), nullable=True),
    sa.Column('client_told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('client_told_how', sa.String(), nullable=True),
    sa.Column('council_told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('worker_word', sa.Text(), nullable=True),
    sa.Column('worker_word_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_by', sa.String(), nullable=True),
    sa.Column('closed_why', sa.Text(), nullable=True),
    sa.Column('residual', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(mode = 'anonymous') = (code_hash IS NOT NULL)", name=op.f('ck_adverse_event_code')),
    sa.CheckConstraint("capacity IN ('worker', 'client', 'relative', 'representative', 'supervisor', 'partner', 'other')", name=op.f('ck_adverse_event_capacity')),
    sa.CheckConstraint("continuity IN ('yes', 'partly', 'no')", name=op.f('ck_adverse_event_continuity')),
    sa.CheckConstraint("kind IN ('event', 'serious', 'care_related', 'complaint', 'work_accident', 'out_of_scope')", name=op.f('ck_adverse_event_kind')),
    sa.CheckConstraint("mode IN ('named', 'confidential', 'anonymous')", name=op.f('ck_adverse_event_mode')),
    sa.CheckConstraint("nature IN ('accident', 'incident', 'near_miss', 'hazard')", name=op.f('ck_adverse_event_nature')),
    sa.CheckConstraint("place IN ('home', 'outside', 'journey', 'vehicle', 'agency', 'other')", name=op.f('ck_adverse_event_place')),
    sa.CheckConstraint("state IN ('reported', 'acknowledged', 'triage', 'progress', 'analysis', 'actions', 'effect', 'closed', 'rejected', 'requalified', 'reopened')", name=op.f('ck_adverse_event_state')),
    sa.CheckConstraint('frequency BETWEEN 1 AND 5', name=op.f('ck_adverse_event_frequency')),
    sa.CheckConstraint('occurred_at IS NULL OR occurred_at <= discovered_at', name=op.f('ck_adverse_event_discovered')),
    sa.CheckConstraint('occurred_until IS NULL OR occurred_until >= occurred_at', name=op.f('ck_adverse_event_period')),
    sa.CheckConstraint('potential BETWEEN 1 AND 5', name=op.f('ck_adverse_event_potential')),
    sa.CheckConstraint('residual BETWEEN 1 AND 5', name=op.f('ck_adverse_event_residual')),
    sa.CheckConstraint('severity BETWEEN 1 AND 5', name=op.f('ck_adverse_event_severity')),
    sa.ForeignKeyConstraint(['client_id'], ['client.id'], name=op.f('fk_adverse_event_client_id_client')),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaint.id'], name=op.f('fk_adverse_event_complaint_id_complaint')),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_adverse_event_incident_id_incident')),
    sa.ForeignKeyConstraint(['legal_id'], ['list_entry.id'], name=op.f('fk_adverse_event_legal_id_list_entry')),
    sa.ForeignKeyConstraint(['note_id'], ['note.id'], name=op.f('fk_adverse_event_note_id_note')),
    sa.ForeignKeyConstraint(['sector_id'], ['sector.id'], name=op.f('fk_adverse_event_sector_id_sector')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_adverse_event_service_id_service')),
    sa.ForeignKeyConstraint(['supervisor_id'], ['staff.id'], name=op.f('fk_adverse_event_supervisor_id_staff')),
    sa.ForeignKeyConstraint(['visit_id'], ['visit.id'], name=op.f('fk_adverse_event_visit_id_visit')),
    sa.ForeignKeyConstraint(['worker_id'], ['worker.id'], name=op.f('fk_adverse_event_worker_id_worker')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adverse_event')),
    sa.UniqueConstraint('code_hash', name=op.f('uq_adverse_event_code_hash')),
    sa.UniqueConstraint('complaint_id', name=op.f('uq_adverse_event_complaint_id')),
    sa.UniqueConstraint('incident_id', name=op.f('uq_adverse_event_incident_id')),
    sa.UniqueConstraint('note_id', name=op.f('uq_adverse_event_note_id')),
    sa.UniqueConstraint('token', name=op.f('uq_adverse_event_token')),
    sa.UniqueConstraint('year', 'number', name=op.f('uq_adverse_event_year_number'))
    )
    with op.batch_alter_table('adverse_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_adverse_event_client_id'), ['client_id'], unique=False)
        batch_op.create_index('ix_adverse_event_occurred', ['day', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_adverse_event_sector_id'), ['sector_id'], unique=False)
        batch_op.create_index('ix_adverse_event_state', ['state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_adverse_event_supervisor_id'), ['supervisor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_adverse_event_visit_id'), ['visit_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_adverse_event_worker_id'), ['worker_id'], unique=False)

    op.create_table('adverse_event_action',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('indicator', sa.String(), nullable=False),
    sa.Column('check_on', sa.Date(), nullable=True),
    sa.Column('done_on', sa.Date(), nullable=True),
    sa.Column('effective', sa.String(), nullable=True),
    sa.Column('effect_note', sa.String(), nullable=False),
    sa.Column('dropped_why', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'verified') = (effective IS NOT NULL)", name=op.f('ck_adverse_event_action_verified')),
    sa.CheckConstraint("effective IN ('yes', 'partly', 'no')", name=op.f('ck_adverse_event_action_effective')),
    sa.CheckConstraint("kind IN ('curative', 'corrective', 'preventive', 'improvement')", name=op.f('ck_adverse_event_action_kind')),
    sa.CheckConstraint("state <> 'dropped' OR dropped_why IS NOT NULL", name=op.f('ck_adverse_event_action_dropped')),
    sa.CheckConstraint("state IN ('todo', 'progress', 'done', 'verified', 'dropped')", name=op.f('ck_adverse_event_action_state')),
    sa.CheckConstraint("state NOT IN ('done', 'verified') OR done_on IS NOT NULL", name=op.f('ck_adverse_event_action_done')),
    sa.ForeignKeyConstraint(['event_id'], ['adverse_event.id'], name=op.f('fk_adverse_event_action_event_id_adverse_event'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['owner_id'], ['staff.id'], name=op.f('fk_adverse_event_action_owner_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adverse_event_action'))
    )
    with op.batch_alter_table('adverse_event_action', schema=None) as batch_op:
        batch_op.create_index('ix_adverse_event_action_due', ['owner_id', 'due_on'], unique=False, sqlite_where=sa.text("state IN ('todo', 'progress')"), postgresql_where=sa.text("state IN ('todo', 'progress')"))
        batch_op.create_index(batch_op.f('ix_adverse_event_action_event_id'), ['event_id'], unique=False)

    op.create_table('adverse_event_analysis',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('method', sa.String(), nullable=False),
    sa.Column('planned', sa.Text(), nullable=False),
    sa.Column('immediate_cause', sa.Text(), nullable=False),
    sa.Column('whys', sa.JSON(), nullable=False),
    sa.Column('factors', sa.JSON(), nullable=False),
    sa.Column('worked', sa.Text(), nullable=False),
    sa.Column('missed', sa.Text(), nullable=False),
    sa.Column('lessons', sa.Text(), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=True),
    sa.Column('participants', sa.String(), nullable=False),
    sa.Column('pilot_id', sa.Integer(), nullable=True),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("method IN ('five_whys', 'alarm', 'cause_tree', 'orion', 'feedback')", name=op.f('ck_adverse_event_analysis_method')),
    sa.ForeignKeyConstraint(['event_id'], ['adverse_event.id'], name=op.f('fk_adverse_event_analysis_event_id_adverse_event'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['pilot_id'], ['staff.id'], name=op.f('fk_adverse_event_analysis_pilot_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adverse_event_analysis')),
    sa.UniqueConstraint('event_id', name=op.f('uq_adverse_event_analysis_event_id'))
    )
    op.create_table('adverse_event_category',
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('entry_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['list_entry.id'], name=op.f('fk_adverse_event_category_entry_id_list_entry')),
    sa.ForeignKeyConstraint(['event_id'], ['adverse_event.id'], name=op.f('fk_adverse_event_category_event_id_adverse_event'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'entry_id', name=op.f('pk_adverse_event_category'))
    )
    with op.batch_alter_table('adverse_event_category', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_adverse_event_category_entry_id'), ['entry_id'], unique=False)

    op.create_table('adverse_event_file',
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('attachment_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['attachment_id'], ['attachment.id'], name=op.f('fk_adverse_event_file_attachment_id_attachment')),
    sa.ForeignKeyConstraint(['event_id'], ['adverse_event.id'], name=op.f('fk_adverse_event_file_event_id_adverse_event'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('event_id', 'attachment_id', name=op.f('pk_adverse_event_file')),
    sa.UniqueConstraint('attachment_id', name=op.f('uq_adverse_event_file_attachment_id'))
    )
    op.create_table('adverse_event_former',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('part', sa.String(), nullable=False),
    sa.Column('changed', sa.JSON(), nullable=False),
    sa.CheckConstraint("part IN ('facts', 'analysis', 'action', 'authority', 'reporter', 'client', 'council', 'word')", name=op.f('ck_adverse_event_former_part')),
    sa.ForeignKeyConstraint(['event_id'], ['adverse_event.id'], name=op.f('fk_adverse_event_former_event_id_adverse_event'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adverse_event_former'))
    )
    with op.batch_alter_table('adverse_event_former', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_adverse_event_former_event_id'), ['event_id'], unique=False)

    op.create_table('adverse_event_informed',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('who', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('how', sa.String(), nullable=False),
    sa.Column('agreed', sa.String(), nullable=True),
    sa.CheckConstraint("agreed IN ('yes', 'no', 'not_applicable')", name=op.f('ck_adverse_event_informed_agreed')),
    sa.CheckConstraint("who IN ('client', 'trusted_person', 'family', 'representative', 'doctor', 'sector_manager', 'on_call', 'management', 'department', 'health_agency', 'prefect', 'police', 'prosecutor', 'insurer', 'health_insurance', 'works_council')", name=op.f('ck_adverse_event_informed_who')),
    sa.ForeignKeyConstraint(['event_id'], ['adverse_event.id'], name=op.f('fk_adverse_event_informed_event_id_adverse_event'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adverse_event_informed'))
    )
    with op.batch_alter_table('adverse_event_informed', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_adverse_event_informed_event_id'), ['event_id'], unique=False)

    op.create_table('adverse_event_person',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.CheckConstraint("role IN ('client', 'worker', 'relative', 'third_party')", name=op.f('ck_adverse_event_person_role')),
    sa.ForeignKeyConstraint(['event_id'], ['adverse_event.id'], name=op.f('fk_adverse_event_person_event_id_adverse_event'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adverse_event_person'))
    )
    with op.batch_alter_table('adverse_event_person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_adverse_event_person_event_id'), ['event_id'], unique=False)

    op.create_table('adverse_event_reopening',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_by', sa.String(), nullable=False),
    sa.Column('closed_why', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['adverse_event.id'], name=op.f('fk_adverse_event_reopening_event_id_adverse_event'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adverse_event_reopening'))
    )
    with op.batch_alter_table('adverse_event_reopening', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_adverse_event_reopening_event_id'), ['event_id'], unique=False)

    op.create_table('adverse_event_reporter',
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('person_type', sa.String(), nullable=True),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('phone', sa.String(), nullable=False),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('typed_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("person_type IN ('client', 'relative', 'worker', 'staff')", name=op.f('ck_adverse_event_reporter_person_type')),
    sa.ForeignKeyConstraint(['event_id'], ['adverse_event.id'], name=op.f('fk_adverse_event_reporter_event_id_adverse_event'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['typed_id'], ['staff.id'], name=op.f('fk_adverse_event_reporter_typed_id_staff')),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_adverse_event_reporter'))
    )
    op.create_table('adverse_event_route',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('route', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('recipient', sa.String(), nullable=False),
    sa.Column('reference', sa.String(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('receipt_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("route IN ('R-ESSMS', 'R-EIGS-1', 'R-EIGS-2', 'R-MALT', 'R-MIN', 'R-JUST', 'R-AT', 'R-RGPD', 'R-ASSUR')", name=op.f('ck_adverse_event_route_route')),
    sa.CheckConstraint("status <> 'told' OR told_at IS NOT NULL", name=op.f('ck_adverse_event_route_told')),
    sa.CheckConstraint("status <> 'written' OR written_at IS NOT NULL", name=op.f('ck_adverse_event_route_written')),
    sa.CheckConstraint("status IN ('to_assess', 'not_required', 'to_do', 'told', 'written', 'closed')", name=op.f('ck_adverse_event_route_status')),
    sa.ForeignKeyConstraint(['event_id'], ['adverse_event.id'], name=op.f('fk_adverse_event_route_event_id_adverse_event'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['receipt_id'], ['attachment.id'], name=op.f('fk_adverse_event_route_receipt_id_attachment')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adverse_event_route')),
    sa.UniqueConstraint('event_id', 'route', name=op.f('uq_adverse_event_route_event_id_route'))
    )
    with op.batch_alter_table('adverse_event_route', schema=None) as batch_op:
        batch_op.create_index('ix_adverse_event_route_due', ['due_at'], unique=False, sqlite_where=sa.text("status IN ('to_assess', 'to_do', 'told')"), postgresql_where=sa.text("status IN ('to_assess', 'to_do', 'told')"))

    op.create_table('adverse_event_step',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('analysis_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('fact', sa.String(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['analysis_id'], ['adverse_event_analysis.id'], name=op.f('fk_adverse_event_step_analysis_id_adverse_event_analysis'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adverse_event_step'))
    )
    with op.batch_alter_table('adverse_event_step', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_adverse_event_step_analysis_id'), ['analysis_id'], unique=False)

    with op.batch_alter_table('service', schema=None) as batch_op:
        batch_op.add_column(sa.Column('regulated', sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table('service', schema=None) as batch_op:
        batch_op.alter_column('regulated', server_default=None)

    ship_lists()


def ship_lists() -> None:
    """Fill the lists as they are shipped (data/0011_lists.json): finer categories after those that they belong to."""
    shipped = json.loads((Path(__file__).parents[1] / 'data' / '0011_lists.json').read_text(encoding='utf-8'))
    columns = ('list', 'code', 'parent_id', 'label_fr', 'label_ru', 'label_en', 'match_key', 'legal_code', 'severe',
               'active', 'position', 'version')
    table = sa.table('list_entry', sa.column('id', sa.Integer), *map(sa.column, columns))
    connection = op.get_bind()
    coarse = [entry for entry in shipped if 'parent' not in entry]
    connection.execute(table.insert(), [_row(entry, None) for entry in coarse])
    numbers = dict(connection.execute(sa.select(table.c.code, table.c.id).where(table.c.list == 'event')).all())
    finer = [_row(entry, numbers[entry['parent']]) for entry in shipped if 'parent' in entry]
    if finer:
        connection.execute(table.insert(), finer)


def _row(entry: dict, parent_id: int | None) -> dict:
    return {
        'list': entry['list'], 'code': entry['code'], 'parent_id': parent_id, 'label_fr': entry['fr'],
        'label_ru': entry['ru'], 'label_en': entry['en'], 'match_key': fold(entry['fr']),
        'legal_code': entry.get('legal'), 'severe': entry.get('severe', False), 'active': True,
        'position': entry['position'], 'version': 1,
    }


def downgrade() -> None:
    # before this revision there is nothing that these messages could be about
    mails = "SELECT id FROM message WHERE subject_type IN ('note', 'complaint', 'adverse_event', 'event_action')"
    op.execute(f'DELETE FROM message_attempt WHERE message_id IN ({mails})')
    op.execute(f'DELETE FROM message WHERE id IN ({mails})')
    op.execute("DELETE FROM option_value WHERE key LIKE 'complaints.%' OR key LIKE 'adverse_events.%'")
    with op.batch_alter_table('service', schema=None) as batch_op:
        batch_op.drop_column('regulated')

    with op.batch_alter_table('adverse_event_step', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_adverse_event_step_analysis_id'))

    op.drop_table('adverse_event_step')
    with op.batch_alter_table('adverse_event_route', schema=None) as batch_op:
        batch_op.drop_index('ix_adverse_event_route_due', sqlite_where=sa.text("status IN ('to_assess', 'to_do', 'told')"), postgresql_where=sa.text("status IN ('to_assess', 'to_do', 'told')"))

    op.drop_table('adverse_event_route')
    op.drop_table('adverse_event_reporter')
    with op.batch_alter_table('adverse_event_reopening', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_adverse_event_reopening_event_id'))

    op.drop_table('adverse_event_reopening')
    with op.batch_alter_table('adverse_event_person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_adverse_event_person_event_id'))

    op.drop_table('adverse_event_person')
    with op.batch_alter_table('adverse_event_informed', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_adverse_event_informed_event_id'))

    op.drop_table('adverse_event_informed')
    with op.batch_alter_table('adverse_event_former', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_adverse_event_former_event_id'))

    op.drop_table('adverse_event_former')
    op.drop_table('adverse_event_file')
    with op.batch_alter_table('adverse_event_category', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_adverse_event_category_entry_id'))

    op.drop_table('adverse_event_category')
    op.drop_table('adverse_event_analysis')
    with op.batch_alter_table('adverse_event_action', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_adverse_event_action_event_id'))
        batch_op.drop_index('ix_adverse_event_action_due', sqlite_where=sa.text("state IN ('todo', 'progress')"), postgresql_where=sa.text("state IN ('todo', 'progress')"))

    op.drop_table('adverse_event_action')
    with op.batch_alter_table('adverse_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_adverse_event_worker_id'))
        batch_op.drop_index(batch_op.f('ix_adverse_event_visit_id'))
        batch_op.drop_index(batch_op.f('ix_adverse_event_supervisor_id'))
        batch_op.drop_index('ix_adverse_event_state')
        batch_op.drop_index(batch_op.f('ix_adverse_event_sector_id'))
        batch_op.drop_index('ix_adverse_event_occurred')
        batch_op.drop_index(batch_op.f('ix_adverse_event_client_id'))

    op.drop_table('adverse_event')
    with op.batch_alter_table('complaint', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_complaint_worker_id'))
        batch_op.drop_index(batch_op.f('ix_complaint_visit_id'))
        batch_op.drop_index(batch_op.f('ix_complaint_subject_id'))
        batch_op.drop_index(batch_op.f('ix_complaint_sector_id'))
        batch_op.drop_index('ix_complaint_received')
        batch_op.drop_index(batch_op.f('ix_complaint_client_id'))

    op.drop_table('complaint')
    op.drop_table('adverse_event_draft_file')
    with op.batch_alter_table('adverse_event_draft', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_adverse_event_draft_person_id'))

    op.drop_table('adverse_event_draft')
    with op.batch_alter_table('note', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_note_worker_id'))
        batch_op.drop_index(batch_op.f('ix_note_visit_id'))
        batch_op.drop_index('ix_note_owner_due', sqlite_where=sa.text("situation IN ('todo', 'progress')"), postgresql_where=sa.text("situation IN ('todo', 'progress')"))
        batch_op.drop_index('ix_note_created')
        batch_op.drop_index(batch_op.f('ix_note_colleague_id'))
        batch_op.drop_index(batch_op.f('ix_note_client_id'))
        batch_op.drop_index(batch_op.f('ix_note_category_id'))

    op.drop_table('note')
    with op.batch_alter_table('read_entry', schema=None) as batch_op:
        batch_op.drop_index('ix_read_entry_subject')
        batch_op.drop_index(batch_op.f('ix_read_entry_at'))

    op.drop_table('read_entry')
    with op.batch_alter_table('list_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_list_entry_parent_id'))

    op.drop_table('list_entry')
