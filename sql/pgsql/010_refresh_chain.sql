-- mod_usermgmt, PostgreSQL, step 010: several refresh tokens that were replaced a moment ago.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 010_refresh_chain.sql DATABASE

-- The tokens before the one of previous_hash, the newest first: of each its hash, the salt that made its successor, and
-- the time when it was replaced, separated by blanks. Only a few, which may still be used (UserMgmtRefreshGrace).
alter table um_sessions add column earlier_hashes text not null default '';

insert into um_schema (step, name, applied_at) values (10, '010_refresh_chain', extract(epoch from now())::bigint);
