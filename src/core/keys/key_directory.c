/* SPDX-License-Identifier: Apache-2.0 */
#include "key_directory.h"

#include <apr_file_info.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

/* 20260131T235959Z */
#define STAMP_FORMAT "%Y%m%dT%H%M%SZ"
#define STAMP_LEN 16
#define LARGEST_LEAD apr_time_from_sec(86400)
#define FILE_WANTED (APR_FINFO_TYPE | APR_FINFO_SIZE | APR_FINFO_MTIME | APR_FINFO_CTIME | APR_FINFO_INODE \
                     | APR_FINFO_PROT)

static const char *const marks[] = { [UM_KEY_NEXT] = ".next", [UM_KEY_IN_USE] = "", [UM_KEY_RETIRED] = ".retired" };

/* --- names --- */

/* Where .pem or .jwk begins. NULL: the name is not that of a key file. */
static const char *ending(const char *name)
{
    const char *end = strrchr(name, '.');

    return name[0] != '.' && end && (strcmp(end, ".pem") == 0 || strcmp(end, ".jwk") == 0) ? end : NULL;
}

/* The length of the name without the mark of its state and what follows. */
static apr_size_t stem(const char *name, um_key_state_e *state)
{
    const char *end = ending(name);
    apr_size_t len = end ? (apr_size_t)(end - name) : strlen(name);

    for (int i = UM_KEY_NEXT; i <= UM_KEY_RETIRED; i++) {
        apr_size_t mark = strlen(marks[i]);

        if (mark && len > mark && strncmp(name + len - mark, marks[i], mark) == 0) {
            *state = (um_key_state_e)i;
            return len - mark;
        }
    }
    *state = UM_KEY_IN_USE;
    return len;
}

