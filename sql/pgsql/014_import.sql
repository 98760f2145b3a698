-- mod_usermgmt, PostgreSQL, step 014: tokens and keys of accounts that were brought along from another program.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 014_import.sql DATABASE
-- No grants are needed, because no table is new.

-- The SHA-256 of a token that another program made, in base64url; null: the session's tokens are ours, and are not
-- stored. The session ends as any other does: with its end date, a new version of the account, or the account.
alter table um_sessions add column if not exists token_hash text;
-- concurrently:
create unique index if not exists um_sessions_token_hash on um_sessions (token_hash) where token_hash is not null;

-- The key that the account had there, such as 42; null: none. The paths of the API accept it in place of the id.
alter table um_users add column if not exists alias text;
-- concurrently:
create unique index if not exists um_users_alias on um_users (alias) where alias is not null;

insert into um_schema (step, name, applied_at) values (14, '014_import', extract(epoch from now())::bigint);
