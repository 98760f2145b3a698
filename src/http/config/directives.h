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
 *             .locate: notes where a line was set, of a value that is made of several lines
 *             .merge: what a virtual host sets is added to the main server's value by this function
 *
 * UM_DIRECTIVE_ALIAS(former, name, kind): a former name of a setting of a virtual host.
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

/* Not inherited, because a host on port 80 that only redirects to https must not serve the API in clear text. */
UM_DIRECTIVE(UserMgmt, flag, HTTP, enabled,
    "serve the user-management API on this virtual host: On or Off",
    .preset = "Off", .scope = OWN)

UM_DIRECTIVE(UserMgmtAudience, text, HTTP, audience,
    "audience (aud) of issued tokens, and the only one accepted; auto: the same as the issuer",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtAuditLog, log_file, HTTP, audit_log,
    "file, or program after |, that gets a line of JSON for each sign-in, change and refusal; none: no such log",
    .preset = "none")

UM_DIRECTIVE(UserMgmtBasicCache, seconds, CORE, basic_cache,
    "how long a verified password of HTTP Basic is not hashed again; 0: hash it for each request",
    .preset = "5m", .least = 0, .most = 3600)

UM_DIRECTIVE(UserMgmtCORS, cors_origins, HTTP, cors,
    "origins, as https://HOST[:PORT], whose pages may read answers of the API and of Locations; * for any; or none",
    .preset = "none")

UM_DIRECTIVE(UserMgmtClientToken, path, HTTP, client_token,
    "file with the names of trusted clients and the hashes of their tokens; none: no clients",
    .preset = "none")

UM_DIRECTIVE(UserMgmtCommonPasswords, path, HTTP, common_passwords,
    "sorted file of passwords that nobody may choose, or of SHA-1 hashes of them; none: no list",
    .preset = UM_DATADIR "/common-passwords.txt")

UM_DIRECTIVE(UserMgmtCookie, cookie, HTTP, cookie,
    "name of the cookie in which browsers keep a token; none: no cookie (usermgmt where UserMgmtPages is On)",
    .preset = "none")

UM_DIRECTIVE(UserMgmtDatabaseGrace, seconds, CORE, database_grace,
    "how long cached callers stay valid while the database is unreachable; 0: they are answered 503",
    .preset = "0", .least = 0, .most = 86400)

UM_DIRECTIVE(UserMgmtDatabaseTimeout, seconds, HTTP, database_timeout,
    "longest time for a statement on PostgreSQL; after it the connection is closed",
    .preset = "5s", .least = 1, .most = 300)

UM_DIRECTIVE(UserMgmtEmailChange, email_change, CORE, email_change,
    "when a changed e-mail address takes effect: direct, or confirm (after a token that is mailed to it was used)",
    .preset = "direct")

UM_DIRECTIVE(UserMgmtEmailVerification, verification, CORE, email_verification,
    "verify e-mail addresses by mail: off, on, or required (the account is inactive until it is verified)",
    .preset = "off")

UM_DIRECTIVE(UserMgmtEventsKeep, seconds, CORE, events_keep,
    "how long the database keeps what was changed on accounts, by whom, from where; 0: it is not stored",
    .preset = "365d", .least = 0, .most = 315360000)

UM_DIRECTIVE(UserMgmtHashConcurrency, number, HTTP, hash_concurrency,
    "how many passwords are hashed at a time on this machine; 0: one for each core",
    .preset = "0", .least = 0, .most = 64, .scope = GLOBAL)

UM_DIRECTIVE(UserMgmtHashQueue, number, HTTP, hash_queue,
    "how many requests may wait for their turn to hash a password; more are answered 503",
    .preset = "128", .least = 0, .most = 1024, .scope = GLOBAL)

UM_DIRECTIVE(UserMgmtHashWait, seconds, CORE, hash_wait,
    "how long a request waits for its turn to hash a password before it is answered 503",
    .preset = "5s", .least = 0, .most = 60)

UM_DIRECTIVE(UserMgmtHealthMailAge, seconds, HTTP, health_mail_age,
    "how long a mail may be overdue before usermgmt-health says that this httpd is not ready; 0: mail is not checked",
    .preset = "0", .least = 0, .most = 604800)

UM_DIRECTIVE(UserMgmtInviteLifetime, seconds, CORE, invite_lifetime,
    "how long the token of an invitation is valid",
    .preset = "7d", .least = 60, .most = 7776000)

