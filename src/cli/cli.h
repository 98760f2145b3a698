/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_CLI_H
#define UM_CLI_H
/* The command line. A noun is a row of the table in cli.c. Its commands are the rows of the table in cli_<noun>.c,
 * beside their functions. Options are rows of the table in cli_option.c. The help, the man page and the completion
 * follow from these tables. */
#include "ctx.h"

#include <stdio.h>

typedef struct json_object um_json_t;                   /* json.h */
typedef struct um_store_call_t um_store_call_t;         /* store.h */
typedef struct um_transport_t um_transport_t;           /* transport.h */

/** The options and arguments of a call. */
typedef struct um_cli_t {
    apr_pool_t *pool;
    const char *driver;         /**< --driver: sqlite3 or pgsql */
    const char *params;         /**< --params, as DBDParams */
    const char *config, *host, *httpd;  /**< --config, --host and --httpd; NULL: not given */
    const char *alg;            /**< --alg; NULL: not given */
    const char *every, *publish, *lifetime, *keep;  /**< --every and so on, times as in directives; NULL: not given */
    int now;                    /**< --now */
    const char *target, *memory;    /**< --target and --memory; NULL: not given */
    const char *to;             /**< --to; NULL: not given */
    const char *user, *since;   /**< --user and --since; NULL: not given */
    const char *format, *model, *columns, *on_conflict, *tokens_until, *report; /**< of user import, and user export */
    int dry_run;                /**< --dry-run */
    int json;                   /**< --json */
    const char *email, *first_name, *last_name; /**< --email and so on; NULL: not given */
    apr_array_header_t *profile;    /**< --profile, const char *: NAME=VALUE; NULL: not given */
    apr_array_header_t *groups; /**< --group, const char *; NULL: not given */
    int staff, verified, held;  /**< --staff, --verified, --held */
    int no_password, generate;  /**< --no-password, --generate */
    int all, yes;               /**< --all, --yes */
    int inactive;               /**< --inactive */
    const char *limit;          /**< --limit, a number; NULL: not given */
    int help;                   /**< --help */
    int version;                /**< --version */
    unsigned long uid;          /**< of the user who called the program, who may give up rights later */
    int count;                  /**< of arguments after the command's words */
    const char *const *args;
    const um_json_t *site;      /**< what httpd prints of its configuration; NULL: not read */
    apr_array_header_t *hosts;  /**< um_json_t *: the hosts of --host, or else those that serve the API */
    um_ctx_t *ctx;              /**< for calls into core, once the database is open */
    const char **failure;       /**< where um_cli_fail leaves its text in place of printing it; NULL: it prints it */
} um_cli_t;

/** Exit codes; documented in docs/operations.md. */
typedef enum um_cli_exit_e {
    UM_CLI_DONE,
    UM_CLI_FAILED,              /**< refused, or not done for a reason that is none of the following */
    UM_CLI_MISUSE,              /**< an unknown command or option, or a wrong value */
    UM_CLI_ABSENT,              /**< the account, group, client, pepper, key, mail or webhook does not exist */
    UM_CLI_UNREACHABLE          /**< the database is unreachable, or a file cannot be read or written */
} um_cli_exit_e;

/** Carries out a command; returns the exit code. */
typedef int um_cli_fn(um_cli_t *cli);

/** A command: a row of the table of its noun. The last row has no function. */
typedef struct um_cli_command_t {
    const char *verb;           /**< "": the noun alone is the command */
    const char *synopsis;       /**< of its arguments */
    int arguments;              /**< how many are needed */
    int optional;               /**< how many more may follow */
    const char *place;          /**< the first argument can be left out: it is the value of this directive of the site,
                                 * or its PidFile; NULL: no argument can be left out */
    const char *options;        /**< names of its own options, separated by blanks; NULL: none */
    int opens_database;         /**< before the function is called */
    int hashes_passwords;       /**< with the site's lists and pepper, which are read before the database is opened */
    um_cli_fn *function;
    const char *help;
} um_cli_command_t;

/** A row of the table of nouns. */
typedef struct um_cli_noun_t {
    const char *name;
    const um_cli_command_t *commands;
} um_cli_noun_t;

