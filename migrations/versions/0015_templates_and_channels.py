"""texts of messages that the agency has made its own; text messages"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('message_text',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('subject', sa.String(), nullable=True),
    sa.Column('body', sa.String(), nullable=True),
    sa.Column('restores', sa.Integer(), nullable=True),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("channel IN ('mail', 'sms')", name=op.f('ck_message_text_channel')),
    sa.CheckConstraint('version > 0', name=op.f('ck_message_text_version')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_message_text_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message_text')),
    sa.UniqueConstraint('kind', 'language', 'channel', 'version', name=op.f('uq_message_text_kind_language_channel_version'))
    )
    op.create_table('message_text_test',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('visit_id', sa.Integer(), nullable=True),
    sa.Column('number', sa.String(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_message_text_test_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message_text_test'))
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('channel', sa.String(), server_default='mail', nullable=False))
        batch_op.create_check_constraint(batch_op.f('ck_message_channel'), "channel IN ('mail', 'sms')")
    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_rating_channel'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_rating_channel'), "channel IN ('portal', 'mail', 'sms', 'staff')")


def downgrade() -> None:
    # before this revision every link was a mail's
    op.execute("UPDATE rating SET channel = 'mail' WHERE channel = 'sms'")
    with op.batch_alter_table('rating', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_rating_channel'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_rating_channel'), "channel IN ('portal', 'mail', 'staff')")
    # nobody knows this kind any more, nor any way out but mails: what waits must never leave
    op.execute("""UPDATE message SET state = 'expired', reason = 'too_late', put_aside_at = next_at,
        lease_token = NULL, lease_until = NULL
        WHERE channel = 'sms' AND state IN ('scheduled', 'due', 'retry', 'sending')""")
    tests = "SELECT id FROM message WHERE kind = 'outbox.text_test'"
    op.execute(f'DELETE FROM message_attempt WHERE message_id IN ({tests})')
    op.execute("DELETE FROM message WHERE kind = 'outbox.text_test'")
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_message_channel'), type_='check')
        batch_op.drop_column('channel')
    op.drop_table('message_text_test')
    op.drop_table('message_text')
