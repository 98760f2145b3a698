/* SPDX-License-Identifier: Apache-2.0 */
/* Every directive of the module, in alphabetical order after the switch. No include guard: a file that includes this
 * one defines first what a row becomes, or leaves it out. How to add a directive: docs/architecture.md.
 *
 * UM_DIRECTIVE(name, kind, owner, member, help, fields): a setting of a virtual host.
 *   kind      how the value is read, and which C type the member has: see module.h
 *   owner     CORE: the member is in um_core_settings_t (core_settings.h), which core reads too
 *             HTTP: the member is in um_settings_t, and follows from this row
 *   fields    .preset: the default, as text, which is read as if it stood in the configuration
 *             .least, .most: the range of a number, of seconds or of bytes
 *             .scope: INHERITED unless it is said: a virtual host has the main server's value where it sets none
 *                     OWN: a virtual host has the default where it sets none
 *                     GLOBAL: the directive is for the main server only
 *
 * UM_DIR_DIRECTIVE(name, kind, member, help, fields): a setting of a directory, that is of Directory, Location, Files
 * and their like, or of a whole host; its member of um_dir_config_t follows from this row. */

#ifndef UM_DIRECTIVE
#define UM_DIRECTIVE(name, kind, owner, member, help, ...)
#endif
#ifndef UM_DIRECTIVE_ALIAS
#define UM_DIRECTIVE_ALIAS(former, name, kind)
#endif
#ifndef UM_DIR_DIRECTIVE
#define UM_DIR_DIRECTIVE(name, kind, member, help, ...)
#endif

/* Not inherited: else a host on port 80 that only redirects to https would serve the API in clear text. */
UM_DIRECTIVE(UserMgmt, flag, HTTP, enabled,
    "serve the user-management API on this virtual host: On or Off",
    .preset = "Off", .scope = OWN)

UM_DIRECTIVE(UserMgmtAudience, text, HTTP, audience,
    "aud of the tokens, and the only one accepted; auto: the same as the issuer",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtBasicCache, seconds, CORE, basic_cache,
    "how long a password that Basic sends with each request is not hashed again; 0: it is each time",
    .preset = "5m", .least = 0, .most = 3600)

UM_DIRECTIVE(UserMgmtCORS, cors_origins, HTTP, cors,
    "origins, as https://HOST[:PORT], whose pages may read answers of the API and of Locations; * for any; or none",
    .preset = "none")

UM_DIRECTIVE(UserMgmtClientToken, path, HTTP, client_token,
    "file with the names of trusted clients and the hashes of their tokens",
    .preset = "none")

UM_DIRECTIVE(UserMgmtCommonPasswords, path, HTTP, common_passwords,
    "sorted file of passwords that nobody may choose, or SHA-1 hashes of them; none: no list",
    .preset = UM_DATADIR "/common-passwords.txt")

UM_DIRECTIVE(UserMgmtCookie, cookie, HTTP, cookie,
    "name of the cookie that browsers keep a token in; none: there is no such cookie",
    .preset = "none")

UM_DIRECTIVE(UserMgmtDatabaseGrace, seconds, CORE, database_grace,
    "how long callers seen before stay let in while the database is away; 0: they are answered 503",
    .preset = "0", .least = 0, .most = 86400)

UM_DIRECTIVE(UserMgmtDatabaseTimeout, seconds, HTTP, database_timeout,
    "how long PostgreSQL may take to answer a statement before its connection is closed",
    .preset = "5s", .least = 1, .most = 300)

UM_DIRECTIVE(UserMgmtEmailVerification, verification, CORE, email_verification,
    "whether e-mail addresses are verified by mail: off, on, or required (an account waits for it)",
    .preset = "off")

UM_DIRECTIVE(UserMgmtHashConcurrency, number, HTTP, hash_concurrency,
    "how many passwords are hashed at a time on this machine; 0: as many as it has cores",
    .preset = "0", .least = 0, .most = 64, .scope = GLOBAL)

UM_DIRECTIVE(UserMgmtHashQueue, number, HTTP, hash_queue,
    "how many requests may wait for their turn to hash; more are answered 503",
    .preset = "128", .least = 0, .most = 1024, .scope = GLOBAL)

UM_DIRECTIVE(UserMgmtHashWait, seconds, CORE, hash_wait,
    "how long a request waits for its turn to hash before it is answered 503",
    .preset = "5s", .least = 0, .most = 60)

