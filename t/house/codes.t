#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Each code of a log line has a row in docs/operations.md, and each row a line.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my %row = map { /\A\| (UM\d{3}) \|/ ? ($1 => 1) : () } lines_of('docs/operations.md');
my %file;
for my $file (files(qr{\A(?:src/.*|mod_usermgmt)\.[ch]\z})) {
    $file{$_} = $file for UmHouse::text($file) =~ /\b(UM\d{3})\b/g;
}
complain($file{$_}, $row{$_} ? undef : "$_ has no row in docs/operations.md") for sort keys %file;
complain('docs/operations.md', $file{$_} ? undef : "$_ is no code of a log line") for sort keys %row;
checked('docs/operations.md has every code of a log line', 30);

done_testing();
