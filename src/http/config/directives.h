/* SPDX-License-Identifier: Apache-2.0 */
/* Every directive: UM_DIRECTIVE(name, kind, member of um_settings_t, default, least, most, inherited, help), in
 * alphabetical order after the switch; and below, for places, UM_DIR_DIRECTIVE(name, kind, member of um_dir_config_t,
 * default, help). No include guard: whoever includes it says what a row of either becomes, or leaves it out.
 *
 * kind       how the value is read and which C type the member has, see settings.h
 * default    text, read by the code that reads the administrator's value
 * least,most the range: numbers; seconds for SECONDS; bytes for BYTES; not used by the other kinds (0)
 * inherited  whether a virtual host takes the main server's value: INHERITED or OWN; GLOBAL: it can have no other */

#ifndef UM_DIRECTIVE
#define UM_DIRECTIVE(name, kind, member, preset, least, most, inherited, help)
#endif
#ifndef UM_DIR_DIRECTIVE
#define UM_DIR_DIRECTIVE(name, kind, member, preset, help)
#endif

/* Not inherited: else a host on port 80 that only redirects to https would serve the API in clear text. */
UM_DIRECTIVE(UserMgmt, FLAG, enabled, "Off", 0, 0, OWN,
    "serve the user-management API on this virtual host: On or Off")

UM_DIRECTIVE(UserMgmtAudience, TEXT, audience, "auto", 0, 0, INHERITED,
    "aud of the tokens, and the only one accepted; auto: the same as the issuer")

UM_DIRECTIVE(UserMgmtBasicCache, SECONDS, basic_cache, "5m", 0, 3600, INHERITED,
    "how long a password that Basic sends with each request is not hashed again; 0: it is each time")

UM_DIRECTIVE(UserMgmtCORS, READERS, cors, "none", 0, 0, INHERITED,
    "origins, as https://HOST[:PORT], whose pages may read answers of the API and of Locations; * for any; or none")

UM_DIRECTIVE(UserMgmtClientToken, PATH, client_token, "none", 0, 0, INHERITED,
    "file with the names of trusted clients and the hashes of their tokens")

UM_DIRECTIVE(UserMgmtCommonPasswords, PATH, common_passwords, UM_DATADIR "/common-passwords.txt", 0, 0, INHERITED,
    "sorted file of passwords that nobody may choose, or SHA-1 hashes of them; none: no list")

UM_DIRECTIVE(UserMgmtCookie, COOKIE, cookie, "none", 0, 0, INHERITED,
    "name of the cookie that browsers keep a token in; none: there is no such cookie")

UM_DIRECTIVE(UserMgmtDatabaseGrace, SECONDS, database_grace, "0", 0, 86400, INHERITED,
    "how long callers seen before stay let in while the database is away; 0: they are answered 503")

UM_DIRECTIVE(UserMgmtDatabaseTimeout, SECONDS, database_timeout, "5s", 1, 300, INHERITED,
    "how long PostgreSQL may take to answer a statement before its connection is closed")

UM_DIRECTIVE(UserMgmtEmailVerification, VERIFY, email_verification, "off", 0, 0, INHERITED,
    "whether e-mail addresses are verified by mail: off, on, or required (an account waits for it)")

UM_DIRECTIVE(UserMgmtHashConcurrency, NUMBER, hash_concurrency, "0", 0, 64, GLOBAL,
    "how many passwords are hashed at a time on this machine; 0: as many as it has cores")

UM_DIRECTIVE(UserMgmtHashQueue, NUMBER, hash_queue, "128", 0, 1024, GLOBAL,
    "how many requests may wait for their turn to hash; more are answered 503")

UM_DIRECTIVE(UserMgmtHashWait, SECONDS, hash_wait, "5s", 0, 60, INHERITED,
    "how long a request waits for its turn to hash before it is answered 503")

UM_DIRECTIVE(UserMgmtIssuer, TEXT, issuer, "auto", 0, 0, INHERITED,
    "iss of the tokens, and the only one accepted; auto: https:// and the host's ServerName")

UM_DIRECTIVE(UserMgmtKeyRotation, SECONDS, key_rotation, "0", 0, 315360000, INHERITED,
    "how long a signing key is in use before the worker replaces it, in the folder of keys; 0: it does not")

