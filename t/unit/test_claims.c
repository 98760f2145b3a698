/* SPDX-License-Identifier: Apache-2.0 */
/* Claims of tokens that were verified: every kind of value, as text and compared. */
#include "base64url.h"
#include "claims.h"
#include "tap.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

static const char TOKEN[] =
    "{\"s\":\"text\",\"empty\":\"\",\"i\":42,\"big\":9007199254740993,\"f\":1.5,\"t\":true,\"no\":false,\"n\":null,"
    "\"l\":[\"a\",\"b c\",7,true,null,[\"x\"]],\"none\":[],\"o\":{\"a\":1},\"nul\":\"a\\u0000b\",\"u\":\"B\xC3\xBCro\","
    "\"x:y\":\"z\"}";

typedef struct case_t {
    const char *name, *text;    /* NULL: no text */
    const char *is, *is_not;
} case_t;

#define LIST "[\"a\",\"b c\",7,true,null,[\"x\"]]"

static const case_t cases[] = {
    { "s", "text", "text", "tex" }, { "empty", "", "", "x" }, { "i", "42", "42", "42.0" },
    { "big", "9007199254740993", "9007199254740993", "9007199254740992" }, { "f", "1.5", "1.5", "1" },
    { "t", "true", "true", "1" }, { "no", "false", "false", "0" }, { "n", NULL, NULL, "null" },
    { "l", LIST, "b c", "b" }, { "l", LIST, "7", "x" }, { "l", LIST, "true", "null" }, { "none", "[]", NULL, "" },
    { "o", "{\"a\":1}", "{\"a\":1}", "1" }, { "nul", NULL, NULL, "a" }, { "u", "B\xC3\xBCro", "B\xC3\xBCro", "Buro" },
    { "x:y", "z", "z", "y:z" }, { "absent", NULL, NULL, "" }, { "S", NULL, NULL, "text" }, { "", NULL, NULL, "" },
};

static const char *token_of(apr_pool_t *pool, const char *claims)
{
    return apr_pstrcat(pool, "e30.", um_base64url_encode(pool, claims, strlen(claims)), ".c2ln", NULL);
}

int main(void)
{
    static const char *const wrong[] = { "", "x", "e30", "e30.!.x", "e30.e30=.x", "e30..x", "e30.W10.x.y" };
    apr_pool_t *pool;
    um_json_t *claims;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    claims = um_claims_of(pool, token_of(pool, TOKEN));
    ok(claims != NULL, "the claims of a token are parsed");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const case_t *c = &cases[i];
        const char *text = um_claims_text(pool, claims, c->name);

        ok(text && c->text ? strcmp(text, c->text) == 0 : !text && !c->text, "the claim \"%s\" is %s as text", c->name,
           c->text ? c->text : "no text");
        ok(!c->is || um_claims_has(pool, claims, c->name, c->is), "the claim \"%s\" has %s", c->name,
           c->is ? c->is : "nothing");
        ok(!um_claims_has(pool, claims, c->name, c->is_not),
           "the claim \"%s\" does not have \"%s\"", c->name, c->is_not);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]) - 1; i++) {
        ok(!um_claims_of(pool, wrong[i]), "\"%s\" has no claims", wrong[i]);
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
