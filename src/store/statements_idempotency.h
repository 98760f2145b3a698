/* SPDX-License-Identifier: Apache-2.0 */
/* The part of statements.h about keys of requests that made accounts. statements.h includes it and has the rules. */

UM_STATEMENT(IDEMPOTENCY_GET, READ, 2,
    "select i.body_hash, i.user_id, i.user_version, i.has_session from um_idempotency i"
    " where i.key_hash = cast(%s as text) and i.expires_at > cast(%s as bigint)")

/* No row: the key is in use. One that has expired is replaced. The last value is the present time. */
UM_STATEMENT(IDEMPOTENCY_INSERT, WRITE, 7,
    "insert into um_idempotency as i (key_hash, body_hash, user_id, user_version, has_session, expires_at)"
    " values (cast(%s as text), cast(%s as text), " UM_UUID ", " UM_UUID ", cast(%s as smallint), cast(%s as bigint))"
    " on conflict (key_hash) do update set body_hash = excluded.body_hash, user_id = excluded.user_id,"
    " user_version = excluded.user_version, has_session = excluded.has_session, expires_at = excluded.expires_at"
    " where i.expires_at <= cast(%s as bigint) returning key_hash")

UM_STATEMENT(IDEMPOTENCY_PURGE, WRITE, 2,
    "delete from um_idempotency where key_hash" UM_LISTED("select p.key_hash from um_idempotency p"
    " where p.expires_at < cast(%s as bigint) order by p.expires_at limit cast(%s as integer)") " returning key_hash")
