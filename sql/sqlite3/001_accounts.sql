-- mod_usermgmt, SQLite, step 001: accounts and sessions. The module applies it at its first start.
-- The columns are explained in sql/pgsql/001_accounts.sql; UUIDs are text here.

create table um_schema (
    step        integer primary key,
    name        text    not null,
    applied_at  integer not null
);

create table um_users (
    id            text    primary key not null,
    username      text    not null,
    username_key  text    not null unique,
    first_name    text    not null default '',
    last_name     text    not null default '',
    email         text    not null default '',
    email_key     text    not null default '',
    email_claim   text    unique,
    password      text    not null,
    version       text    not null,
    is_active     integer not null default 1,
    is_staff      integer not null default 0,
    created_at    integer not null,
    updated_at    integer not null
) without rowid;
create index um_users_email_key on um_users (email_key);

create table um_sessions (
    id            text    primary key not null,
    user_id       text    not null references um_users (id) on delete cascade,
    user_version  text    not null,
    created_at    integer not null,
    expires_at    integer not null,
    address       text    not null default '',
    user_agent    text    not null default ''
) without rowid;
create index um_sessions_user_id on um_sessions (user_id);
create index um_sessions_expires_at on um_sessions (expires_at);

insert into um_schema values (1, '001_accounts', cast(strftime('%s', 'now') as integer));
