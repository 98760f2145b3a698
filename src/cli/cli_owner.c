/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <apr_strings.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS 40

/* A path that is followed, one name after the other. */
typedef struct walk_t {
    um_cli_t *cli;
    const char *folder;         /* absolute, without links */
    const char *rest;           /* of the path, from there */
    int links;                  /* followed so far */
    int is_shared;              /* other users may make files in folder, but not change existing ones (sticky bit) */
} walk_t;

/* Takes on the rights of owner permanently. The group is that of the file at path if the owner owns it, because new
 * files get that group; otherwise the owner's own. It must not be root's. */
static int become(um_cli_t *cli, uid_t owner, const char *folder, const char *path)
{
    const struct passwd *user = getpwuid(owner);
    gid_t group = user ? user->pw_gid : 0;
    struct stat info;

    if (stat(path, &info) == 0 && info.st_uid == owner && info.st_gid != 0) {
        group = info.st_gid;
    }
    if (group == 0) {
        return um_cli_fail(cli, UM_CLI_FAILED,
                           "folder %s belongs to a user whose group is root's: give it another "
                           "group with chgrp", folder);
    }
    if ((user ? initgroups(user->pw_name, group) : setgroups(0, NULL)) != 0 || setgid(group) != 0
        || setuid(owner) != 0) {
        return um_cli_fail(cli, UM_CLI_FAILED, "folder %s: the rights of its owner cannot be taken on: %s", folder,
                           strerror(errno));
    }
    return UM_CLI_DONE;
}

/* Continues at the target of a link. */
static int follow(walk_t *walk, const char *link, const struct stat *info)
{
    char target[PATH_MAX];
    ssize_t len = readlink(link, target, sizeof(target) - 1);

    if (len < 0 || ++walk->links > MOST_LINKS) {
        return um_cli_fail(walk->cli, UM_CLI_UNREACHABLE, "%s: %s", link, strerror(len < 0 ? errno : ELOOP));
    }
    if (walk->is_shared && info->st_uid != 0) {
        return um_cli_fail(walk->cli, UM_CLI_FAILED, "%s is a link that another user has made: root does not follow it",
                           link);
    }
    target[len] = '\0';
    walk->folder = target[0] == '/' ? "" : walk->folder;
    walk->rest = apr_pstrcat(walk->cli->pool, target, "/", walk->rest, NULL);
    return UM_CLI_DONE;
}

/* The next name of rest, NULL when there is none. */
static const char *next_name(walk_t *walk)
{
    const char *name;
    apr_size_t len;

    walk->rest += strspn(walk->rest, "/");
    len = strcspn(walk->rest, "/");
    name = apr_pstrmemdup(walk->cli->pool, walk->rest, len);
    walk->rest += len;
    return len ? name : NULL;
}

/* 0: the walk ends here, at a file or at a name that does not exist yet. */
static int step(walk_t *walk, const char *name, int *code)
{
    const char *path = apr_pstrcat(walk->cli->pool, walk->folder, "/", name, NULL), *slash;
    struct stat info;

    if (strcmp(name, "..") == 0) {
        slash = strrchr(walk->folder, '/');
        walk->folder = slash ? apr_pstrmemdup(walk->cli->pool, walk->folder, (apr_size_t)(slash - walk->folder)) : "";
        return 1;
    }
    if (strcmp(name, ".") == 0) {
        return 1;
    }
    if (lstat(path, &info) != 0) {
        return 0;
    }
    if (S_ISLNK(info.st_mode)) {
        *code = follow(walk, path, &info);
        return *code == UM_CLI_DONE;
    }
    walk->folder = path;
    return S_ISDIR(info.st_mode);
}

int um_cli_owner_take_on(um_cli_t *cli, const char *path)
{
    walk_t walk = { .cli = cli, .folder = "", .rest = path };
    char current[PATH_MAX];
    const char *name = "";
    int code = UM_CLI_DONE;

    if (geteuid() != 0) {
        return UM_CLI_DONE;
    }
    if (path[0] != '/' && getcwd(current, sizeof(current))) {
        walk.rest = apr_pstrcat(cli->pool, current, "/", path, NULL);
    }
    do {
        const char *folder = *walk.folder ? walk.folder : "/";
        struct stat info;

        if (stat(folder, &info) != 0) {
            return um_cli_fail(cli, UM_CLI_UNREACHABLE, "%s: %s", folder, strerror(errno));
        }
        if (info.st_uid != 0) {
            return become(cli, info.st_uid, folder, path);
        }
        walk.is_shared = (info.st_mode & S_IWOTH) || ((info.st_mode & S_IWGRP) && info.st_gid != 0);
        if (walk.is_shared && !(info.st_mode & S_ISVTX)) {
            return um_cli_fail(cli, UM_CLI_FAILED, "folder %s can be written by others: root does not work in it; "
                               "close it with: chmod go-w %s", folder, folder);
        }
        name = next_name(&walk);
    } while (name && step(&walk, name, &code));
    return code;
}
