-- mod_usermgmt, SQLite, step 019: webhooks to be sent (UserMgmtWebhook).
-- The columns are explained in sql/pgsql/019_webhooks.sql.

create table um_webhooks (
    id            text     primary key not null,
    site          text     not null,
    url           text     not null,
    event_id      text     not null,
    kind          text     not null,
    at_ms         integer  not null,
    user_id       text,
    username      text     not null default '',
    actor         text     not null default '',
    detail        text     not null default '',
    state         integer  not null default 0,
    due_at        integer  not null,
    claim         text,
    attempts      integer  not null default 0,
    created_at    integer  not null,
    done_at       integer,
    last_error    text     not null default ''
) without rowid;

create index um_webhooks_due on um_webhooks (site, url, due_at) where state = 0;
create index um_webhooks_late on um_webhooks (due_at) where state = 0;
create index um_webhooks_claim on um_webhooks (claim) where state = 0 and claim is not null;
create index um_webhooks_done on um_webhooks (done_at) where state <> 0;

insert into um_schema (step, name, applied_at) values (19, '019_webhooks', cast(strftime('%s', 'now') as integer));
