-- mod_usermgmt, SQLite, step 010: several refresh tokens that were replaced a moment ago.
-- The column is explained in sql/pgsql/010_refresh_chain.sql.

alter table um_sessions add column earlier_hashes text not null default '';

insert into um_schema (step, name, applied_at) values (10, '010_refresh_chain', cast(strftime('%s', 'now') as integer));
