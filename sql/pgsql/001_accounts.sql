-- mod_usermgmt, PostgreSQL, step 001: accounts and sessions.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 001_accounts.sql DATABASE
-- (-1: one transaction, so the step is applied as a whole or not at all).
-- Grants for the role of httpd:
--   grant select, insert, update, delete on um_users, um_sessions to accounts_web; grant select on um_schema to
--   accounts_web;

create table um_schema (
    step        integer primary key,
    name        text    not null,
    applied_at  bigint  not null            -- seconds since the epoch, like all times here
);

create table um_users (
    id            uuid     primary key,     -- version 7: new rows are added at the end of the index
    username      text     not null,        -- NFKC, in the case as typed
    username_key  text     not null unique, -- NFKC and case folded: equal keys mean equal names
    first_name    text     not null default '',
    last_name     text     not null default '',
    email         text     not null default '',
    email_key     text     not null default '',
    email_claim   text     unique,          -- email_key where the site forbids shared addresses, otherwise NULL
    password      text     not null,        -- PHC string
    version       uuid     not null,        -- new with every change of credentials or state, which ends all sessions
    is_active     smallint not null default 1,
    is_staff      smallint not null default 0,
    created_at    bigint   not null,
    updated_at    bigint   not null
);
create index um_users_email_key on um_users (email_key);

create table um_sessions (
    id            uuid     primary key,     -- the token's sid
    user_id       uuid     not null references um_users (id) on delete cascade,
    user_version  uuid     not null,        -- the session is valid only while this equals um_users.version
    created_at    bigint   not null,
    expires_at    bigint   not null,
    address       text     not null default '',
    user_agent    text     not null default ''
);
create index um_sessions_user_id on um_sessions (user_id);
create index um_sessions_expires_at on um_sessions (expires_at);

insert into um_schema values (1, '001_accounts', extract(epoch from now())::bigint);
