-- mod_usermgmt, PostgreSQL, step 013: when an account was last signed in to.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 013_last_sign_in.sql DATABASE

-- Set by the statement that stores the session of a sign-in. No index has this column, so a sign-in changes no index of
-- um_users (a HOT update).
alter table um_users add column last_sign_in_at bigint;      -- seconds since the epoch; null: never, or before this step

insert into um_schema (step, name, applied_at) values (13, '013_last_sign_in', extract(epoch from now())::bigint);
