-- mod_usermgmt, PostgreSQL, step 019: webhooks to be sent (UserMgmtWebhook).
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 019_webhooks.sql DATABASE
-- Grants for the role of httpd:  grant select, insert, update, delete on um_webhooks to accounts_web;

-- A row is one event for one receiver. It is inserted in the transaction of its event, and deleted by the worker when
-- it was delivered or given up UserMgmtWebhookRetention ago. It has no foreign key: the deletion of an account is
-- delivered, too. The text that is sent is made of these columns.
create table um_webhooks (
    id            uuid     primary key,             -- version 7: in the order of time
    site          text     not null,                -- the host that sends it, as in um_mail
    url           text     not null,                -- of the receiver, as UserMgmtWebhook names it
    event_id      uuid     not null,                -- of um_events; the header webhook-id
    kind          text     not null,                -- the type of the event, such as account.registered
    at_ms         bigint   not null,                -- when it happened, in milliseconds since the epoch
    user_id       uuid,                             -- the account; null: none, or several
    username      text     not null default '',     -- its name, then
    actor         text     not null default '',     -- who did it, as in um_events
    detail        text     not null default '',     -- such as the name of a group
    state         smallint not null default 0,      -- 0 waiting, 1 delivered, 2 given up
    due_at        bigint   not null,                -- not before this time; of a claimed row the end of the lease
    claim         uuid,                             -- the worker's claim, or null
    attempts      integer  not null default 0,
    created_at    bigint   not null,
    done_at       bigint,
    last_error    text     not null default ''
);

create index um_webhooks_due on um_webhooks (site, url, due_at) where state = 0;
create index um_webhooks_late on um_webhooks (due_at) where state = 0;
create index um_webhooks_claim on um_webhooks (claim) where state = 0 and claim is not null;
create index um_webhooks_done on um_webhooks (done_at) where state <> 0;

insert into um_schema (step, name, applied_at) values (19, '019_webhooks', extract(epoch from now())::bigint);
