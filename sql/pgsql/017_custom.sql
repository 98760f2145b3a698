-- mod_usermgmt, PostgreSQL, step 017: fields of accounts that a site adds (UserMgmtProfile).
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 017_custom.sql DATABASE

-- A JSON object with the values. A field that has none, or null, has no value. Fields that are not configured stay.
alter table um_users add column custom jsonb not null default '{}';

insert into um_schema (step, name, applied_at) values (17, '017_custom', extract(epoch from now())::bigint);
