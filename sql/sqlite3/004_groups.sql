-- mod_usermgmt, SQLite, step 004: groups and their members.
-- The columns are explained in sql/pgsql/004_groups.sql.

create table um_groups (
    id            text    primary key not null,
    name          text    not null unique,
    created_at    integer not null
) without rowid;

create table um_memberships (
    user_id       text    not null references um_users (id) on delete cascade,
    group_id      text    not null references um_groups (id) on delete cascade,
    primary key (user_id, group_id)
) without rowid;
create index um_memberships_group_id on um_memberships (group_id);

insert into um_schema values (4, '004_groups', cast(strftime('%s', 'now') as integer));
