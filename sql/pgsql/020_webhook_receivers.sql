-- mod_usermgmt, PostgreSQL, step 020: receivers of webhooks that want no more (UserMgmtWebhook).
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 020_webhook_receivers.sql DATABASE
-- Grants for the role of httpd:  grant select, insert, update, delete on um_webhook_receivers to accounts_web;

-- A row is a receiver that has answered 410 Gone. Nothing is stored for it or sent to it until the row is deleted by
-- "usermgmt webhook enable". Modules that do not know this step go on sending.
create table um_webhook_receivers (
    site          text     not null,                -- the host that would send, as in um_webhooks
    url           text     not null,                -- as in um_webhooks
    disabled_at   bigint   not null,
    primary key (site, url)
);

insert into um_schema (step, name, applied_at)
    values (20, '020_webhook_receivers', extract(epoch from now())::bigint);
