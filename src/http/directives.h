/* SPDX-License-Identifier: Apache-2.0 */
/* Every directive: UM_DIRECTIVE(name, kind, member of um_settings_t, default, least, most, inherited, help), in
 * alphabetical order after the switch. No include guard: whoever includes it says what a row becomes.
 *
 * kind       how the value is read and which C type the member has, see settings.h
 * default    text, read by the code that reads the administrator's value
 * least,most the range: numbers; seconds for SECONDS; bytes for BYTES; not used by the other kinds (0)
 * inherited  whether a virtual host takes the main server's value: INHERITED or OWN */

/* Not inherited: else a host on port 80 that only redirects to https would serve the API in clear text. */
UM_DIRECTIVE(UserMgmt, FLAG, enabled, "Off", 0, 0, OWN,
    "serve the user-management API on this virtual host: On or Off")

UM_DIRECTIVE(UserMgmtAudience, TEXT, audience, "", 0, 0, INHERITED,
    "aud of the tokens, and the only one accepted; empty: the same as the issuer")

UM_DIRECTIVE(UserMgmtCommonPasswords, PATH, common_passwords, UM_DATADIR "/common-passwords.txt", 0, 0, INHERITED,
    "sorted file of passwords that nobody may choose, or SHA-1 hashes of them; none: no list")

UM_DIRECTIVE(UserMgmtHashConcurrency, NUMBER, hash_concurrency, "0", 0, 64, INHERITED,
    "how many passwords are hashed at a time on this machine; 0: as many as it has cores")

UM_DIRECTIVE(UserMgmtHashQueue, NUMBER, hash_queue, "32", 0, 1024, INHERITED,
    "how many requests may wait for their turn to hash; more are answered 503")

UM_DIRECTIVE(UserMgmtHashWait, SECONDS, hash_wait, "5s", 0, 60, INHERITED,
    "how long a request waits for its turn to hash before it is answered 503")

UM_DIRECTIVE(UserMgmtIssuer, TEXT, issuer, "", 0, 0, INHERITED,
    "iss of the tokens, and the only one accepted; empty: https:// and the ServerName")

UM_DIRECTIVE(UserMgmtMaxBody, BYTES, max_body, "64k", 1024, 1048576, INHERITED,
    "longest request body; more is answered 413")

UM_DIRECTIVE(UserMgmtPasswordHash, HASH, password_hash, "scrypt", 0, 0, INHERITED,
    "how new passwords are hashed: scrypt or argon2id, with parameters")

UM_DIRECTIVE(UserMgmtPasswordMaxLength, NUMBER, password_max_length, "1024", 64, 4096, INHERITED,
    "longest password, in characters")

UM_DIRECTIVE(UserMgmtPasswordMinLength, NUMBER, password_min_length, "8", 1, 64, INHERITED,
    "shortest password, in characters")

UM_DIRECTIVE(UserMgmtPreparedStatements, FLAG, prepared_statements, "On", 0, 0, INHERITED,
    "keep statements prepared on PostgreSQL; Off behind a pooler in transaction mode")

UM_DIRECTIVE(UserMgmtRealm, TEXT, realm, "api", 0, 0, INHERITED,
    "realm that the API names when it asks for a token")

UM_DIRECTIVE(UserMgmtRequireTLS, FLAG, require_tls, "On", 0, 0, INHERITED,
    "refuse API requests that come neither over TLS nor from this machine")

UM_DIRECTIVE(UserMgmtSigningKey, PATH, signing_key, "none", 0, 0, INHERITED,
    "key file, or folder of key files, that signs and verifies tokens")

UM_DIRECTIVE(UserMgmtTokenLifetime, SECONDS, token_lifetime, "24h", 60, 31536000, INHERITED,
    "how long a token and its session last")

UM_DIRECTIVE(UserMgmtUniqueEmail, FLAG, unique_email, "Off", 0, 0, INHERITED,
    "whether an e-mail address may belong to one account only")
