-- mod_usermgmt, PostgreSQL, step 008: issuers in use, and modules that a step shuts out.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 008_issuers.sql DATABASE
-- Grants for the role of httpd:  grant select, insert, update, delete on um_issuers to accounts_web;

-- The number of the last step that a module must know to work with this one; 0: any module does. A module that knows
-- less refuses to work. From here on steps name the columns that they fill.
alter table um_schema add column works_from integer not null default 0;

-- Under which names tokens are issued for the accounts of this database: a name that is no longer in use makes all of
-- its tokens invalid, and the start of a server says so.
create table um_issuers (
    issuer        text     primary key,
    used_at       bigint   not null                 -- when a server last said that it uses it
);

insert into um_schema (step, name, applied_at) values (8, '008_issuers', extract(epoch from now())::bigint);
