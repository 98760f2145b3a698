-- mod_usermgmt, SQLite, step 007: requests for mail whose address has not been looked up yet.
-- The columns are explained in sql/pgsql/007_requests.sql.

create table um_requests (
    site          text     not null,
    id            text     not null,
    kind          text     not null,
    email_key     text     not null,
    address       text     not null,
    language      text     not null default '',
    created_at    integer  not null,
    primary key (site, id)
) without rowid;

create index um_mail_requested on um_mail (email_key, kind) where state = 0 and user_id is null;

insert into um_schema (step, name, applied_at)
    values (7, '007_requests', cast(strftime('%s', 'now') as integer));
