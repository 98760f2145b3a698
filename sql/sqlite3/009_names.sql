-- mod_usermgmt, SQLite, step 009: names of deleted accounts, held back for a time.
-- The columns are explained in sql/pgsql/009_names.sql.

create table um_held_names (
    hash          text    primary key not null,
    held_until    integer not null
) without rowid;

create index um_held_names_held_until on um_held_names (held_until);

insert into um_schema (step, name, applied_at) values (9, '009_names', cast(strftime('%s', 'now') as integer));
