/* SPDX-License-Identifier: Apache-2.0 */
#include "concurrency_limit.h"
#include "site.h"

#define NEW_PASSWORD "another horse battery"

static site_t s;

#include "hashes.h"

static um_status_e login(const char *username, const char *password, um_ctx_t **ctx)
{
    const char *token;

    *ctx = site_ctx(&s);
    hashes = 0;
    return site_login(*ctx, username, site_secret(password), &token);
}

static const char *ask(const char *sql)
{
    return site_ask(&s, sql);
}

static const char *hash_of_alice(void)
{
    return ask("select password from um_users where username = 'alice'");
}

/* --- signing in --- */

static void test_login(void)
{
    static const struct { const char *name, *username, *password; } bad[] = {
        { "an unknown name", "nobody", SITE_PASSWORD }, { "a wrong password", "alice", "wrong" },
        { "an inactive account", "bob", SITE_PASSWORD }, { "a wrong one of that", "bob", "wrong" },
        { "no password", "alice", "" }, { "no name", "", SITE_PASSWORD }, { "no name at all", "\xFF", SITE_PASSWORD },
        { "in other letters", "alice", "Correct horse battery" }, { "trimmed", "alice", SITE_PASSWORD " " },
        { "a hash that nobody knows", "carol", SITE_PASSWORD }, { "no hash", "dave", "" },
    };
    const char *sessions, *typed = "alice";
    um_ctx_t *ctx;

    site_register(&s, "bob", "", NULL);
    site_register(&s, "carol", "", NULL);
    site_register(&s, "dave", "", NULL);
    site_do(&s, "update um_users set is_active = 0 where username = 'bob'");
    site_do(&s, "update um_users set password = '!' where username = 'carol'");
    site_do(&s, "update um_users set password = '' where username = 'dave'");
    sessions = ask("select count(*) from um_sessions");
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "name and password sign in");
    is_int(hashes, 1, "a sign-in costs one hash");
    is_int(login("ALICE", SITE_PASSWORD, &ctx), UM_OK, "the name in another spelling");
    while (strlen(typed) < 1800) {
        typed = apr_pstrcat(s.pool, typed, "\u200c", NULL);     /* a key does not have it */
    }
    typed = apr_pstrmemdup(s.pool, typed, 1799);
    is_int(login(typed, SITE_PASSWORD, &ctx), UM_OK, "a long way to type it");
    typed = apr_pstrcat(s.pool, typed, "\u200c", NULL);
    ok(login(typed, SITE_PASSWORD, &ctx) == UM_INVALID && hashes == 1, "a longer one is nobody's, at the same cost");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_int(login(bad[i].username, bad[i].password, &ctx), UM_INVALID, bad[i].name);
        ok(ctx->errors->nelts == 1 && strcmp(APR_ARRAY_IDX(ctx->errors, 0, um_error_t).text,
                                             "Unable to log in with provided credentials.") == 0
           && strcmp(site_errors(ctx), "non_field_errors authorization") == 0,
           "a refused sign-in is told like all others");
        is_int(hashes, 1, "a refused sign-in costs one hash as well");
    }
    is_int(apr_atoi64(ask("select count(*) from um_sessions")) - apr_atoi64(sessions), 3, "a session for each");
}

static void test_bytes(void)
{
    static const char zero[] = SITE_PASSWORD "\0x";
    char *longest = apr_pcalloc(s.pool, 16386);
    const char *token;

    hashes = 0;
    is_int(site_login(site_ctx(&s), "alice", (um_secret_t){ zero, sizeof(zero) - 1 }, &token), UM_INVALID,
           "a NUL does not end a password");
    memset(longest, 'a', 16385);
    hashes = 0;
    is_int(site_login(site_ctx(&s), "alice", (um_secret_t){ longest, 16384 }, &token), UM_INVALID,
           "a password of 16 KB is refused as a wrong one");
    is_int(hashes, 1, "a password of 16 KB is hashed");
    is_int(site_login(site_ctx(&s), "alice", (um_secret_t){ longest, 16385 }, &token), UM_INVALID,
           "a password of more than 16 KB is refused");
    is_int(hashes, 1, "a password of more than 16 KB is not hashed beyond that");
}

