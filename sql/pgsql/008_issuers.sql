-- mod_usermgmt, PostgreSQL, step 008: issuers in use, and steps that older modules cannot use.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 008_issuers.sql DATABASE
-- Grants for the role of httpd:  grant select, insert, update, delete on um_issuers to accounts_web;

-- The number of the last step that a module must know to work with this one; 0: any module works with it. A module that
-- does not know that step refuses to work. From here on steps name the columns that they insert.
alter table um_schema add column works_from integer not null default 0;

-- The names under which tokens are issued for the accounts of this database. Tokens of a name that is no longer in use
-- are invalid; a server logs that at its start.
create table um_issuers (
    issuer        text     primary key,
    used_at       bigint   not null                 -- when a server last used it
);

insert into um_schema (step, name, applied_at) values (8, '008_issuers', extract(epoch from now())::bigint);
