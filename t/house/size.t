#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Small files, small functions, lines that fit. A test's table of cases may be as long as it must.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my ($LONGEST_FILE, $LONGEST_FUNCTION, $LONGEST_LINE) = (400, 60, 120);

for my $file (files(qr{\A(?:src/.*|mod_usermgmt|t/unit/.*|t/fuzz/.*)\.[ch]\z})) {
    my @lines = lines_of($file);
    my $product = defined floor_of($file);
    complain($file, $product && @lines > $LONGEST_FILE ? scalar(@lines) . ' lines' : undef);
    my ($start, $name);
    for my $i (0 .. $#lines) {
        my $line = $lines[$i];
        my $text = $line;
        utf8::decode($text);
        complain("$file:" . ($i + 1), length $text > $LONGEST_LINE ? length($text) . ' characters' : undef);
        complain("$file:" . ($i + 1), $line =~ /\t/ ? 'a tab' : $line =~ /\s\z/ ? 'a blank at the end' : undef);
        $name = $1 if $line =~ /\A[A-Za-z_].*?(\w+)\(/;
        $start = $i if $line eq '{';
        if ($line eq '}' && defined $start) {
            my $length = $i - $start + 1;
            complain($file, $product && $length > $LONGEST_FUNCTION ? "$name has $length lines" : undef);
            undef $start;
        }
    }
}
checked('files, functions and lines are short', 1000);

done_testing();