UM_DIRECTIVE(UserMgmtInviteURL, text, HTTP, invite_url,
    "page where an invited person enters their first password, with {token}; auto: the page of UserMgmtResetURL",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtIssuer, text, HTTP, issuer,
    "issuer (iss) of issued tokens, and the only one accepted; auto: https:// and the ServerName of the host",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtKeyRotation, seconds, HTTP, key_rotation,
    "how long a signing key is used before the worker replaces it in the key directory; 0: no rotation",
    .preset = "0", .least = 0, .most = 315360000)

UM_DIRECTIVE(UserMgmtLogin, login, CORE, login,
    "what people sign in with: username, email, or both; email and both need UserMgmtUniqueEmail On",
    .preset = "username")

UM_DIRECTIVE(UserMgmtMail, text, HTTP, mail,
    "how mail is sent: smtp://, smtp+starttls:// or smtps://HOST[:PORT], sendmail:[COMMAND], file:/FOLDER, or none",
    .preset = "none")

UM_DIRECTIVE(UserMgmtMailAttempts, number, CORE, mail_attempts,
    "attempts after which a mail is given up; an unreachable mail server is not counted",
    .preset = "12", .least = 1, .most = 100)

UM_DIRECTIVE(UserMgmtMailCAFile, path, HTTP, mail_ca_file,
    "PEM file of the authorities trusted for the mail server's certificate; none: those of the system",
    .preset = "none")

UM_DIRECTIVE(UserMgmtMailFrom, text, HTTP, mail_from,
    "sender of mails: an address, or NAME <ADDRESS>",
    .preset = "none")

UM_DIRECTIVE(UserMgmtMailHourlyLimit, number, CORE, mail_hourly_limit,
    "mails of each kind within an hour for an account, and for an address; and one-time tokens of each kind",
    .preset = "20", .least = 1, .most = 1000)

UM_DIRECTIVE(UserMgmtMailLanguage, text, HTTP, mail_language,
    "language of mails when none of the languages that the request accepts exists",
    .preset = "en")

UM_DIRECTIVE(UserMgmtMailLogin, path, HTTP, mail_login,
    "file with user:password for the mail server; none: no login",
    .preset = "none")

UM_DIRECTIVE(UserMgmtMailMaxAge, seconds, CORE, mail_max_age,
    "age at which a mail that could not be sent is given up",
    .preset = "3d", .least = 60, .most = 2592000)

UM_DIRECTIVE(UserMgmtMailRetention, seconds, CORE, mail_retention,
    "how long the record of a mail is kept after it was sent or given up",
    .preset = "7d", .least = 0, .most = 31536000)

UM_DIRECTIVE(UserMgmtMailTemplates, path, HTTP, mail_templates,
    "folder of the templates of mails",
    .preset = UM_DATADIR "/mail")

UM_DIRECTIVE(UserMgmtMailTimeout, seconds, HTTP, mail_timeout,
    "longest time for sending one mail",
    .preset = "20s", .least = 1, .most = 300)

UM_DIRECTIVE(UserMgmtMaxBody, bytes, HTTP, max_body,
    "longest request body; a longer one is answered 413",
    .preset = "64k", .least = 1024, .most = 1048576)

UM_DIRECTIVE(UserMgmtNameQuarantine, seconds, CORE, name_quarantine,
    "how long the name of a deleted account cannot be registered again; 0: it can be at once",
    .preset = "0", .least = 0, .most = 315360000)

UM_DIRECTIVE(UserMgmtNotifyEmailChange, flag, CORE, notify_email_change,
    "notify the old address when the address of an account is changed: On or Off",
    .preset = "On")

UM_DIRECTIVE(UserMgmtNotifyPasswordChange, flag, CORE, notify_password_change,
    "notify the owner by mail when the password of an account is changed: On or Off",
    .preset = "On")

/* Not inherited, as UserMgmt is not. */
UM_DIRECTIVE(UserMgmtOpenAPI, flag, HTTP, openapi,
    "serve the description of the API, as this host offers it, at /api/openapi.yaml: On or Off",
    .preset = "Off", .scope = OWN)

/* Not inherited, as UserMgmt is not. */
UM_DIRECTIVE(UserMgmtPages, pages, HTTP, pages,
    "serve pages to sign in and to manage accounts on this virtual host: On, On PATH, or Off",
    .preset = "Off", .scope = OWN)

UM_DIRECTIVE(UserMgmtPagesTemplates, path, HTTP, pages_templates,
    "folder of files that replace the templates, texts and styles of the pages; none: those of the module",
    .preset = "none")

UM_DIRECTIVE(UserMgmtPasswordHash, password_hash, CORE, password_hash,
    "hash of new passwords: auto (argon2id if built in, else scrypt), or scrypt or argon2id with parameters",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtPasswordMaxLength, number, CORE, password_max_length,
    "longest password, in characters",
    .preset = "1024", .least = 64, .most = 4096)

