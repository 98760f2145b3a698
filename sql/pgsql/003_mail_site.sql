-- mod_usermgmt, PostgreSQL, step 003: the site of a mail, where sites share a database, and the limit for an address.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 003_mail_site.sql DATABASE

-- the host that sends it; '': made before this step
alter table um_mail add column if not exists site text not null default '';
-- of the address, set when the mail was prepared
alter table um_mail add column if not exists email_key text not null default '';
-- when that was last: counts against the limit
alter table um_mail add column if not exists made_at bigint;

-- "schema upgrade" builds an index concurrently, beside running servers, where a line says so. psql does not.
-- concurrently:
create index if not exists um_mail_due_new on um_mail (site, due_at) where state = 0;
-- concurrently:
create index if not exists um_mail_claim on um_mail (claim) where state = 0 and claim is not null;
-- concurrently:
create index if not exists um_mail_made on um_mail (email_key, kind, made_at) where made_at is not null;

-- With the id, so that the accounts of an address are read in order without sorting.
-- concurrently:
create index if not exists um_users_email_key_new on um_users (email_key, id);

drop index um_mail_due;
alter index um_mail_due_new rename to um_mail_due;
drop index um_users_email_key;
alter index um_users_email_key_new rename to um_users_email_key;

insert into um_schema values (3, '003_mail_site', extract(epoch from now())::bigint);
