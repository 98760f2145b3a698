/* SPDX-License-Identifier: Apache-2.0 */
#include "site.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "jwk.h"
#include "key_directory.h"
#include "rotation.h"

#define DAY APR_INT64_C(86400)
#define START (APR_INT64_C(1893456000))        /* 2030-01-01: after the time of any file that is made now */

static const char *folder;
static um_rotation_t plan;
static apr_time_t now;
static apr_array_header_t *said;
static const char *why;

static const char *path_of(const char *name)
{
    return apr_pstrcat(site_root, folder, "/", name, NULL);
}

static void empty(void)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            unlink(path_of(entry->d_name));
        }
    }
    if (dir) {
        closedir(dir);
    }
    why = NULL;
    said = apr_array_make(site_root, 8, sizeof(const char *));
    now = apr_time_from_sec(START);
    plan = (um_rotation_t){ .every = 30 * DAY, .publish = 3600, .lifetime = DAY, .keep = -1 };
}

/* One letter for each key, oldest first: S signs, v verifies, n is next, r is retired. */
static const char *states(void)
{
    apr_array_header_t *files;
    const char *reason;
    char *text;
    int last = -1;

    if (um_key_directory_list(site_root, folder, &files, &reason) != APR_SUCCESS) {
        return "";
    }
    text = apr_pcalloc(site_root, (apr_size_t)files->nelts + 1);
    for (int i = 0; i < files->nelts; i++) {
        um_key_state_e state = APR_ARRAY_IDX(files, i, um_key_directory_file_t).state;

        text[i] = "nvr"[state];
        last = state == UM_KEY_IN_USE ? i : last;
    }
    if (last >= 0) {
        text[last] = 'S';
    }
    return text;
}

static const char *signing(void)
{
    um_keyring_t *ring;
    const char *reason;

    return um_keyring_read(site_root, folder, &ring,
                           &reason) == APR_SUCCESS ? um_jwk_kid(um_keyring_signing(ring)) : reason;
}

/* A step after so many seconds, what it must leave, and how many lines it says. */
static void step(apr_int64_t seconds, const char *want, int lines, const char *name)
{
    apr_status_t rv;
    int before = said->nelts;

    now += apr_time_from_sec(seconds);
    rv = um_rotation_step(site_root, folder, &plan, now, said, &why);
    ok(rv == APR_SUCCESS, "%s%s%s", name, rv ? ": " : "", rv ? why : "");
    is_text(states(), want, want);
    is_int(said->nelts - before, lines, "the expected number of lines is logged");
    is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_SUCCESS, "a second step succeeds");
    is_int(said->nelts - before, lines, "a second step logs nothing");
}

static void test_life(void)
{
    const char *first, *second;

    empty();
    step(0, "S", 1, "an empty folder gets its first key");
    first = signing();
    step(30 * DAY - 3601, "S", 0, "which is young");
    step(1, "Sn", 1, "and old: the next one is published");
    is_text(signing(), first, "the published key does not sign yet");
    step(3599, "Sn", 0, "not for an hour");
    step(1, "vS", 1, "then it signs");
    second = signing();
    ok(strcmp(second, first) != 0, "the next key is another one");
    step(DAY + 70, "vS", 0, "what the old one signed is verified while it lasts");
    step(1, "rS", 1, "then it is retired");
    is_text(signing(), second, "the new one signs on");
    step(29 * DAY - 3600 - 71, "rSn", 1, "and so on");
    step(3600, "rvS", 1, "and on");
    plan.keep = 0;
    step(DAY + 72, "S", 3, "a file that was retired long ago is removed; all were, by this clock");
    plan.now = 1;
    plan.publish = 60;
    step(0, "Sn", 1, "a new key at once");
    plan.now = 0;
    step(60, "vS", 1, "signs after its time");
    plan.publish = 0;
    plan.now = 1;
    now += apr_time_from_sec(1);
    is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_SUCCESS,
           "a step at once after that succeeds");
    is_text(states(), "vvS", "two keys verify and the newest signs");
}

