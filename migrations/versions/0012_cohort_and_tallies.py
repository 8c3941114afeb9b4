"""the day of what is rated, and sums by day, worker, service, sector and source"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

HANDED_OVER = """(m.state IN ('sent', 'uncertain') OR (m.resends > 0 AND EXISTS (
    SELECT 1 FROM message_attempt a WHERE a.message_id = m.id AND a.outcome = 'accepted')))"""
WAITS = "m.state IN ('scheduled', 'due', 'retry', 'sending')"
# the request that says how far asking about a visit has come: what was handed over, else what waits, else the newest
DECIDES = f"""FROM rating_request r JOIN message m ON m.id = r.message_id
    WHERE r.subject_id = rating_subject.id AND ({HANDED_OVER} OR (r.reminds_id IS NULL AND r.revoked_at IS NULL))
    ORDER BY CASE WHEN {HANDED_OVER} THEN 0 WHEN {WAITS} THEN 1 ELSE 2 END, r.round DESC LIMIT 1"""
STAGE = f"""coalesce((SELECT CASE WHEN {HANDED_OVER} THEN 'sent' WHEN {WAITS} THEN 'waiting'
    WHEN m.state = 'failed' AND m.reason = 'refused' THEN 'refused' ELSE 'suppressed' END {DECIDES}), 'unasked')"""
REASON = f"""coalesce((SELECT CASE WHEN {HANDED_OVER} OR {WAITS} THEN '' ELSE m.reason END {DECIDES}), '')"""


def upgrade() -> None:
    with op.batch_alter_table('rating_subject', schema=None) as batch_op:
        batch_op.add_column(sa.Column('day', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('asked_day', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('stage', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('stage_reason', sa.String(), nullable=True))
    _write_days_and_stages()
    with op.batch_alter_table('rating_subject', schema=None) as batch_op:
        batch_op.alter_column('day', existing_type=sa.Date(), nullable=False)
        batch_op.alter_column('asked_day', existing_type=sa.Date(), nullable=False)
        batch_op.alter_column('stage_reason', existing_type=sa.String(), nullable=False)
        batch_op.create_check_constraint(batch_op.f('ck_rating_subject_stage'), "stage IN ('unasked', 'waiting', 'suppressed', 'sent', 'refused')")
        batch_op.create_check_constraint(batch_op.f('ck_rating_subject_staged'), 'stage IS NULL OR visit_id IS NOT NULL')
        batch_op.create_index('ix_rating_subject_day', ['day'], unique=False)
        batch_op.create_index('ix_rating_subject_client_day', ['client_id', 'day'], unique=False)
        batch_op.create_index('ix_rating_subject_manager_day', ['manager_id', 'day'], unique=False)
        batch_op.create_index('ix_rating_subject_service_day', ['service_id', 'day'], unique=False)
        batch_op.create_index('ix_rating_subject_sector_day', ['sector_id', 'day'], unique=False)
        batch_op.drop_index(batch_op.f('ix_rating_subject_client_id'))
        batch_op.drop_index(batch_op.f('ix_rating_subject_sector_id'))
    op.create_index('ix_rating_stars_left', 'rating', ['stars', 'left_at', 'id'], unique=False)

    op.create_table('rating_tally',
    sa.Column('span', sa.String(), nullable=False),
    sa.Column('worker_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('service_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('sector_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    *(sa.Column(f'n{stars}', sa.Integer(), nullable=False) for stars in range(6)),
    sa.Column('comments', sa.Integer(), nullable=False),
    sa.CheckConstraint("span IN ('day', 'month')", name=op.f('ck_rating_tally_span')),
    sa.PrimaryKeyConstraint('span', 'worker_id', 'day', 'service_id', 'sector_id', 'channel', name=op.f('pk_rating_tally'))
    )
    with op.batch_alter_table('rating_tally', schema=None) as batch_op:
        batch_op.create_index('ix_rating_tally_day', ['span', 'day'], unique=False)

    op.create_table('request_tally',
    sa.Column('span', sa.String(), nullable=False),
    sa.Column('worker_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('asked_day', sa.Date(), nullable=False),
    sa.Column('service_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('sector_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('stage', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('answered', sa.Integer(), nullable=False),
    sa.Column('commented', sa.Integer(), nullable=False),
    sa.CheckConstraint("span IN ('day', 'month')", name=op.f('ck_request_tally_span')),
    sa.CheckConstraint("stage IN ('unasked', 'waiting', 'suppressed', 'sent', 'refused')", name=op.f('ck_request_tally_stage')),
    sa.PrimaryKeyConstraint('span', 'worker_id', 'day', 'asked_day', 'service_id', 'sector_id', 'stage', 'reason', name=op.f('pk_request_tally'))
    )
    with op.batch_alter_table('request_tally', schema=None) as batch_op:
        batch_op.create_index('ix_request_tally_day', ['span', 'day'], unique=False)
        batch_op.create_index('ix_request_tally_asked', ['span', 'asked_day'], unique=False)
    _fill_tallies()

    op.create_table('tally_check',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('night', sa.Date(), nullable=True),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('months', sa.Integer(), nullable=False),
    sa.Column('wrong', sa.Integer(), nullable=False),
    sa.Column('found', sa.JSON(), nullable=False),
    sa.Column('repaired', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tally_check')),
    sa.UniqueConstraint('night', name=op.f('uq_tally_check_night'))
    )


def _write_days_and_stages() -> None:
    """The day of the visit, and that on which its client was first to be asked, where the visit was; and how far
    asking about it has come, if it is done. All at once: each row is written anew but once."""
    connection, first_due = op.get_bind(), """coalesce((SELECT min(m.due_at) FROM rating_request r
        JOIN message m ON m.id = r.message_id WHERE r.subject_id = rating_subject.id), rating_subject.ended_at)"""
    day, asked_day = 'CAST(v.local_start AS DATE)', f'CAST(timezone(v.zone, {first_due}) AS DATE)'
    if connection.dialect.name == 'sqlite':
        connection.connection.create_function('day_there', 2, _day_there, deterministic=True)
        day, asked_day = 'date(v.local_start)', f'day_there({first_due}, v.zone)'
    visit = 'FROM visit v WHERE v.id = coalesce(rating_subject.visit_id, rating_subject.handled_visit_id)'
    done = "EXISTS (SELECT 1 FROM visit v WHERE v.id = rating_subject.visit_id AND v.state = 'done')"
    op.execute(f"""UPDATE rating_subject SET day = (SELECT {day} {visit}), asked_day = (SELECT {asked_day} {visit}),
        stage = CASE WHEN {done} THEN {STAGE} END, stage_reason = CASE WHEN {done} THEN {REASON} ELSE '' END""")


def _day_there(moment: str, zone: str) -> str:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date().isoformat()


def _fill_tallies() -> None:
    """All workers together first, then each: no two statements write to one row."""
    on_sqlite = op.get_bind().dialect.name == 'sqlite'
    stars = ', '.join(f'sum(CASE WHEN r.stars = {stars} THEN 1 ELSE 0 END)' for stars in range(6))
    answered = "CASE WHEN r.channel <> 'staff' THEN 1 ELSE 0 END"
    commented = "CASE WHEN r.channel <> 'staff' AND coalesce(r.comment, '') <> '' THEN 1 ELSE 0 END"
    for span in ('day', 'month'):
        day, asked_day = ('s.day', 's.asked_day') if span == 'day' else (
            f"date(s.{name}, 'start of month')" if on_sqlite else f"CAST(date_trunc('month', s.{name}) AS DATE)"
            for name in ('day', 'asked_day'))
        for worker, workers in ('0', ''), ('w.worker_id', 'JOIN rated_worker w ON w.subject_id = s.id'):
            where = f"'{span}', {worker}, {day}"
            op.execute(f"""INSERT INTO rating_tally (span, worker_id, day, service_id, sector_id, channel, n0, n1, n2, n3, n4, n5, comments)
                SELECT {where}, s.service_id, s.sector_id, r.channel, {stars},
                       sum(CASE WHEN coalesce(r.comment, '') <> '' THEN 1 ELSE 0 END)
                FROM rating r JOIN rating_subject s ON s.id = r.subject_id {workers}
                WHERE s.visit_id IS NOT NULL AND r.excluded_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6""")
            op.execute(f"""INSERT INTO request_tally (span, worker_id, day, asked_day, service_id, sector_id, stage, reason, n, answered, commented)
                SELECT {where}, {asked_day}, s.service_id, s.sector_id, s.stage, s.stage_reason,
                       count(*), sum({answered}), sum({commented})
                FROM rating_subject s {workers} LEFT JOIN rating r ON r.subject_id = s.id
                WHERE s.stage IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7, 8""")


def downgrade() -> None:
    op.drop_table('tally_check')
    op.drop_table('request_tally')
    op.drop_table('rating_tally')
    op.drop_index('ix_rating_stars_left', 'rating')
    with op.batch_alter_table('rating_subject', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rating_subject_sector_id'), ['sector_id'], unique=False)
        batch_op.drop_index('ix_rating_subject_sector_day')
        batch_op.drop_index('ix_rating_subject_service_day')
        batch_op.create_index(batch_op.f('ix_rating_subject_client_id'), ['client_id'], unique=False)
        batch_op.drop_index('ix_rating_subject_manager_day')
        batch_op.drop_index('ix_rating_subject_client_day')
        batch_op.drop_index('ix_rating_subject_day')
        batch_op.drop_constraint(batch_op.f('ck_rating_subject_staged'), type_='check')
        batch_op.drop_constraint(batch_op.f('ck_rating_subject_stage'), type_='check')
        batch_op.drop_column('stage_reason')
        batch_op.drop_column('stage')
        batch_op.drop_column('asked_day')
        batch_op.drop_column('day')
