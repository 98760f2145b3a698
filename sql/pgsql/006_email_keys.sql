-- mod_usermgmt, PostgreSQL, step 006: keys of addresses that were made before keys contained the domain in ASCII.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 006_email_keys.sql DATABASE

-- The former keys took straße for strasse, and took a domain in Unicode and the same as A-labels for two domains.
-- SQL cannot make the new keys. "usermgmt schema upgrade" makes them, and each process makes some at its start, also
-- for rows that an older version has written beside a newer one. This index holds the rows that still have former keys.
-- concurrently:
create index if not exists um_users_old_key on um_users (id) where octet_length(email) <> char_length(email)
    and strpos(substr(email_key, strpos(email_key, '@')), 'xn--') = 0 and strpos(email_key, '@?') = 0;

insert into um_schema (step, name, applied_at) values (6, '006_email_keys', extract(epoch from now())::bigint);
