-- mod_usermgmt, PostgreSQL, step 012: what was changed on accounts, by whom, from where.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 012_events.sql DATABASE
-- Grants for the role of httpd:  grant select, insert, delete on um_events to accounts_web;

-- A row is inserted in the transaction of the change that it tells of, is never updated, and is deleted by the worker
-- after UserMgmtEventsKeep. It has no foreign key: the events of a deleted account stay, with its id.
create table um_events (
    id            uuid     primary key,             -- version 7: in the order of time
    user_id       uuid,                             -- the account that was changed; null: none, or several
    kind          text     not null,                -- see the table of events in docs/operations.md
    at_ms         bigint   not null,                -- milliseconds since the epoch
    actor         text     not null default '',     -- who did it: the id of an account, client NAME, cli or worker
    session_id    uuid,                             -- the session that it is about, or of the actor; null: none
    detail        text     not null default '',     -- such as the name of a group
    address       text     not null default '',     -- of the client
    user_agent    text     not null default '',
    request_id    text     not null default '',     -- as in the audit log
    host          text     not null default '',     -- the virtual host
    node          text     not null default ''      -- the machine
);

create index um_events_user_id on um_events (user_id, id);

insert into um_schema (step, name, applied_at) values (12, '012_events', extract(epoch from now())::bigint);
