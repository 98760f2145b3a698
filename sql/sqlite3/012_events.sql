-- mod_usermgmt, SQLite, step 012: what was changed on accounts, by whom, from where.
-- The columns are explained in sql/pgsql/012_events.sql.

create table um_events (
    id            text     primary key,
    user_id       text,
    kind          text     not null,
    at_ms         integer  not null,
    actor         text     not null default '',
    session_id    text,
    detail        text     not null default '',
    address       text     not null default '',
    user_agent    text     not null default '',
    request_id    text     not null default '',
    host          text     not null default '',
    node          text     not null default ''
) without rowid;

create index um_events_user_id on um_events (user_id, id);

insert into um_schema (step, name, applied_at) values (12, '012_events', cast(strftime('%s', 'now') as integer));
