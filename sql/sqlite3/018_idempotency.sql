-- mod_usermgmt, SQLite, step 018: keys of requests that made accounts (Idempotency-Key).
-- The columns are explained in sql/pgsql/018_idempotency.sql.

create table um_idempotency (
    key_hash      text     primary key not null,
    body_hash     text     not null,
    user_id       text     not null,
    user_version  text     not null,
    has_session   integer  not null,
    expires_at    integer  not null
) without rowid;

create index um_idempotency_expires_at on um_idempotency (expires_at);

insert into um_schema (step, name, applied_at) values (18, '018_idempotency', cast(strftime('%s', 'now') as integer));