static void test_names(void)
{
    static const struct { const char *name, *state, *stamp, *want; } cases[] = {
        { "one.pem", "n", NULL, "one.next.pem" }, { "one.next.pem", "v", NULL, "one.pem" },
        { "one.next.pem", "r", NULL, "one.retired.pem" }, { "one.retired.jwk", "r", NULL, "one.retired.jwk" },
        { "one.next.pem", "v", "x", "20300101T000000Z-one.pem" },
        { "20291231T235959Z-1-EdDSA.next.pem", "v", "x", "20300101T000000Z-1-EdDSA.pem" },
        { "20291231T235959Z.next.pem", "v", "x", "20300101T000000Z.pem" },
        { "20291331T235959Z.pem", "v", "x", "20300101T000000Z-20291331T235959Z.pem" },
        { "next.pem", "v", NULL, "next.pem" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        um_key_state_e state = (um_key_state_e)(strchr("nvr", cases[i].state[0]) - "nvr");

        is_text(um_key_directory_name(site_root, cases[i].name, state, cases[i].stamp ? apr_time_from_sec(START) : 0),
                cases[i].want, cases[i].want);
    }
}

static void add_key(const char *alg, const char *name)
{
    const char *reason = "";

    ok(um_jwk_create(site_root, alg, path_of(name), &reason) == APR_SUCCESS, "a key %s %s", name, reason);
}

static const char *kid_of(const char *name)
{
    um_jwk_t *key;
    const char *reason;

    return um_jwk_read(site_root, path_of(name), &key, &reason) == APR_SUCCESS ? um_jwk_kid(key) : reason;
}

/* Folders as people have them. */
static void test_own_names(void)
{
    const char *first, *file = "";
    struct stat info;

    empty();
    plan.lifetime = 10000 * DAY;
    add_key("ES256", "a.pem");
    add_key("EdDSA", "zebra.pem");
    add_key("EdDSA", "yak.pem");
    add_key("RS256", "m.retired.pem");
    first = signing();
    is_text(first, kid_of("zebra.pem"), "the last by name signs");
    step(0, "vvSnr", 4, "names without a time are given one");
    is_text(signing(), first, "the keys keep their order, and the same key signs");
    step(3600, "vvvSr", 1, "and the new key is the last");
    ok(strcmp(signing(), first) != 0, "the new key signs");
    is_int(um_rotation_add(site_root, folder, "HS256", now, &file, &why), APR_SUCCESS, "a key by hand, and a secret");
    ok(strstr(file, ".next.jwk") && stat(file, &info) == 0 && (info.st_mode & 07777) == 0600,
       "the file of the new key is that of a next key with mode 0600: %s", file);

    empty();
    (void)chmod(folder, 0750);
    is_int(um_rotation_add(site_root, folder, "EdDSA", now, &file, &why), APR_SUCCESS, "the first by hand");
    ok(!strstr(file, ".next.") && stat(file, &info) == 0 && (info.st_mode & 07777) == 0640,
       "signs; and its group may read it where the folder says so");
    (void)chmod(folder, 0755);
    is_int(um_rotation_add(site_root, folder, "EdDSA", now, &file, &why), APR_SUCCESS,
           "a key can be added to a folder that all may read");
    ok(stat(file, &info) == 0 && (info.st_mode & 07777) == 0600, "the file of the key has mode 0600 in such a folder");
    (void)chmod(folder, 0700);
    is_int(um_rotation_add(site_root, folder, "XS256", now, &file, &why), APR_EGENERAL,
           "an unknown algorithm is refused");
    ok(access(path_of(".new"), F_OK) != 0, "a refused key leaves no temporary file");

    empty();
    add_key("EdDSA", "20991231T000000Z-1-EdDSA.pem");
    step(0, "Sn", 2, "a time far ahead counts as none, and is put right");
    step(3600, "vS", 1, "so that the next one is the last");

    empty();
    add_key("EdDSA", "20300101T000005Z-1-EdDSA.pem");
    add_key("EdDSA", "20291231T000005Z-1-EdDSA.next.pem");
    step(0, "vS", 1, "a clock that is some seconds ahead");
    ok(access(path_of("20300101T000006Z-1-EdDSA.pem"), F_OK) == 0, "a name that is taken is passed over");
}

/* As old as a file that was prepared, or restored, with its time kept. */
static void age(const char *name)
{
    const struct timeval times[2] = { { START - 4000 * DAY, 0 }, { START - 4000 * DAY, 0 } };

    ok(utimes(path_of(name), times) == 0, "%s was written long ago", name);
}

/* Names without a time, in each order, get theirs and the same key signs at each moment. */
static void test_times(void)
{
    static const struct { const char *names[4]; const char *want; } cases[] = {
        { { "a.pem", "b.pem", "c.pem", "d.pem" }, "vvvS" },
        { { "-a.pem", "0b.pem", "1c.pem", NULL }, "vvS" },              /* all sort before a time */
        { { "-a.pem", "20200101T000000Z-b.pem", "c.pem", NULL }, "vvS" },
        { { "-a.pem", "20200101T000000Z-b.pem", "20210101T000000Z-c.pem", NULL }, "vvS" },
        { { "-a.pem", "20991231T000000Z-b.pem", NULL, NULL }, "vS" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *first;

        empty();
        now = apr_time_now();
        for (int k = 0; k < 4 && cases[i].names[k]; k++) {
            add_key("EdDSA", cases[i].names[k]);
        }
        /* The older by name, the newer by time. */
        for (int k = 3; k > 0; k--) {
            if (cases[i].names[k]) {
                age(cases[i].names[k]);
            }
        }
        plan.every = 10000 * DAY;
        plan.lifetime = 9000 * DAY;
        first = signing();
        is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_SUCCESS, "a step succeeds");
        is_text(states(), cases[i].want, cases[i].want);
        is_text(signing(), first, "the same key signs");
        is_int(um_rotation_step(site_root, folder, &plan, now + 1, said, &why), APR_SUCCESS,
               "a step of the next second succeeds");
        is_text(signing(), first, "a second step logs nothing");
    }
}

/* What the key has signed that signed until the prepared one came must be verified on. */
static void test_prepared(void)
{
    const char *first, *file, *prepared;

    empty();
    now = apr_time_now();
    is_int(um_rotation_add(site_root, folder, "EdDSA", now, &file, &why), APR_SUCCESS, "a key that signs");
    first = signing();
    add_key("EdDSA", "prepared.pem");
    age("prepared.pem");
    prepared = signing();
    ok(strcmp(prepared, first) != 0, "a prepared one that was put beside it signs");
    step(2, "vS", 1, "the one before it is not retired, nor a next one made");
    is_text(signing(), prepared, "the prepared key signs");
    step(DAY, "vS", 0, "a day later both are there");
    step(90, "rS", 1, "and then the first is retired");
    step(29 * DAY - 3630, "rSn", 1, "and a next one comes when the prepared one has signed for its time");

    empty();
    now = apr_time_now();
    add_key("EdDSA", "a.pem");
    age("a.pem");
    add_key("EdDSA", "prepared.pem");
    age("prepared.pem");
    prepared = signing();
    step(2, "vS", 2, "beside one without a time either");
    is_text(signing(), prepared, "the prepared key signs, and the old one still verifies");
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");

    if (file) {
        (void)fputs(text, file);
        (void)fclose(file);
        (void)chmod(path_of(name), 0600);
    }
}

/* PEM of a public key of nobody's here. */
#define PUBLIC "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n" \
    "-----END PUBLIC KEY-----\n"

static void test_trouble(void)
{
    const char *file;

    empty();
    write_file("20200101T000000Z-other.pem", PUBLIC);
    is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_EGENERAL,
           "a folder of public keys alone is refused");
    ok(why && strstr(why, "none can sign"), "the reason says that no key can sign: %s", why);
    add_key("EdDSA", "20210101T000000Z-a.pem");
    write_file("20220101T000000Z-other.pem", PUBLIC);
    write_file("20220101T000000Z-other.next.pem", PUBLIC);
    step(0, "vvnSn", 1, "those of other nodes beside one that signs");
    step(3600, "vvnvS", 1, "are left as they are");
    step(DAY + 71, "vrnvS", 1, "and never retired");

    empty();
    add_key("EdDSA", "20290101T000000Z-a.pem");
    write_file("20290102T000000Z-b.pem", "nonsense");
    is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_EGENERAL, "a broken file stops it");
    ok(why && strstr(why, "-b.pem: "), "the reason names the file: %s", why);
    is_int(um_rotation_add(site_root, folder, "EdDSA", now, &file, &why), APR_EGENERAL, "a new key too");
    is_text(states(), "vS", "nothing was changed");
    (void)rename(path_of("20290102T000000Z-b.pem"), path_of("20290102T000000Z-b.retired.pem"));
    write_file(".new", "half a k");
    step(0, "Srn", 1, "not so a retired one, or half a key of somebody who was cut off");

    empty();
    add_key("EdDSA", "20290101T000000Z-a.next.pem");
    step(0, "S", 1, "a next key where none signs is put to use");
    (void)chmod(folder, 0777);
    is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_EGENERAL, "a folder open to strangers");
    ok(why && strstr(why, "chmod o-w"), "a folder that others can write to is refused: %s", why);
    (void)chmod(folder, 0700);
    is_int(um_rotation_step(site_root, site_file("nowhere"), &plan, now, said, &why), APR_EGENERAL,
           "a missing folder is refused");
    is_int(um_rotation_step(site_root, site_file("key.pem"), &plan, now, said, &why), APR_EGENERAL,
           "a file in the place of the folder is refused");
    ok(why && strstr(why, "key.pem"), "the reason names the file: %s", why);
}

