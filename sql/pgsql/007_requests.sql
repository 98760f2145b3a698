-- mod_usermgmt, PostgreSQL, step 007: requests for mail whose address has not been looked up yet.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 007_requests.sql DATABASE
-- The role that httpd connects as needs: grant select, insert, update, delete on um_requests to ROLE;

-- The worker takes the newest rows first, many at a time. Rows whose address an account has become rows of um_mail; the
-- others are deleted. The worker locks the rows it takes, for which PostgreSQL requires the right to update them.
create table if not exists um_requests (
    site          text     not null,            -- as in um_mail
    id            uuid     not null,            -- version 7; the mail has the same id
    kind          text     not null,            -- the template's name
    email_key     text     not null,            -- of the address
    address       text     not null,            -- as typed
    language      text     not null default '',
    created_at    bigint   not null,
    primary key (site, id)
);

-- Mails whose account has not been looked up yet: an address has no more of them than its hourly limit of mails.
-- concurrently:
create index if not exists um_mail_requested on um_mail (email_key, kind) where state = 0 and user_id is null;

insert into um_schema (step, name, applied_at)
    values (7, '007_requests', extract(epoch from now())::bigint);
