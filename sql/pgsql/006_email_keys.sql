-- mod_usermgmt, PostgreSQL, step 006: keys of addresses that were made before keys had the domain as mail goes to it.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 006_email_keys.sql DATABASE

-- Such keys took straße for strasse, and a domain in letters of its own for another than the same one as an A-label.
-- SQL cannot make the new ones. "usermgmt schema upgrade" makes them, and the start of each process makes what it
-- finds, also of what an older version writes beside a newer one. This index holds the rows that are left.
create index um_users_old_key on um_users (id) where octet_length(email) <> char_length(email)
    and strpos(substr(email_key, strpos(email_key, '@')), 'xn--') = 0 and strpos(email_key, '@?') = 0;

insert into um_schema (step, name, applied_at) values (6, '006_email_keys', extract(epoch from now())::bigint);