static void test_rehash(void)
{
    const char *before = hash_of_alice(), *before_bob, *token;
    um_ctx_t *ctx;

    site_login(site_ctx(&s), "alice", site_secret(SITE_PASSWORD), &token);
    is_text(hash_of_alice(), before, "a hash that is good enough stays");
    s.hash.lanes = 2;
    is_int(login("alice", "wrong", &ctx), UM_INVALID, "a wrong password is refused");
    is_int(hashes, 2, "a wrong password costs the dearer hash too, so that the time does not show the account");
    is_text(hash_of_alice(), before, "a wrong password makes no new hash");
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "the right password signs in with dearer settings");
    ok(strcmp(hash_of_alice(), before) != 0 && strstr(hash_of_alice(), "p=2"),
       "the right password makes a new hash with dearer settings");
    is_int(site_call(&s, token), UM_OK, "tokens from before the new hash stay good");
    before = hash_of_alice();
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "the password is the same");
    is_text(hash_of_alice(), before, "the new hash is made once");
    before_bob = ask("select password from um_users where username = 'bob'");
    is_int(login("bob", SITE_PASSWORD, &ctx), UM_INVALID, "an inactive account is refused");
    is_int(hashes, 2, "the right password of an inactive account costs as much as a wrong one");
    is_text(ctx->cause, "the account is inactive", "the log tells why");
    is_text(ask("select password from um_users where username = 'bob'"), before_bob,
            "an inactive account makes no new hash");
    s.hash.lanes = 1;
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "the right password signs in with cheaper settings");
    is_text(hash_of_alice(), before, "a better hash stays");
}

/* A refused sign-in costs a hash of each kind that the database has, whoever it is for. */
static void test_kinds(void)
{
    um_password_kinds_pass_t pass = { .last = "" };
    static const char *const names[] = { "alice", "erich", "dave", "carol", "nobody" };
    um_pwhash_params_t before = s.hash;
    um_ctx_t *ctx;

    site_register(&s, "erich", "", NULL);
    site_do(&s, "update um_users set password = (select password from um_users where username = 'erich')"
            " where username = 'alice'");
    s.hash.block = 2;
    is_int(login("erich", SITE_PASSWORD, &ctx), UM_OK, "an account gets a hash of the new kind");
    s.site.password_kinds = um_password_kinds_create(s.pool);
    is_int(um_password_kinds_scan(site_ctx(&s), &pass), 0, "a pass over a few accounts is done at once");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        is_int(login(names[i], "wrong", &ctx), UM_INVALID, names[i]);
        is_int(hashes, 2, "costs one hash of each of two kinds");
    }
    s.hash.block = 3;
    is_int(login("nobody", "wrong", &ctx), UM_INVALID, "an unknown name where a third kind is configured");
    is_int(hashes, 3, "costs three");
    is_int(login("alice", "wrong", &ctx), UM_INVALID, "an account with an old hash");
    is_int(hashes, 3, "costs three");
    is_int(login("erich", SITE_PASSWORD, &ctx), UM_OK, "the right password");
    is_int(hashes, 2, "costs its own and the new one");
    (void)um_password_kinds_scan(site_ctx(&s), &pass);
    is_int(login("nobody", "wrong", &ctx), UM_INVALID, "a look within the hour");
    is_int(hashes, 3, "costs three");
    s.now += apr_time_from_sec(3601);
    is_int(um_password_kinds_scan(site_ctx(&s), &pass), 0, "the next pass is an hour later");
    is_int(login("nobody", "wrong", &ctx), UM_INVALID, "an unknown name then");
    is_int(hashes, 2, "the kind that no account has any more costs nothing");
    site_do(&s, "update um_users set password = replace(password, 'p=1', 'p=2') where username = 'alice'");
    is_int(login("alice", "wrong", &ctx), UM_INVALID, "a kind that came meanwhile");
    is_int(hashes, 3, "costs its own");
    is_int(login("nobody", "wrong", &ctx), UM_INVALID, "an unknown name after that");
    is_int(hashes, 3, "costs the same");
    site_do(&s, "update um_users set password = replace(password, 'p=2', 'p=1') where username = 'alice'");
    s.site.password_kinds = NULL;
    s.hash = before;
}

