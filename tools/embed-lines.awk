# SPDX-License-Identifier: Apache-2.0
# Turns a text into the elements of a C array of texts, one a line:
#     "    line",
# The build stops at an empty file, because the module would serve nothing in its place.

{
    gsub(/["\\]/, "\\\\&")
    print "\"" $0 "\","
}

END {
    if (NR < 1) {
        print "embed-lines: the text is empty" > "/dev/stderr"
        exit 1
    }
}
