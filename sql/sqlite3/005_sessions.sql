-- mod_usermgmt, SQLite, step 005: sessions that refresh tokens prolong.
-- The columns are explained in sql/pgsql/005_sessions.sql.

alter table um_sessions add column family_hash text not null default '';
alter table um_sessions add column refresh_hash text not null default '';
alter table um_sessions add column previous_hash text not null default '';
alter table um_sessions add column refresh_salt text not null default '';
alter table um_sessions add column rotated_at integer not null default 0;
alter table um_sessions add column refreshed_at integer;
alter table um_sessions add column ends_at integer not null default 0;

insert into um_schema values (5, '005_sessions', cast(strftime('%s', 'now') as integer));
