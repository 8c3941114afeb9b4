"""who did it: an entry of the journal knows in which file of a login it was done"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

# of each kind of record, the roles in which its person acts
KINDS = {
    'client': ('client',),
    'relative': ('relative',),
    'worker': ('worker',),
    'staff': ('coordinator', 'quality', 'admin'),
}


def upgrade() -> None:
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.add_column(sa.Column('person_type', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('person_id', sa.Integer(), nullable=True))
    # Of what was done before, it can be told where a login opens one such file alone.
    entry = sa.table('audit_entry', *map(sa.column, ('account_id', 'role', 'person_type', 'person_id')))
    records = {name: sa.table(name, sa.column('id'), sa.column('account_id')) for name in KINDS}
    mine = {
        name: sa.select(sa.func.count()).where(record.c.account_id == entry.c.account_id).correlate(entry).scalar_subquery()
        for name, record in records.items()
    }
    for name, record in records.items():
        only = sa.select(sa.func.min(record.c.id)).where(record.c.account_id == entry.c.account_id).correlate(entry)
        others = sum(count for other, count in mine.items() if other != name)
        in_file = entry.c.role.in_(KINDS[name]) & (mine[name] == 1)
        as_login = (entry.c.role == 'account') & (mine[name] == 1) & (others == 0)
        op.execute(
            sa.update(entry).where(in_file | as_login).values(person_type=name, person_id=only.scalar_subquery())
        )


def downgrade() -> None:
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.drop_column('person_id')
        batch_op.drop_column('person_type')