UM_DIRECTIVE(UserMgmtIssuer, text, HTTP, issuer,
    "iss of the tokens, and the only one accepted; auto: https:// and the host's ServerName",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtKeyRotation, seconds, HTTP, key_rotation,
    "how long a signing key is in use before the worker replaces it, in the folder of keys; 0: it does not",
    .preset = "0", .least = 0, .most = 315360000)

UM_DIRECTIVE(UserMgmtMail, text, HTTP, mail,
    "how mail leaves: smtp://, smtp+starttls:// or smtps://HOST[:PORT], sendmail:[COMMAND], file:/FOLDER, or none",
    .preset = "none")

UM_DIRECTIVE(UserMgmtMailAttempts, number, CORE, mail_attempts,
    "tries after which a mail is given up; while the mail server is away none is counted",
    .preset = "12", .least = 1, .most = 100)

UM_DIRECTIVE(UserMgmtMailCAFile, path, HTTP, mail_ca_file,
    "PEM file of the authorities that may vouch for the mail server; none: the system's",
    .preset = "none")

UM_DIRECTIVE(UserMgmtMailFrom, text, HTTP, mail_from,
    "sender of mails: an address, or NAME <ADDRESS>",
    .preset = "none")

UM_DIRECTIVE(UserMgmtMailHourly, number, CORE, mail_hourly,
    "mails of each kind that an account, and an address, gets within an hour; and tokens of each kind that it has",
    .preset = "20", .least = 1, .most = 1000)

UM_DIRECTIVE(UserMgmtMailKeep, seconds, CORE, mail_keep,
    "how long the record of a mail that was sent or given up is kept",
    .preset = "7d", .least = 0, .most = 31536000)

UM_DIRECTIVE(UserMgmtMailLanguage, text, HTTP, mail_language,
    "language of mails to whoever asks for none that there is",
    .preset = "en")

UM_DIRECTIVE(UserMgmtMailLogin, path, HTTP, mail_login,
    "file with user:password for the mail server",
    .preset = "none")

UM_DIRECTIVE(UserMgmtMailMaxAge, seconds, CORE, mail_max_age,
    "age after which a mail that was not sent is given up",
    .preset = "3d", .least = 60, .most = 2592000)

UM_DIRECTIVE(UserMgmtMailTemplates, path, HTTP, mail_templates,
    "folder of the texts of mails",
    .preset = UM_DATADIR "/mail")

UM_DIRECTIVE(UserMgmtMailTimeout, seconds, HTTP, mail_timeout,
    "how long sending one mail may take",
    .preset = "20s", .least = 1, .most = 300)

UM_DIRECTIVE(UserMgmtMaxBody, bytes, HTTP, max_body,
    "longest request body; more is answered 413",
    .preset = "64k", .least = 1024, .most = 1048576)

UM_DIRECTIVE(UserMgmtNameQuarantine, seconds, CORE, name_quarantine,
    "how long nobody can register the name of a deleted account; 0: anybody can at once",
    .preset = "0", .least = 0, .most = 315360000)

UM_DIRECTIVE(UserMgmtNoticeEmail, flag, CORE, notice_email,
    "tell the old address when an account gets another one",
    .preset = "On")

UM_DIRECTIVE(UserMgmtNoticePassword, flag, CORE, notice_password,
    "tell people by mail when their password was changed",
    .preset = "On")

UM_DIRECTIVE(UserMgmtPasswordHash, password_hash, CORE, password_hash,
    "how new passwords are hashed: auto (argon2id where built in, else scrypt), or scrypt or argon2id with parameters",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtPasswordMaxLength, number, CORE, password_max_length,
    "longest password, in characters",
    .preset = "1024", .least = 64, .most = 4096)

UM_DIRECTIVE(UserMgmtPasswordMinLength, number, CORE, password_min_length,
    "shortest password, in characters",
    .preset = "8", .least = 1, .most = 64)

UM_DIRECTIVE(UserMgmtPreparedStatements, flag, HTTP, prepared_statements,
    "keep statements prepared on PostgreSQL; Off behind a pooler in transaction mode",
    .preset = "On")

UM_DIRECTIVE(UserMgmtRealm, text, HTTP, realm,
    "realm that the API names when it asks for a token",
    .preset = "api")

