-- mod_usermgmt, PostgreSQL, step 016: new e-mail addresses that are not confirmed yet.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 016_email_changes.sql DATABASE
-- Grants for the role of httpd:  grant select, insert, update, delete on um_email_changes to accounts_web;

-- One row an account: a newer change replaces an older one. The change is pending while the account still has the
-- version and the address that it had when the change was asked for, and until expires_at.
create table um_email_changes (
    user_id       uuid     primary key references um_users (id) on delete cascade,
    user_version  uuid     not null,                -- of um_users
    former_key    text     not null,                -- um_users.email_key
    email         text     not null,                -- the new address, as in um_users.email
    email_key     text     not null,                -- and its key
    created_at    bigint   not null,
    expires_at    bigint   not null                 -- first when its mail may be given up; then when its token expires
);

create index um_email_changes_expires_at on um_email_changes (expires_at);

insert into um_schema (step, name, applied_at) values (16, '016_email_changes', extract(epoch from now())::bigint);