static void test_retire(void)
{
    const char *first, *second;

    empty();
    is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_SUCCESS,
           "a step in a good folder succeeds");
    first = signing();
    is_int(um_rotation_retire(site_root, folder, "nobody", now, said, &why), APR_NOTFOUND, "a kid that is not there");
    is_int(um_rotation_retire(site_root, folder, first, now, said, &why), APR_SUCCESS, "the only key can be retired");
    is_text(states(), "rS", "the only key is replaced by a new one at once");
    second = signing();
    is_int(um_rotation_retire(site_root, folder, first, now, said, &why), APR_SUCCESS, "a second step succeeds");
    is_text(states(), "rS", "a second step logs nothing");
    plan.now = 1;
    step(10, "rSn", 1, "with a next one there");
    is_int(um_rotation_retire(site_root, folder, second, now, said, &why), APR_SUCCESS, "the one that signs");
    is_text(states(), "rrS", "the retired key is replaced by the next key");

    /* The next key is the stolen one, in two files. */
    empty();
    add_key("EdDSA", "20290101T000000Z-a.pem");
    first = signing();
    is_int(link(path_of("20290101T000000Z-a.pem"), path_of("20290201T000000Z-b.next.pem")), 0, "a key in two files");
    is_int(um_rotation_retire(site_root, folder, first, now, said, &why), APR_SUCCESS,
           "a key that verifies is retired");
    is_text(states(), "rrS", "both keys are retired");
    ok(strcmp(signing(), first) != 0, "no key signs on the way");
}

