-- mod_usermgmt, PostgreSQL, step 002: mail to be sent, and the one-time tokens that mails carry.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 002_mail.sql DATABASE
-- Grants for the role of httpd:  grant select, insert, update, delete on um_mail, um_tickets to accounts_web;

alter table um_users add column email_verified smallint not null default 0;
-- um_users.is_active is from now on: 0 switched off, 1 active, 2 inactive until its address is verified

create table um_mail (
    id            uuid     primary key,
    kind          text     not null,            -- the template's name
    state         smallint not null default 0,  -- 0 waiting, 1 sent, 2 given up
    due_at        bigint   not null,            -- not before this time; of a claimed mail the end of the lease
    claim         uuid,                         -- the worker's claim, or null
    attempts      integer  not null default 0,
    address       text     not null,            -- as typed while user_id is null, then the address of the account
    user_id       uuid,                         -- null: the accounts of the address have not been looked up yet
    username      text     not null default '', -- as it was when the row was made
    detail        text     not null default '', -- another value of the text, such as the new address
    language      text     not null default '',
    created_at    bigint   not null,
    done_at       bigint,
    last_error    text     not null default ''
);
create index um_mail_due on um_mail (due_at) where state = 0;
create index um_mail_done on um_mail (done_at) where state <> 0;

create table um_tickets (
    hash          text     primary key,         -- SHA-256 of the token, base64url
    kind          text     not null,            -- reset or verify
    mail_id       uuid     not null,        -- the mail that carries it
    user_id       uuid     not null references um_users (id) on delete cascade,
    user_version  uuid     not null,            -- valid only while this equals um_users.version
    email_key     text     not null,            -- and this equals um_users.email_key
    created_at    bigint   not null,
    expires_at    bigint   not null
);
create index um_tickets_user_id on um_tickets (user_id, kind, created_at);
create index um_tickets_expires_at on um_tickets (expires_at);

insert into um_schema values (2, '002_mail', extract(epoch from now())::bigint);