static int read_digits(const char *text, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static apr_time_t stamp_of(const char *name)
{
    static const char shape[] = "ddddddddTddddddZ";
    apr_time_exp_t parts = { 0 };
    apr_time_t time;

    for (int i = 0; i < STAMP_LEN; i++) {
        if (shape[i] == 'd' ? !apr_isdigit(name[i]) : name[i] != shape[i]) {
            return 0;
        }
    }
    parts.tm_year = read_digits(name, 4) - 1900;
    parts.tm_mon = read_digits(name + 4, 2) - 1;
    parts.tm_mday = read_digits(name + 6, 2);
    parts.tm_hour = read_digits(name + 9, 2);
    parts.tm_min = read_digits(name + 11, 2);
    parts.tm_sec = read_digits(name + 13, 2);
    return apr_time_exp_gmt_get(&time, &parts) == APR_SUCCESS ? time : 0;
}

const char *um_key_directory_name(apr_pool_t *pool, const char *name, um_key_state_e state, apr_time_t stamp)
{
    um_key_state_e was;
    apr_size_t len = stem(name, &was), stamp_len;
    const char *end = ending(name), *rest = name, *dash = "";
    char text[STAMP_LEN + 1] = "";
    apr_time_exp_t parts;

    if (stamp) {
        apr_time_exp_gmt(&parts, stamp);
        apr_strftime(text, &stamp_len, sizeof(text), STAMP_FORMAT, &parts);
        rest += stamp_of(name) ? STAMP_LEN : 0;
        dash = stamp_of(name) ? "" : "-";
    }
    return apr_pstrcat(pool, text, dash, apr_pstrmemdup(pool, rest, len - (apr_size_t)(rest - name)), marks[state],
                       end ? end : "", NULL);
}

int um_key_directory_has_time(const um_key_directory_file_t *file, apr_time_t now)
{
    return file->stamp && file->stamp <= now + LARGEST_LEAD;
}

apr_time_t um_key_directory_since(const um_key_directory_file_t *file, apr_time_t now)
{
    apr_time_t written = file->modified > file->changed ? file->modified : file->changed;

    return um_key_directory_has_time(file, now) ? file->stamp : written < now ? written : now;
}

/* --- files --- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const um_key_directory_file_t *)a)->name, ((const um_key_directory_file_t *)b)->name);
}

static apr_status_t refuse_path(apr_pool_t *pool, const char *path, apr_status_t rv, const char **why)
{
    char text[120];

    *why = apr_psprintf(pool, "%s cannot be read: %s", path, apr_strerror(rv, text, sizeof(text)));
    return APR_EGENERAL;
}

static void add_file(apr_pool_t *pool, apr_array_header_t *files, const char *path, const apr_finfo_t *info)
{
    um_key_directory_file_t *file = apr_array_push(files);
    const char *slash = strrchr(path, '/');

    file->path = path;
    file->name = slash ? slash + 1 : path;
    stem(file->name, &file->state);
    file->is_open = info->filetype == APR_REG && (info->protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE)) != 0;
    file->stamp = stamp_of(file->name);
    file->modified = info->mtime;
    file->changed = info->ctime;
    file->fingerprint = apr_psprintf(pool, "%s %" APR_OFF_T_FMT " %" APR_TIME_T_FMT " %" APR_UINT64_T_FMT " %d\n",
                                     file->name,
                               info->size, info->mtime, (apr_uint64_t)info->inode, file->is_open);
}

static apr_status_t list_folder(apr_pool_t *pool, const char *path, apr_array_header_t *files, const char **why)
{
    apr_dir_t *dir;
    const apr_finfo_t none = { .filetype = APR_UNKFILE };
    apr_finfo_t entry, info;
    apr_status_t rv = apr_dir_open(&dir, path, pool);

    if (rv != APR_SUCCESS) {
        return refuse_path(pool, apr_pstrcat(pool, "folder ", path, NULL), rv, why);
    }
    while (apr_dir_read(&entry, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (ending(entry.name)) {
            const char *file = apr_pstrcat(pool, path, "/", entry.name, NULL);

            rv = apr_stat(&info, file, FILE_WANTED, pool);
            if (rv == APR_SUCCESS || rv == APR_INCOMPLETE) {
                add_file(pool, files, file, &info);
            }
            else if (!APR_STATUS_IS_ENOENT(rv)) {
                /* A link whose target may not be looked at is a file that cannot be read. It must not hide the others.
                 * */
                add_file(pool, files, file, &none);
            }
        }
    }
    apr_dir_close(dir);
    qsort(files->elts, (size_t)files->nelts, sizeof(um_key_directory_file_t), by_name);
    if (!files->nelts) {
        *why = apr_psprintf(pool, "folder %s holds no .pem or .jwk file; make a key with: usermgmt key new %s", path,
                            path);
        return APR_ENOENT;
    }
    return APR_SUCCESS;
}

apr_status_t um_key_directory_list(apr_pool_t *pool, const char *path, apr_array_header_t **files, const char **why)
{
    apr_finfo_t info;
    apr_status_t rv = apr_stat(&info, path, FILE_WANTED, pool);

    *files = apr_array_make(pool, 8, sizeof(um_key_directory_file_t));
    if (rv != APR_SUCCESS && rv != APR_INCOMPLETE) {
        return refuse_path(pool, path, rv, why);
    }
    if (info.filetype != APR_DIR) {
        add_file(pool, *files, apr_pstrdup(pool, path), &info);
        APR_ARRAY_IDX(*files, 0, um_key_directory_file_t).state = UM_KEY_IN_USE;
        return APR_SUCCESS;
    }
    if (info.protection & APR_FPROT_WWRITE) {
        *why = apr_psprintf(pool, "folder %s can be written by others, who could put their own keys there; close it "
                            "with: chmod o-w %s", path, path);
        return APR_EGENERAL;
    }
    return list_folder(pool, path, *files, why);
}

const char *um_key_directory_fingerprint(apr_pool_t *pool, const apr_array_header_t *files)
{
    apr_array_header_t *texts = apr_array_make(pool, files->nelts, sizeof(const char *));

    for (int i = 0; i < files->nelts; i++) {
        APR_ARRAY_PUSH(texts, const char *) = APR_ARRAY_IDX(files, i, um_key_directory_file_t).fingerprint;
    }
    return apr_array_pstrcat(pool, texts, '\0');
}
