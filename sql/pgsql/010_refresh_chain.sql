-- mod_usermgmt, PostgreSQL, step 010: refresh tokens that were replaced a moment ago, more than one.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 010_refresh_chain.sql DATABASE

-- Those before previous_hash, the newest first: for each its hash, the salt that made its successor, and the time at
-- which it was replaced, with blanks between. Only while they may still be used (UserMgmtRefreshGrace), and a few.
alter table um_sessions add column earlier_hashes text not null default '';

insert into um_schema (step, name, applied_at) values (10, '010_refresh_chain', extract(epoch from now())::bigint);