/** A row of the table of options. */
typedef struct um_cli_option_t {
    const char *name;
    const char *value;          /**< its name in the help; NULL: none, and the member is an int that is set to 1 */
    apr_size_t member;          /**< of um_cli_t */
    int is_list;                /**< it may be given several times: the member is an array of const char * */
    int is_global;              /**< every command takes it; otherwise those that name it */
    const char *help;
} um_cli_option_t;

/* The commands of the nouns, each in the file of its name. */
extern const um_cli_command_t um_cli_backup[], um_cli_check[], um_cli_client[], um_cli_events[], um_cli_group[],
                              um_cli_hash[], um_cli_help_commands[], um_cli_key[], um_cli_mail[], um_cli_move[],
                              um_cli_pepper[], um_cli_schema[], um_cli_session[], um_cli_throttle[], um_cli_user[],
                              um_cli_webhook[];

/* --- cli.c --- */

extern const um_cli_noun_t um_cli_nouns[];          /**< the last row has no name */

/* --- cli_option.c --- */

extern const um_cli_option_t um_cli_options[];      /**< the last row has no name */

/** Reads the options, moves the words that are none behind them, and sets *words to the index of the first such word.
 * 0: an option is wrong, which is printed. */
int um_cli_option_read(um_cli_t *cli, int argc, char **argv, int *words);

/** Whether a command takes an option. */
int um_cli_option_concerns(const um_cli_option_t *option, const um_cli_command_t *command);

/** Checks that a command takes all options that were given. UM_CLI_DONE, or UM_CLI_MISUSE, and it is printed which one
 * it does not take. */
int um_cli_option_check(const um_cli_t *cli, const um_cli_noun_t *noun, const um_cli_command_t *command);

/* --- cli_output.c: all that the program prints goes through these functions --- */

/** Prints a line to standard output. The line may contain what people have typed, so it is escaped (printable.h). */
__attribute__((format(printf, 2, 3)))
void um_cli_say(const um_cli_t *cli, const char *format, ...);

/** Prints a line to standard error, escaped in the same way, or leaves it in cli->failure; returns code. */
__attribute__((format(printf, 3, 4)))
int um_cli_fail(const um_cli_t *cli, um_cli_exit_e code, const char *format, ...);

/** Prints why a call into core failed; returns the exit code.
 * @param what  the kind of thing that was looked for, such as "group"
 * @param name  its name */
int um_cli_fail_status(const um_cli_t *cli, const um_ctx_t *ctx, um_status_e status, const char *what,
                       const char *name);

/** Prints a record of a list: with --json the object as a line, otherwise the line of text, as um_cli_say does. On a
 * terminal the line of text is broken at blanks where it is too wide; scripts get a line a record. */
__attribute__((format(printf, 3, 4)))
void um_cli_list(const um_cli_t *cli, um_json_t *object, const char *format, ...);

/** Prints one record: with --json the object as a line, otherwise a line for each of its members: the name, and the
 * text, the number, "yes" or "no", or the members of a list separated by blanks; "-" for null. */
void um_cli_show(const um_cli_t *cli, um_json_t *object);

/** Adds a time to a record, as 2026-01-31T23:59:59Z. 0: null. */
void um_cli_put_time(um_json_t *object, const char *name, apr_time_t time);

/** How a line with a mark is coloured on a terminal. */
typedef enum um_cli_mark_e { UM_CLI_GOOD, UM_CLI_WARNING, UM_CLI_BAD } um_cli_mark_e;

/** Prints a line that begins with a mark, such as "ok". The mark is coloured if standard output is a terminal and the
 * environment has no NO_COLOR. */
__attribute__((format(printf, 4, 5)))
void um_cli_say_marked(const um_cli_t *cli, um_cli_mark_e kind, const char *mark, const char *format, ...);

/** Prints a question to standard error, escaped, without an end of line. */
__attribute__((format(printf, 2, 3)))
void um_cli_ask(const um_cli_t *cli, const char *format, ...);