/* --- hashes of other programs --- */

static int iterations;

/* Stands before OpenSSL's, to count. */
int PKCS5_PBKDF2_HMAC(const char *pass, int passlen, const unsigned char *salt, int saltlen, int iter,
                      const EVP_MD *digest, int keylen, unsigned char *out)
{
    static __typeof__(&PKCS5_PBKDF2_HMAC) real;

    if (!real) {
        void *found = dlsym(RTLD_NEXT, "PKCS5_PBKDF2_HMAC");

        memcpy(&real, &found, sizeof(real));
    }
    iterations += iter;
    held += s.in_use || s.locked;
    return real(pass, passlen, salt, saltlen, iter, digest, keylen, out);
}

static void set_hash(const char *name, const char *hash)
{
    site_do(&s, apr_psprintf(s.pool, "update um_users set password = '%s' where username = '%s'", hash, name));
}

/* The right password replaces them, whatever their format, and ends no session. */
static void test_foreign(void)
{
    static const char *const of_others[] = {
        "pbkdf2_sha256$1000$salt$sUmSE4qgSJxJBiwTe2Z8pN+XBOX3jmZzmvDqXmc0CaU=",
        "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC",
        "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/",
        "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=",
    };
    const char *before = hash_of_alice(), *token;
    um_ctx_t *ctx;

    site_login(site_ctx(&s), "alice", site_secret(SITE_PASSWORD), &token);
    for (size_t i = 0; i < sizeof(of_others) / sizeof(of_others[0]); i++) {
        set_hash("alice", of_others[i]);
        is_int(login("alice", "myPasswore", &ctx), UM_INVALID, of_others[i]);
        is_int(hashes, 1, "a wrong password costs a hash of the configured kind, too");
        is_text(hash_of_alice(), of_others[i], "a wrong password changes nothing");
        is_int(login("alice", "myPassword", &ctx), UM_OK, "the right password signs in");
        ok(strncmp(hash_of_alice(), "$scrypt$", 8) == 0, "the hash is replaced by one of the configured kind");
        is_int(login("alice", "myPassword", &ctx), UM_OK, "the account signs in by the new hash");
    }
    is_int(site_call(&s, token), UM_OK, "tokens from before stay good");
    set_hash("alice", before);
}

/* A refused sign-in costs as many iterations as the most expensive hash, whoever it is for. */
static void test_foreign_kinds(void)
{
    static const char *const names[] = { "alice", "dave", "carol", "erich", "nobody" };
    const char *before = hash_of_alice();
    um_password_kinds_pass_t pass = { .last = "" };
    um_ctx_t *ctx;

    set_hash("alice", "pbkdf2_sha256$1000$salt$sUmSE4qgSJxJBiwTe2Z8pN+XBOX3jmZzmvDqXmc0CaU=");
    set_hash("dave", "pbkdf2_sha256$3000$another$sUmSE4qgSJxJBiwTe2Z8pN+XBOX3jmZzmvDqXmc0CaU=");
    for (int known = 0; known < 2; known++) {
        s.site.password_kinds = um_password_kinds_create(s.pool);
        (void)um_password_kinds_scan(site_ctx(&s), &pass);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            iterations = 0;
            is_int(login(names[i], "wrong", &ctx), UM_INVALID, names[i]);
            is_int(iterations, 3000, "costs 3000 iterations");
        }
    }
    set_hash("dave", "pbkdf2_sha256$5000$another$sUmSE4qgSJxJBiwTe2Z8pN+XBOX3jmZzmvDqXmc0CaU=");
    iterations = 0;
    is_int(login("dave", "wrong", &ctx), UM_INVALID, "a hash of more iterations that came meanwhile");
    is_int(iterations, 5000, "costs its own");
    iterations = 0;
    is_int(login("alice", "wrong", &ctx), UM_INVALID, "another account after that");
    is_int(iterations, 5000, "costs the same");
    s.site.password_kinds = NULL;
    set_hash("dave", "");
    set_hash("alice", before);
}

