# SPDX-License-Identifier: Apache-2.0
# Turns the schema's steps, sql/<dialect>/NNN_name.sql, into rows of a C table:
#     { UM_DIALECT_PGSQL, 1, "001_accounts", "text" },
# The files are given in order. The build stops when a number is left out or when the dialects differ in their steps,
# because a step left out would be found only by the administrator whose upgrade it breaks.

function die(message)
{
    print "embed-sql: " message > "/dev/stderr"
    failed = 1
    exit 1
}

function finish()
{
    if (open)
        print " },"
    open = 0
}

function start(path,    part, n, dialect, name)
{
    n = split(path, part, "/")
    dialect = part[n - 1]
    name = part[n]
    if (n < 2 || name !~ /^[0-9][0-9][0-9]_[a-z0-9_]+\.sql$/)
        die(path ": the name is not <dialect>/NNN_name.sql")
    sub(/\.sql$/, "", name)
    if (!(dialect in steps))
        dialects[++ndialects] = dialect
    names[dialect, ++steps[dialect]] = name
    if (substr(name, 1, 3) + 0 != steps[dialect])
        die(path ": step " steps[dialect] " was expected here")
    printf "{ UM_DIALECT_%s, %d, \"%s\",\n", toupper(dialect), steps[dialect], name
    open = 1
}

FNR == 1 {
    finish()
    start(FILENAME)
}

{
    gsub(/["\\]/, "\\\\&")
    print "    \"" $0 "\\n\""
}

END {
    finish()
    if (failed)
        exit 1
    if (ndialects < 1)
        die("no file was given")
    for (i = 2; i <= ndialects; i++) {
        a = dialects[1]
        b = dialects[i]
        for (n = 1; n <= steps[a] || n <= steps[b]; n++)
            if (names[a, n] != names[b, n])
                die("step " n " differs: " a " has \"" names[a, n] "\", " b " has \"" names[b, n] "\"")
    }
}
