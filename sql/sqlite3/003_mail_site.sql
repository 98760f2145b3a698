-- mod_usermgmt, SQLite, step 003: whose mail it is, where sites share a database.

alter table um_mail add column site text not null default '';

insert into um_schema values (3, '003_mail_site', cast(strftime('%s', 'now') as integer));