/* A pass over many accounts is made in parts. It finds the kinds that most of them have, and forgets others. */
static void test_kinds_pass(void)
{
    um_password_kinds_pass_t pass = { .last = "" };
    um_ctx_t *ctx;
    int parts = 1;

    site_do(&s, "insert into um_users (id, username, username_key, email, email_key, password, version, created_at,"
            " updated_at) with recursive n(i) as (select 1 union all select i + 1 from n where i < 12000)"
            " select printf('10000000-0000-4000-8000-%012x', i), 'many' || i, 'many' || i, '', '',"
            " case when i % 3 = 0 then '' else '$scrypt$ln=4,r=1,p=' || (1 + i / 1200) || '$AAAAAAAAAAAAAAAAAAAAAA"
            "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' end, 'x', 0, 0 from n");
    s.site.password_kinds = um_password_kinds_create(s.pool);
    is_int(login("nobody", "wrong", &ctx), UM_INVALID, "before the pass a request");
    is_int(hashes, 1, "knows no kind and does not look for one");
    while (um_password_kinds_scan(site_ctx(&s), &pass)) {
        parts++;
    }
    is_int(parts, 3, "5000 accounts are looked at at a time");
    is_int(login("nobody", "wrong", &ctx), UM_INVALID, "after it a request");
    is_int(hashes, 9, "costs the configured kind and the eight commonest others");
    is_int(login("many1", "wrong", &ctx), UM_INVALID, "an account of a common kind");
    is_int(hashes, 9, "costs the same");
    site_do(&s, "delete from um_users where username like 'many%'");
    s.site.password_kinds = NULL;
}

/* Whichever kind is configured, accounts get there, also from scrypt that costs more. */
static void test_other_kind(void)
{
#ifdef HAVE_ARGON2
    um_pwhash_params_t scrypt = s.hash;
    um_ctx_t *ctx;

    ok(strncmp(hash_of_alice(), "$scrypt$", 8) == 0, "a hash of scrypt");
    s.hash = (um_pwhash_params_t){ "argon2id", 7168, 1, 1 };
    is_int(login("alice", "wrong", &ctx), UM_INVALID, "a wrong password where argon2id is configured");
    ok(strncmp(hash_of_alice(), "$scrypt$", 8) == 0, "cheaper settings do not replace the hash");
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "the right password signs in");
    ok(strncmp(hash_of_alice(), "$argon2id$", 10) == 0, "replaces it by one of argon2id");
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "the account signs in by the new hash");
    s.hash = scrypt;
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "the account signs in where scrypt is configured again");
    ok(strncmp(hash_of_alice(), "$scrypt$", 8) == 0, "the hash is replaced by one of scrypt");
#endif
}

/* --- from another keyboard --- */

#define COMPOSED   "caf\u00e9 au lait"
#define DECOMPOSED "cafe\u0301 au\u00a0lait"

static void set_password(const char *username, const char *bytes)
{
    const char *hash;

    um_pwhash_make(s.pool, &s.hash, bytes, strlen(bytes), &hash);
    site_do(&s, apr_psprintf(s.pool, "update um_users set password = '%s' where username = '%s'", hash, username));
}

