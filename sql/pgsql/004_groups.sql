-- mod_usermgmt, PostgreSQL, step 004: groups and their members.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 004_groups.sql DATABASE
-- Grants for the role of httpd:
--   grant select, insert, update, delete on um_groups, um_memberships to accounts_web;

create table um_groups (
    id            uuid     primary key,
    name          text     not null unique,     -- without blanks and commas
    created_at    bigint   not null
);

create table um_memberships (
    user_id       uuid     not null references um_users (id) on delete cascade,
    group_id      uuid     not null references um_groups (id) on delete cascade,
    primary key (user_id, group_id)
);
create index um_memberships_group_id on um_memberships (group_id);

insert into um_schema values (4, '004_groups', extract(epoch from now())::bigint);