UM_DIRECTIVE(UserMgmtPasswordMinLength, number, CORE, password_min_length,
    "shortest password, in characters",
    .preset = "8", .least = 1, .most = 64)

UM_DIRECTIVE(UserMgmtPasswordPepper, path, HTTP, password_pepper,
    "file of secrets that passwords are mixed with before they are hashed (usermgmt pepper new FILE); none: no pepper",
    .preset = "none")

UM_DIRECTIVE(UserMgmtPreparedStatements, flag, HTTP, prepared_statements,
    "use prepared statements on PostgreSQL; Off for a pooler in transaction mode",
    .preset = "On")

UM_DIRECTIVE(UserMgmtProfile, custom_fields, CORE, custom_fields,
    "a field that the site adds to accounts: NAME text|integer|boolean|date [max=N] [required] [claim]; none: no field",
    .preset = "none", .merge = um_value_custom_fields_merge)

UM_DIRECTIVE(UserMgmtRealm, text, HTTP, realm,
    "realm in the challenges of the API (WWW-Authenticate)",
    .preset = "api")

UM_DIRECTIVE(UserMgmtRefreshGrace, seconds, CORE, refresh_grace,
    "how long a used refresh token can be used again, for concurrent requests and lost answers",
    .preset = "30s", .least = 0, .most = 300)

UM_DIRECTIVE(UserMgmtRegistration, registration, HTTP, registration,
    "who makes accounts: open (anybody), staff (with the token of staff), invite (invited by staff), off (nobody)",
    .preset = "open")

UM_DIRECTIVE(UserMgmtRequireClientToken, endpoints, HTTP, require_client_token,
    "open endpoints that require the token of a client or an account: token, reset, register; none: none of them",
    .preset = "none")

UM_DIRECTIVE(UserMgmtRequireTLS, flag, HTTP, require_tls,
    "refuse API requests that come neither over TLS nor from this machine: On or Off",
    .preset = "On")

UM_DIRECTIVE(UserMgmtReservedNames, reserved_names, HTTP, reserved_names,
    "names that nobody can register: default (the module's list), off, or a file with one name a line",
    .preset = "default")

UM_DIRECTIVE(UserMgmtResetLifetime, seconds, CORE, reset_lifetime,
    "how long the token of a reset mail is valid",
    .preset = "24h", .least = 60, .most = 2592000)

UM_DIRECTIVE(UserMgmtResetURL, text, HTTP, reset_url,
    "page where a new password is entered, with {token}; auto: a page below https:// and the ServerName",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtRevocationDelay, seconds, CORE, revocation_delay,
    "after what time at most a Location notices a change made on another node; 0: ask the database each time",
    .preset = "2s", .least = 0, .most = 3600)

UM_DIRECTIVE(UserMgmtSessionCache, bytes, HTTP, session_cache,
    "shared memory for cached callers, 256 to 384 bytes each; a change takes effect at the next full start",
    .preset = "32m", .least = 1048576, .most = 1073741824, .scope = GLOBAL)

UM_DIRECTIVE(UserMgmtSessionIdle, seconds, CORE, session_idle,
    "how long a session is valid without being refreshed; 0: no refresh tokens",
    .preset = "14d", .least = 0, .most = 31536000)

UM_DIRECTIVE(UserMgmtSessionLifetime, seconds, CORE, session_lifetime,
    "how long a session is valid from sign-in, however often it is refreshed",
    .preset = "90d", .least = 60, .most = 315360000)

UM_DIRECTIVE(UserMgmtSigningKey, path, HTTP, signing_key,
    "key file, or directory of key files, to sign and verify tokens; none: no tokens",
    .preset = "none")

UM_DIRECTIVE(UserMgmtSiteName, text, HTTP, site_name,
    "name of the site in mails; auto: the ServerName of the host",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtThrottle, throttle, CORE, throttle,
    "how often a client may try: CLASS off, CLASS KEY off, CLASS KEY RATE [BURST]; default: as documented",
    .preset = "default", .merge = um_value_throttle_merge)

UM_DIRECTIVE(UserMgmtThrottleExempt, subnets, HTTP, throttle_exempt,
    "addresses and networks, as ADDRESS or ADDRESS/BITS, whose clients are never throttled; none: none",
    .preset = "none")

UM_DIRECTIVE(UserMgmtThrottleMemory, bytes, HTTP, throttle_memory,
    "shared memory for the counts of the throttles, 8 bytes each; a change takes effect at the next full start",
    .preset = "16m", .least = 1048576, .most = 1073741824, .scope = GLOBAL)