UM_DIRECTIVE(UserMgmtMail, TEXT, mail, "none", 0, 0, INHERITED,
    "how mail leaves: smtp://, smtp+starttls:// or smtps://HOST[:PORT], sendmail:[COMMAND], file:/FOLDER, or none")

UM_DIRECTIVE(UserMgmtMailAttempts, NUMBER, mail_attempts, "12", 1, 100, INHERITED,
    "tries after which a mail is given up; while the mail server is away none is counted")

UM_DIRECTIVE(UserMgmtMailCAFile, PATH, mail_ca_file, "none", 0, 0, INHERITED,
    "PEM file of the authorities that may vouch for the mail server; none: the system's")

UM_DIRECTIVE(UserMgmtMailFrom, TEXT, mail_from, "none", 0, 0, INHERITED,
    "sender of mails: an address, or NAME <ADDRESS>")

UM_DIRECTIVE(UserMgmtMailHourly, NUMBER, mail_hourly, "20", 1, 1000, INHERITED,
    "mails of each kind that an account, and an address, gets within an hour; and tokens of each kind that it has")

UM_DIRECTIVE(UserMgmtMailKeep, SECONDS, mail_keep, "7d", 0, 31536000, INHERITED,
    "how long the record of a mail that was sent or given up is kept")

UM_DIRECTIVE(UserMgmtMailLanguage, TEXT, mail_language, "en", 0, 0, INHERITED,
    "language of mails to whoever asks for none that there is")

UM_DIRECTIVE(UserMgmtMailLogin, PATH, mail_login, "none", 0, 0, INHERITED,
    "file with user:password for the mail server")

UM_DIRECTIVE(UserMgmtMailMaxAge, SECONDS, mail_max_age, "3d", 60, 2592000, INHERITED,
    "age after which a mail that was not sent is given up")

UM_DIRECTIVE(UserMgmtMailTemplates, PATH, mail_templates, UM_DATADIR "/mail", 0, 0, INHERITED,
    "folder of the texts of mails")

UM_DIRECTIVE(UserMgmtMailTimeout, SECONDS, mail_timeout, "20s", 1, 300, INHERITED,
    "how long sending one mail may take")

UM_DIRECTIVE(UserMgmtMaxBody, BYTES, max_body, "64k", 1024, 1048576, INHERITED,
    "longest request body; more is answered 413")

UM_DIRECTIVE(UserMgmtNameQuarantine, SECONDS, name_quarantine, "0", 0, 315360000, INHERITED,
    "how long nobody can register the name of a deleted account; 0: anybody can at once")

UM_DIRECTIVE(UserMgmtNoticeEmail, FLAG, notice_email, "On", 0, 0, INHERITED,
    "tell the old address when an account gets another one")

UM_DIRECTIVE(UserMgmtNoticePassword, FLAG, notice_password, "On", 0, 0, INHERITED,
    "tell people by mail when their password was changed")

UM_DIRECTIVE(UserMgmtPasswordHash, HASH, password_hash, "auto", 0, 0, INHERITED,
    "how new passwords are hashed: auto (argon2id where built in, else scrypt), or scrypt or argon2id with parameters")

UM_DIRECTIVE(UserMgmtPasswordMaxLength, NUMBER, password_max_length, "1024", 64, 4096, INHERITED,
    "longest password, in characters")

UM_DIRECTIVE(UserMgmtPasswordMinLength, NUMBER, password_min_length, "8", 1, 64, INHERITED,
    "shortest password, in characters")

UM_DIRECTIVE(UserMgmtPreparedStatements, FLAG, prepared_statements, "On", 0, 0, INHERITED,
    "keep statements prepared on PostgreSQL; Off behind a pooler in transaction mode")

UM_DIRECTIVE(UserMgmtRealm, TEXT, realm, "api", 0, 0, INHERITED,
    "realm that the API names when it asks for a token")

UM_DIRECTIVE(UserMgmtRefreshGrace, SECONDS, refresh_grace, "30s", 0, 300, INHERITED,
    "how long a refresh token that was used may be used once more, for tabs that race and answers that were lost")

