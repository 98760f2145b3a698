-- mod_usermgmt, PostgreSQL, step 018: keys of requests that made accounts (Idempotency-Key).
-- Apply with:  psql -1 -v ON_ERROR_STOP=1 -f 018_idempotency.sql DATABASE
-- Grants for the role of httpd:  grant select, insert, update, delete on um_idempotency to accounts_web;

-- A row is inserted in the transaction of its account. It stays when the account is deleted, so that a late repetition
-- does not make the account again. It has no secret: answers are made anew.
create table um_idempotency (
    key_hash      text     primary key,             -- SHA-256 of the caller and the key, base64url
    body_hash     text     not null,                -- HMAC-SHA256 of the body without the password, by the key
    user_id       uuid     not null,                -- the account that was made
    user_version  uuid     not null,                -- and its version then
    has_session   smallint not null,                -- whether the answer had a token
    expires_at    bigint   not null
);

create index um_idempotency_expires_at on um_idempotency (expires_at);

insert into um_schema (step, name, applied_at) values (18, '018_idempotency', extract(epoch from now())::bigint);
