-- mod_usermgmt, SQLite, step 016: new e-mail addresses that are not confirmed yet.
-- The columns are explained in sql/pgsql/016_email_changes.sql.

create table um_email_changes (
    user_id       text     primary key,
    user_version  text     not null,
    former_key    text     not null,
    email         text     not null,
    email_key     text     not null,
    created_at    integer  not null,
    expires_at    integer  not null
) without rowid;

create index um_email_changes_expires_at on um_email_changes (expires_at);

-- A trigger of its own, beside um_users_deleted.
create trigger um_users_deleted_email_changes after delete on um_users
begin
    delete from um_email_changes where user_id = old.id;
end;

insert into um_schema (step, name, applied_at) values (16, '016_email_changes', cast(strftime('%s', 'now') as integer));