/** Prints text of our own to standard output, unescaped. */
void um_cli_print(const char *text);

/** Writes text of our own, or text that is escaped already, to a file. 0: it could not be written. */
int um_cli_write(FILE *file, const char *text);

/** Flushes what was printed. 0: it could not be written. */
int um_cli_flush(void);

/** Abort function of pools: says that memory ran out and ends the program. Without it pools would return NULL. A
 * transaction that is open is then not committed. */
int um_cli_end_without_memory(int status);

/* --- cli_help.c --- */

/** What an exit code means. The last row has no text. */
typedef struct um_cli_exit_text_t {
    um_cli_exit_e code;
    const char *text;
} um_cli_exit_text_t;

extern const um_cli_exit_text_t um_cli_exit_texts[];

/** Prints the commands and options of one noun, or of all (NULL): to standard output if code is UM_CLI_DONE, otherwise
 * to standard error. Returns code. */
int um_cli_help(const um_cli_noun_t *noun, um_cli_exit_e code);

/** Prints that a command does not exist and the most similar one that does, or else the help. Returns UM_CLI_MISUSE.
 * @param verb  NULL: none was given */
int um_cli_help_unknown(const um_cli_t *cli, const char *noun, const char *verb);

/** Prints that an option does not exist and the most similar one that does. Returns UM_CLI_MISUSE.
 * @param given  with its dashes; a value behind "=" is not printed, because it may be a password */
int um_cli_help_unknown_option(const um_cli_t *cli, const char *given);

/* --- cli_account.c --- */

/** Finds the account that is meant by an id, a name or an address. UM_CLI_DONE, or another exit code, and the reason is
 * printed, with the accounts that an ambiguous text may mean. */
int um_cli_account_find(const um_cli_t *cli, const char *text, um_user_t **user);

/** Prints why a call about an account failed, all faults of its fields; returns the exit code.
 * @param name  what the account was called */
int um_cli_account_fail(const um_cli_t *cli, um_status_e status, const char *name);

/* --- cli_operator.c --- */

/** Who runs the program, for the record of events: "usermgmt/0.1.0 user root login alice". The login is the kernel's
 * word; where it has none, "SUDO_USER alice" is only what the environment says. */
const char *um_cli_operator(const um_cli_t *cli);

/* --- cli_secret.c --- */

/** Reads a new password: twice and without an echo from a terminal, otherwise one line of standard input. It is wiped
 * with cli->pool. 0: there is none, which is printed. */
int um_cli_secret_read(const um_cli_t *cli, um_secret_t *secret);

/** Makes a password of at least 100 random bits. 0: that failed, which is printed.
 * @param least  characters that it has at least */
int um_cli_secret_make(const um_cli_t *cli, int least, um_secret_t *secret);

/** Asks on a terminal whether to go on with what cannot be undone, unless --yes was given. Without a terminal --yes is
 * needed, because a script that lost its way must not delete anything. UM_CLI_DONE: the answer is the wanted one.
 * Otherwise the exit code, and the reason is printed. */
int um_cli_secret_confirm(const um_cli_t *cli, const char *question, const char *wanted);

/* --- cli_owner.c --- */

/** To be called before the file or folder at path is read or changed. Root permanently takes on the rights of the first
 * other user who owns a folder on the way to path, because that user may put links there which lead anywhere. A folder
 * that further users can write is refused, unless it has the sticky bit. For other users than root this does nothing.
 * @return UM_CLI_DONE, or another exit code, and the reason is printed */
int um_cli_owner_take_on(um_cli_t *cli, const char *path);

/* --- cli_httpd.c --- */

/** What became of a test run of httpd. */
typedef struct um_cli_httpd_t {
    int is_good;                /**< it found no error */
    const char *out, *error;    /**< what it printed to standard output and standard error */
} um_cli_httpd_t;

/** Lets the site's httpd test its configuration, that of --config or the usual one. Root takes on the rights of the
 * configuration's owner first.
 * @param to_dump  httpd prints the configuration (config_dump.c) and checks nothing
 * @return UM_CLI_DONE: httpd was run; or another exit code, and the reason is printed */
