-- mod_usermgmt, SQLite, step 008: issuers in use, steps that older modules cannot use, and triggers for deleted rows.
-- The columns are explained in sql/pgsql/008_issuers.sql.

alter table um_schema add column works_from integer not null default 0;

create table um_issuers (
    issuer        text    primary key not null,
    used_at       integer not null
) without rowid;

-- SQLite obeys "on delete cascade" only on connections with "pragma foreign_keys = on", and that pragma breaks the
-- statements that other modules have prepared on the connection. Triggers need no pragma. Each table that refers to
-- um_users or um_groups with "on delete cascade" has its line here or in a later step.
create trigger um_users_deleted after delete on um_users
begin
    delete from um_sessions where user_id = old.id;
    delete from um_tickets where user_id = old.id;
    delete from um_memberships where user_id = old.id;
end;

create trigger um_groups_deleted after delete on um_groups
begin
    delete from um_memberships where group_id = old.id;
end;

insert into um_schema (step, name, applied_at) values (8, '008_issuers', cast(strftime('%s', 'now') as integer));
