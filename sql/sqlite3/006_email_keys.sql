-- mod_usermgmt, SQLite, step 006: keys of addresses that were made before keys contained the domain in ASCII.
-- Explained in sql/pgsql/006_email_keys.sql.

create index um_users_old_key on um_users (id) where length(cast(email as blob)) <> length(email)
    and instr(substr(email_key, instr(email_key, '@')), 'xn--') = 0 and instr(email_key, '@?') = 0;

insert into um_schema (step, name, applied_at) values (6, '006_email_keys', cast(strftime('%s', 'now') as integer));
