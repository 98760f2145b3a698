-- mod_usermgmt, SQLite, step 002: mail to be sent, and the one-time tokens that mails carry.
-- The columns are explained in sql/pgsql/002_mail.sql.

alter table um_users add column email_verified integer not null default 0;

create table um_mail (
    id            text    primary key not null,
    kind          text    not null,
    state         integer not null default 0,
    due_at        integer not null,
    claim         text,
    attempts      integer not null default 0,
    address       text    not null,
    user_id       text,
    username      text    not null default '',
    detail        text    not null default '',
    language      text    not null default '',
    created_at    integer not null,
    done_at       integer,
    last_error    text    not null default ''
) without rowid;
create index um_mail_due on um_mail (due_at) where state = 0;
create index um_mail_done on um_mail (done_at) where state <> 0;

create table um_tickets (
    hash          text    primary key not null,
    kind          text    not null,
    mail_id       text    not null,
    user_id       text    not null references um_users (id) on delete cascade,
    user_version  text    not null,
    email_key     text    not null,
    created_at    integer not null,
    expires_at    integer not null
) without rowid;
create index um_tickets_user_id on um_tickets (user_id, kind, created_at);
create index um_tickets_expires_at on um_tickets (expires_at);

insert into um_schema values (2, '002_mail', cast(strftime('%s', 'now') as integer));