static void test_forms(void)
{
    site_input_t input = { .username = "frida", .password = site_secret(DECOMPOSED) };
    const um_user_t *frida;
    const char *token;
    um_ctx_t *ctx;

    is_int(site_enrol(site_ctx(&s), &input, &frida, &token), UM_OK, "registered with a decomposed letter");
    is_int(login("frida", COMPOSED, &ctx), UM_OK, "the same password from another keyboard");
    is_int(login("frida", DECOMPOSED, &ctx), UM_OK, "the decomposed password signs in");
    is_int(hashes, 1, "the sign-in costs one hash");
    is_int(login("frida", "caf\u00c9 au lait", &ctx), UM_INVALID, "letters are not folded");
    is_int(login("frida", COMPOSED " ", &ctx), UM_INVALID, "blanks are not trimmed");
    is_int(login("frida", "cafe au lait", &ctx), UM_INVALID, "accents are not dropped");
    is_int(login("frida", "wrong e\u0301", &ctx), UM_INVALID, "a wrong one of two forms");
    is_int(hashes, 2, "the sign-in costs two hashes");
    is_int(login("nobody", "wrong e\u0301", &ctx), UM_INVALID, "an unknown name is refused");
    is_int(hashes, 2, "an unknown name costs the same");
    is_int(login("dave", "wrong e\u0301", &ctx), UM_INVALID, "an account without a hash is refused");
    is_int(hashes, 2, "an unknown name costs the same");

    set_password("frida", DECOMPOSED);
    is_int(login("frida", COMPOSED, &ctx), UM_INVALID, "an old hash is of the bytes as typed");
    is_int(login("frida", DECOMPOSED, &ctx), UM_OK, "the password as it was typed signs in");
    is_int(hashes, 3, "that sign-in costs two hashes and a new one");
    is_int(login("frida", COMPOSED, &ctx), UM_OK, "the new hash is of the common form");
    is_int(login("frida", DECOMPOSED, &ctx), UM_OK, "the decomposed password signs in after that");
    is_int(hashes, 1, "a sign-in costs one hash after that");
}

/* --- changing --- */

static um_status_e change(const um_user_t *user, const char *old, const char *new, um_ctx_t **ctx, const char **token)
{
    um_secret_t missing = { NULL, 0 };
    um_session_new_t session;
    um_status_e status;

    *ctx = site_ctx(&s);
    hashes = 0;
    status = um_password_change(*ctx, user, site_secret(old), new ? site_secret(new) : missing, 0, &session);
    *token = session.token;
    ok(!session.refresh_token, "the new session has a refresh token only where one is asked for");
    return status;
}

static void test_change(void)
{
    const um_user_t *erin = site_register(&s, "erin", "erin@example.org", NULL);
    const char *one, *two, *fresh = NULL;
    um_session_new_t session;
    um_caller_t caller;
    um_ctx_t *ctx;

    site_login(site_ctx(&s), "erin", site_secret(SITE_PASSWORD), &one);
    site_login(site_ctx(&s), "erin", site_secret(SITE_PASSWORD), &two);
    is_int(change(erin, "wrong", "12345", &ctx, &fresh), UM_INVALID, "a weak new password");
    is_text(site_errors(ctx), "new_password password_too_short, new_password password_entirely_numeric",
            "the faults of the new password are told");
    is_int(hashes, 0, "faults are told before anything is hashed");
    is_int(change(erin, SITE_PASSWORD, "erin@example", &ctx, &fresh), UM_INVALID, "one like the user's address");
    is_text(site_errors(ctx), "new_password password_too_similar", "the faults of the new password are told");
    is_int(change(erin, SITE_PASSWORD, "o\u0308\u00f6o\u0308o\u0308x", &ctx, &fresh), UM_INVALID,
           "eight characters of five letters");
    is_text(site_errors(ctx), "new_password password_too_short", "characters are counted in the common form");
    is_int(change(erin, "wrong", NEW_PASSWORD, &ctx, &fresh), UM_INVALID, "a wrong old one");
    is_text(site_errors(ctx), "old_password password_incorrect", "the faults of the new password are told");
    ok(site_call(&s, one) == UM_OK && site_call(&s, two) == UM_OK, "nothing has ended so far");
    is_int(change(erin, SITE_PASSWORD, NEW_PASSWORD, &ctx, &fresh), UM_OK, "the password is changed");
    ok(site_call(&s, one) == UM_BAD_TOKEN && site_call(&s, two) == UM_BAD_TOKEN, "all older sessions have ended");
    is_int(um_authenticate(site_ctx(&s), fresh, UM_FRESH, &caller), UM_OK, "the fresh one is good");
    is_int(login("erin", SITE_PASSWORD, &ctx), UM_INVALID, "the old password is not");
    is_int(login("erin", NEW_PASSWORD, &ctx), UM_OK, "the new one is");
    is_int(change(erin, SITE_PASSWORD, "a third horse", &ctx, &fresh), UM_INVALID,
           "a change with a user that was read before is refused");
    is_text(site_errors(ctx), "old_password password_incorrect", "the old password is told as wrong");
    is_int(login("erin", NEW_PASSWORD, &ctx), UM_OK, "a refused change changes nothing");
    is_int(change(caller.user, NEW_PASSWORD, NEW_PASSWORD, &ctx, &one), UM_OK,
           "a change to the same password is accepted");
    is_int(site_call(&s, fresh), UM_BAD_TOKEN, "a change to the same password ends sessions");
    ctx = site_ctx(&s);
    um_ctx_error(ctx, "old_password", UM_MESSAGE_REQUIRED);
    is_int(um_password_change(ctx, erin, (um_secret_t){ NULL, 0 }, (um_secret_t){ "1", 1 }, 0, &session),
           UM_INVALID, "a change without the old password is refused");
    is_text(site_errors(ctx), "old_password required, new_password password_too_short, "
            "new_password password_entirely_numeric", "the faults of both passwords are told");
}

