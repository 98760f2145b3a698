-- mod_usermgmt, PostgreSQL, step 011: the table of one-time tokens gets their name.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 011_one_time_tokens.sql DATABASE
-- Grants for the role of httpd:  grant select, insert, update, delete on um_one_time_tokens to accounts_web;
-- A database whose um_tickets had these grants needs no new ones: the table keeps them.

alter table um_tickets rename to um_one_time_tokens;
alter index um_tickets_pkey rename to um_one_time_tokens_pkey;
alter index um_tickets_user_id rename to um_one_time_tokens_user_id;
alter index um_tickets_expires_at rename to um_one_time_tokens_expires_at;
alter table um_one_time_tokens rename constraint um_tickets_user_id_fkey to um_one_time_tokens_user_id_fkey;

-- Older modules use the table by its former name until they are replaced. The view reads and writes the same rows and
-- has the grants of the table. A later step drops it.
create view um_tickets as
    select hash, kind, mail_id, user_id, user_version, email_key, created_at, expires_at from um_one_time_tokens;

do $$
declare
    entry record;
begin
    for entry in
        select a.grantee, a.privilege_type from pg_class c, aclexplode(c.relacl) a
            where c.oid = 'um_one_time_tokens'::regclass and a.grantee not in (0, c.relowner)
            and a.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    loop
        execute format('grant %s on um_tickets to %s', entry.privilege_type, entry.grantee::regrole);
    end loop;
end
$$;

insert into um_schema (step, name, applied_at) values (11, '011_one_time_tokens', extract(epoch from now())::bigint);