int um_cli_httpd_test(um_cli_t *cli, int to_dump, um_cli_httpd_t *result);

/* --- cli_site.c --- */

/** The configuration that is read: --config, or the usual one. */
const char *um_cli_site_config(const um_cli_t *cli);

/** Why httpd refuses its configuration, in one line: where, what it says, and what to do if that is known.
 * @param error  what it has printed */
const char *um_cli_site_refusal(um_cli_t *cli, const char *error);

/** Reads the site's configuration once, and sets cli->site and cli->hosts.
 * @return UM_CLI_DONE, or another exit code, and the reason is printed */
int um_cli_site_read(um_cli_t *cli);

/** A text of a host, or of the site; NULL: it is not set. */
const char *um_cli_site_text(const um_json_t *object, const char *name);

/** The host to work for, which is the first one. All hosts in question must agree in some settings; otherwise the error
 * lists them.
 * @param what   these settings for people, such as "databases"
 * @param names  their names, separated by blanks
 * @return UM_CLI_DONE, or another exit code, and the reason is printed */
int um_cli_site_host(um_cli_t *cli, const char *what, const char *names, const um_json_t **host);

/** The file or folder that a directive names, or httpd's PidFile.
 * @return UM_CLI_DONE, or another exit code, and the reason is printed */
int um_cli_site_place(um_cli_t *cli, const char *setting, const char **place);

/* --- cli_settings.c --- */

/** Makes the site for calls into core: with the settings of a host, or the defaults (host NULL). It has no store. */
um_site_t *um_cli_settings_site(um_cli_t *cli, const um_json_t *host);

/** Reads what new passwords are checked against and hashed with: the list of common passwords, reserved names and the
 * pepper.
 * @return UM_CLI_DONE, or another exit code, and the reason is printed */
int um_cli_settings_read_files(um_cli_t *cli, const um_json_t *host, um_site_t *site);

/* --- cli_mail.c --- */

/** Opens a host's transport of mails. *transport NULL: the host sends no mail. 0: it cannot be opened, *why says why
 * not. */
int um_cli_mail_transport(um_cli_t *cli, const um_json_t *host, um_transport_t **transport, const char **why);

/* --- cli_backup.c --- */

/** A connection string of PostgreSQL without its passwords, in pool. */
const char *um_cli_backup_conninfo(apr_pool_t *pool, const char *params);

/* --- cli_time.c --- */

/** Reads a span of time, such as 15m, into seconds. text NULL: leaves it as it is. 0: it is none, which is printed. */
int um_cli_time_span(const um_cli_t *cli, const char *option, const char *text, apr_int64_t *seconds);

/** Reads a moment, such as 2026-01-31, or how long ago it was. text NULL: 1970. 0: it is none, which is printed. */
int um_cli_time_since(const um_cli_t *cli, const char *option, const char *text, apr_time_t now, apr_time_t *moment);

/* --- cli_database.c --- */

/** Records steps of a rotation of keys (const char *) as events, if --driver and --params name a database or the folder
 * was that of the site. The keys have been changed already, so a failure is printed, and is no failure of the command.
 * Files of root may be closed afterwards. */
void um_cli_database_record_keys(um_cli_t *cli, const apr_array_header_t *steps);

/** Sets cli->driver and cli->params: those of the call, or else those of the site.
 * @return UM_CLI_DONE, or another exit code, and the reason is printed */
int um_cli_database_find(um_cli_t *cli);

/** Opens the database of --driver and --params, or else of the site, for core, and sets cli->ctx. Makes neither a
 * database nor a step of its schema. Root takes on the rights of the owner of a SQLite database's folder.
 * @return UM_CLI_DONE, or another exit code, and the reason is printed */
int um_cli_database_open(um_cli_t *cli);

/** The same, with what is needed to set passwords. */
int um_cli_database_open_for_passwords(um_cli_t *cli);

/** The same for a command about the schema.
 * @param to_upgrade  the command changes the schema: a SQLite database that does not exist is made */
int um_cli_database_open_schema(um_cli_t *cli, int to_upgrade, um_store_call_t *call);

#endif
