-- mod_usermgmt, PostgreSQL, step 007: requests for a mail, of which nobody has looked yet whose their address is.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 007_requests.sql DATABASE
-- The role that httpd connects as needs: grant select, insert, update, delete on um_requests to ROLE;

-- The worker takes the newest first, many at a time. Those that are for an account become rows of um_mail, the others
-- are deleted. It locks the rows it takes, for which PostgreSQL wants the right to update them.
create table um_requests (
    site          text     not null,            -- as in um_mail
    id            uuid     not null,            -- version 7; the mail has it too
    kind          text     not null,            -- the template's name
    email_key     text     not null,            -- of the address
    address       text     not null,            -- as typed
    language      text     not null default '',
    created_at    bigint   not null,
    primary key (site, id)
);

-- Mails whose account is yet to be found: an address has no more of them than it may get mails within the hour.
create index um_mail_requested on um_mail (email_key, kind) where state = 0 and user_id is null;

insert into um_schema (step, name, applied_at)
    values (7, '007_requests', extract(epoch from now())::bigint);
