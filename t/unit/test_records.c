/* SPDX-License-Identifier: Apache-2.0 */
#include "isotime.h"
#include "records.h"
#include "tap.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

static apr_pool_t *pool;

typedef enum { LINES, CSV, JSON } format_e;

/* All records of a text: each in brackets, fields by "|", "!" for one that was refused; the end, "." or "#" where the
 * file cannot be read further. */
static const char *read_all(format_e format, const char *text, apr_size_t size)
{
    FILE *file = size ? fmemopen((void *)(apr_uintptr_t)text, size, "r") : fopen("/dev/null", "r");
    um_records_t *records = um_records_create(pool, file);
    const char *all = "", *json = NULL;
    apr_array_header_t *fields = NULL;
    apr_status_t rv = APR_SUCCESS;
    apr_size_t len = 0;
    char *line = NULL;

    while (rv == APR_SUCCESS || rv == APR_EINVAL) {
        rv = format == LINES ? um_records_line(records, &line) : format == CSV ? um_records_csv(records, pool, &fields)
             : um_records_json(records, &json, &len);
        if (rv == APR_SUCCESS) {
            all = apr_pstrcat(pool, all, "[", format == LINES ? line : format == CSV
                              ? apr_array_pstrcat(pool, fields, '|') : apr_pstrmemdup(pool, json, len), "]", NULL);
        }
        else {
            all = apr_pstrcat(pool, all, rv == APR_EINVAL ? "!" : rv == APR_EOF ? "." : "#", NULL);
        }
    }
    fclose(file);
    return all;
}

