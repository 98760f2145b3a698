-- mod_usermgmt, PostgreSQL, step 003: the site of a mail, where sites share a database, and the limit for an address.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 003_mail_site.sql DATABASE

alter table um_mail add column site text not null default '';       -- the host that sends it; '': made before this step
alter table um_mail add column email_key text not null default '';  -- of the address, set when the mail was prepared
alter table um_mail add column made_at bigint;                      -- when that was last: counts against the limit

drop index um_mail_due;
create index um_mail_due on um_mail (site, due_at) where state = 0;
create index um_mail_claim on um_mail (claim) where state = 0 and claim is not null;
create index um_mail_made on um_mail (email_key, kind, made_at) where made_at is not null;

-- With the id, so that the accounts of an address are read in order without sorting.
drop index um_users_email_key;
create index um_users_email_key on um_users (email_key, id);

insert into um_schema values (3, '003_mail_site', extract(epoch from now())::bigint);
