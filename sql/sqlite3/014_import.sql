-- mod_usermgmt, SQLite, step 014: tokens and keys of accounts that were brought along from another program.
-- The columns are explained in sql/pgsql/014_import.sql.

alter table um_sessions add column token_hash text;
create unique index um_sessions_token_hash on um_sessions (token_hash) where token_hash is not null;

alter table um_users add column alias text;
create unique index um_users_alias on um_users (alias) where alias is not null;

insert into um_schema (step, name, applied_at) values (14, '014_import', cast(strftime('%s', 'now') as integer));
