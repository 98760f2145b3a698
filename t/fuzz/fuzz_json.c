/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a JSON text. What is taken must print as a text that is taken again and prints alike; what is refused has a
 * reason in plain ASCII. */
#include "fuzz.h"

#include "json.h"

static int is_a(const void *unused, const char *name, size_t len)
{
    (void)unused;
    return len == 1 && *name == 'a';
}

/* The reader that builds less takes and refuses the same. */
static void check_wanted(apr_pool_t *pool, const char *text, size_t len, const um_json_doc_t *whole)
{
    um_json_doc_t *doc;
    const char *why = NULL;
    apr_status_t rv = um_json_parse_wanted(pool, text, len, 32, is_a, NULL, &doc, &why);

    need((rv == APR_SUCCESS) == (whole != NULL));
    if (whole) {
        need(doc->kind == whole->kind);
        need(um_json_get(doc->root, "a").kind == um_json_get(whole->root, "a").kind);
        need(um_json_get(doc->root, "a").len == um_json_get(whole->root, "a").len);
    }
}

static void check(apr_pool_t *pool, const char *text, size_t len)
{
    um_json_doc_t *doc, *again;
    const char *why = NULL, *printed;

    if (um_json_parse(pool, text, len, 32, &doc, &why) != APR_SUCCESS) {
        need(why != NULL && *why && strcmp(why, "text not understood") != 0);
        for (; *why; ++why) {
            need(*why >= ' ' && *why <= '~');
        }
        check_wanted(pool, text, len, NULL);
        return;
    }
    need((doc->root == NULL) == (doc->kind == UM_JSON_NULL));
    um_json_has_text(doc->root, "a", "b");
    need(um_json_get(doc->root, "a").kind == UM_JSON_ABSENT || doc->kind == UM_JSON_OBJECT);
    check_wanted(pool, text, len, doc);
    printed = um_json_print(pool, doc->root);
    need(um_json_parse(pool, printed, strlen(printed), 32, &again, &why) == APR_SUCCESS);
    need(again->kind == doc->kind && !again->lone);
    need(strcmp(um_json_print(pool, again->root), printed) == 0);
}

static void fuzz_check(apr_pool_t *pool, const char *text, size_t size)
{
    check(pool, fuzz_exact(pool, text, size), size);
}