UM_DIRECTIVE(UserMgmtRegistration, REGISTRATION, registration, "open", 0, 0, INHERITED,
    "who may register accounts: open (anybody), staff (with a token of a member of staff), or off (nobody)")

UM_DIRECTIVE(UserMgmtRequireClientToken, CLASSES, require_client_token, "none", 0, 0, INHERITED,
    "which open endpoints demand a client's or an account's token: token, reset, register; none: all are open")

UM_DIRECTIVE(UserMgmtRequireTLS, FLAG, require_tls, "On", 0, 0, INHERITED,
    "refuse API requests that come neither over TLS nor from this machine")

UM_DIRECTIVE(UserMgmtReservedNames, RESERVED, reserved_names, "default", 0, 0, INHERITED,
    "names that nobody can register: default (the module's list), off, or a file with a name a line")

UM_DIRECTIVE(UserMgmtResetLifetime, SECONDS, reset_lifetime, "24h", 60, 2592000, INHERITED,
    "how long the token of a reset mail is good")

UM_DIRECTIVE(UserMgmtResetURL, TEXT, reset_url, "auto", 0, 0, INHERITED,
    "page of the site where a new password is set, with {token} in it; auto: one below https:// and the ServerName")

UM_DIRECTIVE(UserMgmtRevocationDelay, SECONDS, revocation_delay, "2s", 0, 3600, INHERITED,
    "after what time at most a Location learns what happened to a session on another node; 0: it asks each time")

UM_DIRECTIVE(UserMgmtSessionCache, BYTES, session_cache, "32m", 1048576, 1073741824, GLOBAL,
    "shared memory for callers seen lately: 256 to 384 bytes each, a page at a time; counts from the next full start")

UM_DIRECTIVE(UserMgmtSessionIdle, SECONDS, session_idle, "14d", 0, 31536000, INHERITED,
    "how long a session waits for its refresh token to be used; 0: there are no refresh tokens")

UM_DIRECTIVE(UserMgmtSessionLifetime, SECONDS, session_lifetime, "90d", 60, 315360000, INHERITED,
    "how long a session lasts from sign-in, however often it is refreshed")

UM_DIRECTIVE(UserMgmtSigningKey, PATH, signing_key, "none", 0, 0, INHERITED,
    "key file, or folder of key files, that signs and verifies tokens")

UM_DIRECTIVE(UserMgmtSiteName, TEXT, site_name, "auto", 0, 0, INHERITED,
    "how mails call the site; auto: the host's ServerName")

UM_DIRECTIVE(UserMgmtTokenLifetime, SECONDS, token_lifetime, "24h", 60, 31536000, INHERITED,
    "how long a token is good")

UM_DIRECTIVE(UserMgmtTrustedOrigin, ORIGINS, trusted_origins, "none", 0, 0, INHERITED,
    "other sites, as https://HOST[:PORT], whose pages may change things with the cookie of UserMgmtCookie")

UM_DIRECTIVE(UserMgmtUniqueEmail, FLAG, unique_email, "Off", 0, 0, INHERITED,
    "whether an e-mail address may belong to one account only")

UM_DIRECTIVE(UserMgmtVerifyLifetime, SECONDS, verify_lifetime, "3d", 60, 2592000, INHERITED,
    "how long the token of a verification mail is good")

UM_DIRECTIVE(UserMgmtVerifyURL, TEXT, verify_url, "auto", 0, 0, INHERITED,
    "page of the site where an address is verified, with {token} in it; auto: as UserMgmtResetURL")

/* For places: Directory, Location, Files and their like, or the whole host. */

UM_DIR_DIRECTIVE(UserMgmtAuthorization, AUTHORIZATION, authorization, "forward",
    "Authorization as applications get it: forward, drop, bearer, or a text")

UM_DIR_DIRECTIVE(UserMgmtIdentityHeaders, HEADERS, identity_headers, "Off",
    "tell applications who calls by request headers: Off, On (all but groups), or id, username, email, groups, staff")

UM_DIR_DIRECTIVE(UserMgmtTokenSource, SOURCES, sources, "header",
    "where AuthType Bearer looks for a token, in order: header, cookie, cookie=NAME, query=NAME")

#undef UM_DIRECTIVE
#undef UM_DIR_DIRECTIVE
