-- mod_usermgmt, SQLite, step 013: when an account was last signed in to.
-- The column is explained in sql/pgsql/013_last_sign_in.sql.

alter table um_users add column last_sign_in_at integer;

insert into um_schema (step, name, applied_at)
    values (13, '013_last_sign_in', cast(strftime('%s', 'now') as integer));