UM_DIRECTIVE(UserMgmtRefreshGrace, seconds, CORE, refresh_grace,
    "how long a refresh token that was used may be used once more, for tabs that race and answers that were lost",
    .preset = "30s", .least = 0, .most = 300)

UM_DIRECTIVE(UserMgmtRegistration, registration, HTTP, registration,
    "who may register accounts: open (anybody), staff (with a token of a member of staff), or off (nobody)",
    .preset = "open")

UM_DIRECTIVE(UserMgmtRequireClientToken, endpoints, HTTP, require_client_token,
    "which open endpoints demand a client's or an account's token: token, reset, register; none: all are open",
    .preset = "none")

UM_DIRECTIVE(UserMgmtRequireTLS, flag, HTTP, require_tls,
    "refuse API requests that come neither over TLS nor from this machine",
    .preset = "On")

UM_DIRECTIVE(UserMgmtReservedNames, reserved_names, HTTP, reserved_names,
    "names that nobody can register: default (the module's list), off, or a file with a name a line",
    .preset = "default")

UM_DIRECTIVE(UserMgmtResetLifetime, seconds, CORE, reset_lifetime,
    "how long the token of a reset mail is good",
    .preset = "24h", .least = 60, .most = 2592000)

UM_DIRECTIVE(UserMgmtResetURL, text, HTTP, reset_url,
    "page of the site where a new password is set, with {token} in it; auto: one below https:// and the ServerName",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtRevocationDelay, seconds, CORE, revocation_delay,
    "after what time at most a Location learns what happened to a session on another node; 0: it asks each time",
    .preset = "2s", .least = 0, .most = 3600)

UM_DIRECTIVE(UserMgmtSessionCache, bytes, HTTP, session_cache,
    "shared memory for callers seen lately: 256 to 384 bytes each, a page at a time; counts from the next full start",
    .preset = "32m", .least = 1048576, .most = 1073741824, .scope = GLOBAL)

UM_DIRECTIVE(UserMgmtSessionIdle, seconds, CORE, session_idle,
    "how long a session waits for its refresh token to be used; 0: there are no refresh tokens",
    .preset = "14d", .least = 0, .most = 31536000)

UM_DIRECTIVE(UserMgmtSessionLifetime, seconds, CORE, session_lifetime,
    "how long a session lasts from sign-in, however often it is refreshed",
    .preset = "90d", .least = 60, .most = 315360000)

UM_DIRECTIVE(UserMgmtSigningKey, path, HTTP, signing_key,
    "key file, or folder of key files, that signs and verifies tokens",
    .preset = "none")

UM_DIRECTIVE(UserMgmtSiteName, text, HTTP, site_name,
    "how mails call the site; auto: the host's ServerName",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtTokenLifetime, seconds, CORE, token_lifetime,
    "how long a token is good",
    .preset = "24h", .least = 60, .most = 31536000)

UM_DIRECTIVE(UserMgmtTrustedOrigin, origins, HTTP, trusted_origins,
    "other sites, as https://HOST[:PORT], whose pages may change things with the cookie of UserMgmtCookie",
    .preset = "none")

UM_DIRECTIVE(UserMgmtUniqueEmail, flag, CORE, unique_email,
    "whether an e-mail address may belong to one account only",
    .preset = "Off")

UM_DIRECTIVE(UserMgmtVerifyLifetime, seconds, CORE, verify_lifetime,
    "how long the token of a verification mail is good",
    .preset = "3d", .least = 60, .most = 2592000)

UM_DIRECTIVE(UserMgmtVerifyURL, text, HTTP, verify_url,
    "page of the site where an address is verified, with {token} in it; auto: as UserMgmtResetURL",
    .preset = "auto")

/* Settings of a directory. */

UM_DIR_DIRECTIVE(UserMgmtAuthorization, authorization, authorization,
    "Authorization as applications get it: forward, drop, bearer, or a text",
    .preset = "forward")

UM_DIR_DIRECTIVE(UserMgmtIdentityHeaders, identity_headers, identity_headers,
    "tell applications who calls by request headers: Off, On (all but groups), or id, username, email, groups, staff",
    .preset = "Off")

UM_DIR_DIRECTIVE(UserMgmtTokenSource, token_sources, sources,
    "where AuthType Bearer looks for a token, in order: header, cookie, cookie=NAME, query=NAME",
    .preset = "header")

#undef UM_DIRECTIVE
#undef UM_DIRECTIVE_ALIAS
#undef UM_DIR_DIRECTIVE
