-- mod_usermgmt, PostgreSQL, step 005: sessions that refresh tokens prolong.
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 005_sessions.sql DATABASE

-- A refresh token consists of the session's id, a part that stays (the family) and a part that each use replaces. Of
-- both parts only SHA-256 is stored. A request that presents the right family, but with a part that is neither the
-- present one nor, for a short time, the one before, uses a replaced token again. Then the session ends.
alter table um_sessions add column family_hash text not null default '';    -- '': the session has no refresh token
alter table um_sessions add column refresh_hash text not null default '';
alter table um_sessions add column previous_hash text not null default '';
alter table um_sessions add column refresh_salt text not null default '';   -- made the present part from the one before
alter table um_sessions add column rotated_at bigint not null default 0;    -- when previous_hash was replaced
alter table um_sessions add column refreshed_at bigint;                     -- null: never
alter table um_sessions add column ends_at bigint not null default 0;       -- no refresh goes beyond; 0: expires_at
-- um_sessions.expires_at is from now on the end unless the session is refreshed before

insert into um_schema values (5, '005_sessions', extract(epoch from now())::bigint);