/* --- the bound --- */

static void test_gate(void)
{
    void *memory = apr_pcalloc(s.pool, um_concurrency_limit_size());
    um_concurrency_limit_pass_t pass;
    site_input_t input = { .username = "frank", .password = site_secret(SITE_PASSWORD) };
    const um_user_t *user;
    const char *token;
    um_ctx_t *ctx;

    um_concurrency_limit_init(memory);
    s.site.hash_limit = um_concurrency_limit_attach(s.pool, memory, 1, 0);
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "alone at the hash limit");
    is_int(login("alice", "wrong", &ctx), UM_INVALID, "a wrong password is refused again");
    is_int(um_concurrency_limit_enter(s.site.hash_limit, 0, &pass), APR_SUCCESS, "somebody else is inside");
    s.asked = 0;
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_BUSY, "a sign-in is told that the server is busy");
    ok(ctx->cause && ctx->errors->nelts == 0, "a busy answer is no fault of the caller: %s",
       ctx->cause ? ctx->cause : "(no cause)");
    is_int(login("nobody", SITE_PASSWORD, &ctx), UM_BUSY, "an unknown name is told that the server is busy, too");
    is_int(site_enrol(site_ctx(&s), &input, &user, &token), UM_BUSY, "a registration is told that the server is busy");
    is_int(hashes, 0, "a busy answer hashes nothing");
    is_int(s.asked, 0, "a busy answer asks the database nothing");
    is_text(ask("select count(*) from um_users where username = 'frank'"), "0", "a busy answer makes no account");
    input.password = site_secret("123");
    is_int(site_enrol(site_ctx(&s), &input, &user, &token), UM_INVALID, "faults are told although the server is busy");
    um_concurrency_limit_leave(s.site.hash_limit, &pass);
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "a sign-in succeeds when the server is not busy any more");
    s.hash = (um_pwhash_params_t){ "scrypt", 63, 1, 1 };
    is_int(site_enrol(site_ctx(&s), &input, &user, &token), UM_INVALID, "faults come before the failure of the hash");
    input.password = site_secret(SITE_PASSWORD);
    ctx = site_ctx(&s);
    is_int(site_enrol(ctx, &input, &user, &token), UM_FAILED, "a hash that cannot be made");
    ok(ctx->cause != NULL, "the failure has a cause: %s", ctx->cause ? ctx->cause : "(no cause)");
    s.hash = (um_pwhash_params_t){ "scrypt", 10, 1, 1 };
    is_int(login("alice", SITE_PASSWORD, &ctx), UM_OK, "a failed hash gives its slot back");
    s.site.hash_limit = NULL;
}

int main(void)
{
    site_begin();
    site_open(&s);
    site_register(&s, "alice", "", NULL);
    test_login();
    test_bytes();
    test_rehash();
    test_kinds();
    test_foreign();
    test_foreign_kinds();
    test_kinds_pass();
    test_other_kind();
    test_forms();
    test_change();
    test_gate();
    is_int(held, 0, "no connection was held while a password was hashed");
    ok(!s.misused && !s.in_use && !s.locked, "one connection and one lock at a time, all released");
    site_close(&s);
    return site_end();
}