static void test_texts(void)
{
    static const struct { format_e format; const char *text, *want; } cases[] = {
        { LINES, "", "." }, { LINES, "a", "[a]." }, { LINES, "a\n", "[a]." }, { LINES, "a\r\n\nb\n", "[a][][b]." },
        { LINES, "\xEF\xBB\xBF" "a\n\xEF\xBB\xBF" "b", "[a][\xEF\xBB\xBF" "b]." },
        { CSV, "", "." }, { CSV, "\n\r\n", "." }, { CSV, "a,b\n1,2", "[a|b][1|2]." },
        { CSV, "a,\r\n,b\r\n", "[a|][|b]." },
        { CSV, "\"a,\"\"b\"\"\n\",c\n", "[a,\"b\"\n|c]." }, { CSV, "\"\",\"\"\n", "[|]." }, { CSV, "\"a\"", "[a]." },
        { CSV, "\"a\"b,c\nd\n", "![d]." }, { CSV, "a\"b,c\nd\n", "![d]." }, { CSV, "a\rb\nc\n", "![c]." },
        { CSV, "\"a\n", "#" }, { CSV, "\xEF\xBB\xBF" "a,b\n", "[a|b]." }, { CSV, "a,b\n\n\nc,d", "[a|b][c|d]." },
        { JSON, "", "#" }, { JSON, "x", "#" }, { JSON, "[]", "." }, { JSON, " [ ] \n", "." }, { JSON, "[] x", "#" },
        { JSON, "[1,\"a]\\\"\",{\"x\":[1,{}]} ]", "[1][\"a]\\\"\"][{\"x\":[1,{}]} ]." }, { JSON, "[1", "#" },
        { JSON, "[{\"a\":1},", "[{\"a\":1}]#" }, { JSON, "[\"a", "#" }, { JSON, "[\"a\\", "#" },
        { JSON, "[1]]", "[1]#" },
        { JSON, "[,]", "[][]." }, { JSON, "[{]", "#" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_text(read_all(cases[i].format, cases[i].text, strlen(cases[i].text)), cases[i].want, "records");
    }
    is_text(read_all(LINES, "a\0b\nc\n", 6), "![c].", "a line with a NUL is refused");
    is_text(read_all(CSV, "a\0b,x\nc\n", 8), "![c].", "a row with a NUL is refused");
    is_text(read_all(JSON, "[\"a\0b\",1]", 9), "![1].", "an element with a NUL is refused");
}

static void test_long(void)
{
    apr_size_t size = 2 * UM_RECORDS_LONGEST + 64;
    char *text = malloc(size);

    memset(text, 'x', size);
    memcpy(text + UM_RECORDS_LONGEST + 1, "\nnext\n", 6);
    is_text(read_all(LINES, text, UM_RECORDS_LONGEST + 7), "![next].", "a line that is too long is refused");
    memmove(text, text + 1, size - 1);
    is_int((int)strlen(read_all(LINES, text, UM_RECORDS_LONGEST + 6)), UM_RECORDS_LONGEST + 2 + 7,
           "the longest line is read");
    memset(text, 'x', size);
    text[UM_RECORDS_LONGEST + 8] = '\n';
    text[UM_RECORDS_LONGEST + 9] = 'y';
    is_text(read_all(CSV, text, UM_RECORDS_LONGEST + 10), "![y].", "a row that is too long is refused");
    text[0] = '[';
    text[UM_RECORDS_LONGEST + 8] = ',';
    text[UM_RECORDS_LONGEST + 10] = ']';
    is_text(read_all(JSON, text, UM_RECORDS_LONGEST + 11), "![y].", "an element that is too long is refused");
    free(text);
}

static void test_lines(void)
{
    FILE *file = fmemopen((void *)(apr_uintptr_t)"a,\"b\nc\"\n\n\nd,e\n", 14, "r");
    apr_array_header_t *fields;
    um_records_t *records = um_records_create(pool, file);

    um_records_csv(records, pool, &fields);
    is_int((int)records->line, 1, "the first row is in line 1");
    um_records_csv(records, pool, &fields);
    is_int((int)records->line, 5, "line ends in fields and empty lines count");
    ok(um_records_rewind(records) && um_records_csv(records, pool, &fields) == APR_SUCCESS && records->line == 1,
       "a file can be read again");
    fclose(file);
}

static void test_times(void)
{
    static const struct { const char *text; apr_int64_t want; } cases[] = {
        { "0", 0 }, { "1580699106", 1580699106 }, { "2020-02-03", 1580688000 }, { "2020-02-03T04:05:06Z", 1580702706 },
        { "2020-02-03 04:05:06", 1580702706 }, { "2020-02-03T04:05:06.789Z", 1580702706 },
        { "2020-02-03T04:05", 1580702700 },
        { "2020-02-03T04:05:06+01:00", 1580699106 }, { "2020-02-03T04:05:06-0130", 1580708106 },
        { "1970-01-01T00:00:00+01:00", 0 }, { "", -1 }, { "x", -1 }, { "2020-02-03T", -1 }, { "2020-13-01", -1 },
        { "2020-02-03T25:00:00", -1 }, { "2020-02-03T04:05:06.Z", -1 }, { "2020-02-03x", -1 }, { "20200203T04", -1 },
        { "2024-02-29", 1709164800 }, { "2023-02-29", -1 }, { "2100-02-29", -1 }, { "2000-02-29", 951782400 },
        { "2020-04-31T00:00:00Z", -1 }, { "2020-12-31", 1609372800 }, { "9999-12-31T23:59:59Z", 253402300799 },
        { "9999-12-31T23:59:59-00:01", -1 },
        { "99999999999999999999", -1 }, { "999999999999", -1 }, { "2020-02-03T04:05:06+1", -1 }, { "-5", -1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_int64_t seconds;
        int good = um_isotime_read(cases[i].text, &seconds);

        ok(cases[i].want < 0 ? !good : good && seconds == cases[i].want, "\"%s\": %d", cases[i].text, (int)seconds);
    }
    is_text(um_isotime_print(pool, 1580702706), "2020-02-03T04:05:06Z", "a time is printed");
    is_text(um_isotime_print(pool, -1), "1970-01-01T00:00:00Z", "one before the epoch is the epoch");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_texts();
    test_long();
    test_lines();
    test_times();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_done();
}
