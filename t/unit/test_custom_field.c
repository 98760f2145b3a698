/* SPDX-License-Identifier: Apache-2.0 */
/* Custom fields: dates and integers, what is shown of stored values, claims, and comparing. */
#include "custom_field.h"
#include "json.h"
#include "tap.h"

#include <apr_general.h>
#include <string.h>

static const um_custom_field_t rows[] = {
    { .name = "phone", .kind = UM_CUSTOM_TEXT, .max_length = 20, .is_claim = 1 },
    { .name = "age", .kind = UM_CUSTOM_INTEGER, .is_claim = 1 },
    { .name = "news", .kind = UM_CUSTOM_BOOLEAN, .is_claim = 1 },
    { .name = "born", .kind = UM_CUSTOM_DATE },
};

static const um_custom_fields_t fields = { 4, rows, 0 };

static void test_dates(void)
{
    static const struct { const char *text; int is_date; } cases[] = {
        { "2024-02-29", 1 }, { "2023-02-29", 0 }, { "1900-02-29", 0 }, { "2000-02-29", 1 }, { "0001-01-01", 1 },
        { "0000-01-01", 0 }, { "9999-12-31", 1 }, { "2024-04-31", 0 }, { "2024-13-01", 0 }, { "2024-00-01", 0 },
        { "2024-01-00", 0 }, { "2024-1-01", 0 }, { "2024-01-1", 0 }, { "2024-01-011", 0 }, { "2024/01/01", 0 },
        { "", 0 }, { "2024", 0 }, { "2024-01-01T", 0 }, { "-024-01-01", 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_int(um_custom_field_is_date(cases[i].text), cases[i].is_date, cases[i].text);
    }
}

static void test_integers(void)
{
    static const struct { const char *text; int is_good; apr_int64_t number; } cases[] = {
        { "0", 1, 0 }, { "-1", 1, -1 }, { "007", 1, 7 }, { "9007199254740991", 1, 9007199254740991 },
        { "9007199254740992", 0, 0 }, { "-9007199254740991", 1, -9007199254740991 }, { "-9007199254740992", 0, 0 },
        { "99999999999999999999999", 0, 0 }, { "", 0, 0 }, { "-", 0, 0 }, { "+1", 0, 0 }, { "1.0", 0, 0 }, { " 1", 0,
            0 },
        { "1 ", 0, 0 }, { "0x1", 0, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_int64_t number;
        int is_good = um_custom_field_integer(cases[i].text, &number);

        ok(is_good == cases[i].is_good && (!is_good || number == cases[i].number), "'%s'", cases[i].text);
    }
}

static const char *shown(apr_pool_t *pool, const um_custom_fields_t *of, const char *stored)
{
    um_json_t *out = um_json_object(pool);

    um_custom_field_show(pool, of, stored, out);
    return um_json_print(pool, out);
}

static void test_shown(apr_pool_t *pool)
{
    static const char none[] = "{\"phone\":\"\",\"age\":null,\"news\":null,\"born\":null}";
    static const char all[] = "{\"phone\":\"1\",\"age\":-9007199254740991,\"news\":false,\"born\":\"2000-01-01\"}";

    is_text(shown(pool, NULL, all), "{}", "a site without fields shows none");
    is_text(shown(pool, &fields, "{}"), none, "nothing stored");
    is_text(shown(pool, &fields, ""), none, "no object");
    is_text(shown(pool, &fields, NULL), none, "nor any text");
    is_text(shown(pool, &fields,
        "{\"news\": false, \"other\": [1], \"born\": \"2000-01-01\", \"age\": -9007199254740991,"
                                 " \"phone\": \"1\"}"), all, "in the order of the fields, without others");
    is_text(shown(pool, &fields, "{\"phone\":1,\"age\":\"1\",\"news\":\"true\",\"born\":\"x\"}"), none,
            "values of other kinds");
    is_text(shown(pool, &fields, "{\"phone\":null,\"age\":1.5,\"news\":0,\"born\":20}"), none, "and others");
    is_text(um_custom_field_claims(pool, &fields, all), "{\"phone\":\"1\",\"age\":-9007199254740991,\"news\":false}",
            "claims alone");
    is_text(um_custom_field_claims(pool, &fields, "{\"phone\":\"\"}"), "{}", "without empty ones");
    is_text(um_custom_field_claims(pool, NULL, all), "", "none without fields");
    is_text(um_custom_field_text(pool, &rows[1], all), "-9007199254740991", "an integer as text");
    is_text(um_custom_field_text(pool, &rows[2], all), "0", "a boolean");
    is_text(um_custom_field_text(pool, &rows[2], "{\"news\":true}"), "1", "and the other one");
    is_text(um_custom_field_text(pool, &rows[0], ""), "", "none");
}

static void test_changes(apr_pool_t *pool)
{
    static const char stored[] = "{\"phone\":\"1\",\"age\":5,\"news\":true}";
    static const struct { const char *change, *names; } cases[] = {
        { NULL, "" }, { "{}", "" }, { "{\"age\":5}", "" }, { "{\"age\":6}", " age" }, { "{\"age\":null}", " age" },
        { "{\"born\":null}", "" }, { "{\"born\":\"2000-01-01\"}", " born" },
        { "{\"phone\":\"1\",\"news\":true}", "" }, { "{\"phone\":\"2\"}", " phone" }, { "{\"news\":false}", " news" },
        { "{\"news\":false,\"phone\":null,\"age\":5}", " phone news" }, { "{\"other\":1}", "" },
        { "{\"phone\":\"\"}", " phone" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_text(um_custom_field_changes(pool, &fields, stored, cases[i].change), cases[i].names,
                cases[i].change ? cases[i].change : "nothing");
    }
    is_text(um_custom_field_changes(pool, &fields, "{}", "{\"phone\":\"\",\"age\":null}"), "",
            "none to none is no change");
    is_text(um_custom_field_changes(pool, &fields, "{\"phone\":\"\"}", "{\"phone\":null}"), "", "nor is \"\" to none");
    ok(um_custom_field_find(&fields, "age", 3) == &rows[1] && !um_custom_field_find(&fields, "ag", 2)
       && !um_custom_field_find(NULL, "age", 3), "a field is found by its whole name");
    is_text(um_custom_field_type(UM_CUSTOM_DATE), "date", "the name of a kind");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_dates();
    test_integers();
    test_shown(pool);
    test_changes(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