/* Whoever may write in the folder may put links there: nobody else's file is opened, given away or written. */
static void test_links(void)
{
    const char *victim = site_file("victim");
    FILE *file = fopen(victim, "w");
    struct stat before, after;

    if (!file || fputs("kept", file) < 0 || fclose(file) != 0 || chmod(victim, 0600) != 0 || stat(victim, &before)) {
        ok(0, "a file of somebody's");
        return;
    }
    for (int i = 0; i < 4; i++) {
        const char *name = path_of(i < 2 ? ".lock" : ".new");
        const char *kind = i % 2 ? "another name of a file" : "a link to a file";

        empty();
        (void)chmod(folder, 0770);
        if (geteuid() == 0) {
            (void)!chown(folder, 65534, 65534);
        }
        is_int(i % 2 ? link(victim, name) : symlink(victim, name), 0, kind);
        is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), i < 2 ? APR_EGENERAL : APR_SUCCESS, name);
        is_text(states(), i < 2 ? "" : "S", i < 2 ? "stops it" : "is removed");
        ok(stat(victim, &after) == 0 && after.st_uid == before.st_uid && after.st_gid == before.st_gid
           && after.st_mode == before.st_mode && after.st_size == 4, "the file is as it was: %s", why ? why : "");
    }
    empty();
    is_int(mkfifo(path_of(".lock"), 0600), 0, "a pipe can be made in the place of the lock");
    is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_EGENERAL,
           "a pipe in the place of the lock is not waited for");
    if (geteuid() == 0) {
        (void)!chown(folder, 0, 0);
    }
    (void)chmod(folder, 0700);
    unlink(victim);
}

/* Many processes at once, each killed somewhere: there is always a key that signs. */
static void test_killed(void)
{
    int faults = 0;
    pid_t holder;

    empty();
    is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_SUCCESS,
           "a step in a good folder succeeds");
    plan = (um_rotation_t){ .every = 2, .publish = 1, .lifetime = 1, .keep = 0 };
    for (int i = 0; i < 30; i++) {
        pid_t children[3];

        for (int k = 0; k < 3; k++) {
            children[k] = fork();
            if (children[k] == 0) {
                for (int n = 0; n < 50; n++) {
                    now += apr_time_from_sec(45);
                    (void)um_rotation_step(site_root, folder, &plan, now, NULL, &why);
                }
                _exit(0);
            }
        }
        now += apr_time_from_sec(45 * 50);
        apr_sleep(3000 + i * 600);
        for (int k = 0; k < 3; k++) {
            kill(children[k], SIGKILL);
            waitpid(children[k], NULL, 0);
        }
        faults += strlen(signing()) != 43;
    }
    is_int(faults, 0, "killed anywhere, a key signs");
    is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_SUCCESS, "the next step succeeds");

    holder = fork();
    if (holder == 0) {
        apr_file_t *held;

        apr_file_open(&held, path_of(".lock"), APR_FOPEN_WRITE, 0, site_root);
        apr_file_lock(held, APR_FLOCK_EXCLUSIVE);
        pause();
        _exit(0);
    }
    apr_sleep(apr_time_from_msec(300));
    is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_EBUSY,
           "another process waits for the lock for a bounded time");
    ok(why && strstr(why, "another process"), "the reason names the other process: %s", why);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    is_int(um_rotation_step(site_root, folder, &plan, now, said, &why), APR_SUCCESS,
           "the lock of a killed process is free");
}

int main(void)
{
    site_begin();
    folder = site_file("keys");
    mkdir(folder, 0700);
    test_names();
    test_life();
    test_own_names();
    test_times();
    test_prepared();
    test_trouble();
    test_retire();
    test_links();
    test_killed();
    empty();
    rmdir(folder);
    return site_end();
}
