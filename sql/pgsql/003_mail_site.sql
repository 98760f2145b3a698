-- mod_usermgmt, PostgreSQL, step 003: whose mail it is, where sites share a database.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 003_mail_site.sql DATABASE

alter table um_mail add column site text not null default '';

insert into um_schema values (3, '003_mail_site', extract(epoch from now())::bigint);
