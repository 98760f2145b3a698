-- mod_usermgmt, SQLite, step 017: fields of accounts that a site adds (UserMgmtProfile).
-- The column is explained in sql/pgsql/017_custom.sql.

alter table um_users add column custom text not null default '{}';

insert into um_schema (step, name, applied_at) values (17, '017_custom', cast(strftime('%s', 'now') as integer));