UM_DIRECTIVE(UserMgmtTokenLifetime, seconds, CORE, token_lifetime,
    "how long an access token is valid",
    .preset = "24h", .least = 60, .most = 31536000)

UM_DIRECTIVE(UserMgmtTokenScheme, token_scheme, HTTP, token_scheme,
    "schemes of the Authorization header under which a token is read: Bearer, or Bearer Token",
    .preset = "Bearer")

UM_DIRECTIVE(UserMgmtTranslateErrors, flag, HTTP, translate_errors,
    "translate messages of the API into the languages that the catalogues of the pages have: On or Off",
    .preset = "Off")

UM_DIRECTIVE(UserMgmtTrustedOrigin, origins, HTTP, trusted_origins,
    "other sites, as https://HOST[:PORT], whose pages may send requests that change data with the cookie; or none",
    .preset = "none")

UM_DIRECTIVE(UserMgmtUniqueEmail, flag, CORE, unique_email,
    "an e-mail address can belong to one account only: On or Off",
    .preset = "Off")

UM_DIRECTIVE(UserMgmtVerifyLifetime, seconds, CORE, verify_lifetime,
    "how long the token of a verification mail is valid",
    .preset = "3d", .least = 60, .most = 2592000)

UM_DIRECTIVE(UserMgmtVerifyURL, text, HTTP, verify_url,
    "page where an address is verified, with {token}; auto: as UserMgmtResetURL",
    .preset = "auto")

UM_DIRECTIVE(UserMgmtWebhook, webhooks, HTTP, webhooks,
    "address and file of secrets of a receiver that gets events by HTTP, and which events; none: no receiver",
    .preset = "none", .locate = um_value_webhooks_locate)

UM_DIRECTIVE(UserMgmtWebhookAllow, subnets, HTTP, webhook_allow,
    "networks that UserMgmtWebhook may connect to although they are private or of this machine, or none",
    .preset = "none")

UM_DIRECTIVE(UserMgmtWebhookCAFile, path, HTTP, webhook_ca_file,
    "certificates (PEM) that alone may vouch for the receivers of UserMgmtWebhook; none: those of the system",
    .preset = "none")

UM_DIRECTIVE(UserMgmtWebhookMaxAge, seconds, CORE, webhook_max_age,
    "how long the delivery of an event is tried again, before it is given up",
    .preset = "3d", .least = 60, .most = 2592000)

UM_DIRECTIVE(UserMgmtWebhookRetention, seconds, CORE, webhook_retention,
    "how long the record of a delivery is kept when it was delivered or given up",
    .preset = "7d", .least = 0, .most = 31536000)

UM_DIRECTIVE(UserMgmtWebhookTimeout, seconds, HTTP, webhook_timeout,
    "how long a receiver of events may take to connect and to answer",
    .preset = "15s", .least = 1, .most = 60)

/* Former names, which still work: UM_DIRECTIVE_ALIAS(former name, name, kind). */
UM_DIRECTIVE_ALIAS(UserMgmtMailHourly, UserMgmtMailHourlyLimit, number)
UM_DIRECTIVE_ALIAS(UserMgmtMailKeep, UserMgmtMailRetention, seconds)
UM_DIRECTIVE_ALIAS(UserMgmtNoticeEmail, UserMgmtNotifyEmailChange, flag)
UM_DIRECTIVE_ALIAS(UserMgmtNoticePassword, UserMgmtNotifyPasswordChange, flag)

/* Settings of a directory. */

UM_DIR_DIRECTIVE(UserMgmtAuthorization, authorization, authorization,
    "Authorization header that applications get: forward (the client's), drop, bearer (the token), or a text",
    .preset = "forward")

UM_DIR_DIRECTIVE(UserMgmtIdentityHeaders, identity_headers, identity_headers,
    "headers that name the caller to applications: Off, On (all but groups), or id, username, email, groups, staff",
    .preset = "Off")

UM_DIR_DIRECTIVE(UserMgmtSignInPage, sign_in_page, sign_in_page,
    "page to which browsers without a session are sent: auto (that of UserMgmtPages), a path or an URL; none: 401",
    .preset = "none")

/* Where UserMgmtSignInPage is set and this is not, it is header cookie: um_dir_config_sources(). */
UM_DIR_DIRECTIVE(UserMgmtTokenSource, token_sources, sources,
    "where AuthType Bearer looks for a token, in this order: header, cookie, cookie=NAME, query=NAME",
    .preset = "header")

#undef UM_DIRECTIVE
#undef UM_DIRECTIVE_ALIAS
#undef UM_DIR_DIRECTIVE
