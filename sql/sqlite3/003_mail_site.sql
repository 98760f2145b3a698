-- mod_usermgmt, SQLite, step 003: the site of a mail, where sites share a database, and the limit for an address.
-- The columns are explained in sql/pgsql/003_mail_site.sql.

alter table um_mail add column site text not null default '';
alter table um_mail add column email_key text not null default '';
alter table um_mail add column made_at integer;

drop index um_mail_due;
create index um_mail_due on um_mail (site, due_at) where state = 0;
create index um_mail_claim on um_mail (claim) where state = 0 and claim is not null;
create index um_mail_made on um_mail (email_key, kind, made_at) where made_at is not null;

insert into um_schema values (3, '003_mail_site', cast(strftime('%s', 'now') as integer));
