-- mod_usermgmt, PostgreSQL, step 009: names of deleted accounts, held back for a time.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 009_names.sql DATABASE
-- Grants for the role of httpd:  grant select, insert, update, delete on um_held_names to accounts_web;

-- Rows are inserted where UserMgmtNameQuarantine is set; the worker deletes them. The name itself is not stored.
create table um_held_names (
    hash          text     primary key,             -- SHA-256 of um_users.username_key, base64url
    held_until    bigint   not null
);

create index um_held_names_held_until on um_held_names (held_until);

insert into um_schema (step, name, applied_at) values (9, '009_names', extract(epoch from now())::bigint);
