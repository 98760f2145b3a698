/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UM_SHAPE_H
#define UM_SHAPE_H
/* The members of a body as a table: checked, read and described (OPTIONS) from the same rows. */
#include "call.h"

#include <stddef.h>

typedef enum {
    UM_TEXT,                    /**< into a const char *, without blanks around it */
    UM_NAME,                    /**< the same, of the form of a user's name */
    UM_EMAIL,                   /**< the same, of the form of an e-mail address, or "" where that is allowed */
    UM_TRUTH,                   /**< into an int, 0 or 1; absent: 0 */
    UM_SECRET,                  /**< into a um_secret_t, exactly as it came; wiped when the request is over */
    UM_FIXED                    /**< is not set by this body: ignored, but staff is told, as it may have meant to */
} um_member_e;

/* what a member may be */
#define UM_NEEDED   1           /**< must be there */
#define UM_BLANK_OK 2           /**< may be "" */
#define UM_IF_COOKIE 4          /**< is known only where UserMgmtCookie names one */
#define UM_SHOWN    8           /**< UM_FIXED: the account of the path is shown with it, so it may come back as it is */

typedef struct um_member_t {
    const char *name;
    const char *also[2];        /**< other names it is known by */
    const char *label;
    um_member_e kind;
    int flags;
    int longest;                /**< characters; 0: core knows, for a secret the site's longest password */
    apr_size_t offset;          /**< in the shape's structure; of one with UM_SHOWN, in um_user_t */
} um_member_t;

struct um_shape_t {
    apr_size_t size;            /**< of the structure */
    int count;
    const um_member_t *members;
};

#define UM_SHAPE(type, rows) { sizeof(type), (int)(sizeof(rows) / sizeof((rows)[0])), rows }

/** Reads a document into call->in. What is faulty stays NULL there and is noted in call->ctx.errors; an absent member
 * that is not needed stays NULL and is no fault. UM_INVALID: the document is no object, nothing was read. */
um_status_e um_shape_read(um_call_t *call, const um_shape_t *shape, const um_json_doc_t *doc);

/** Whether a shape has a member of this name, which need not end with a NUL. See um_json_wanted_fn. */
int um_shape_has(const void *shape, const char *name, apr_size_t len);

/** What OPTIONS says of a shape: an object with a member for each. */
um_json_t *um_shape_describe(const um_call_t *call, const um_shape_t *shape);

/** Where a field stands in the shape, for telling errors in its order; count for a field it does not have. */
int um_shape_position(const um_shape_t *shape, const char *field);

#endif
