-- mod_usermgmt, SQLite, step 020: receivers of webhooks that want no more (UserMgmtWebhook).
-- The columns are explained in sql/pgsql/020_webhook_receivers.sql.

create table um_webhook_receivers (
    site          text     not null,
    url           text     not null,
    disabled_at   integer  not null,
    primary key (site, url)
) without rowid;

insert into um_schema (step, name, applied_at)
    values (20, '020_webhook_receivers', cast(strftime('%s', 'now') as integer));
