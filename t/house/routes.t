#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The table of routes, docs/api.md, docs/openapi.yaml and README tell of the same endpoints, each as "METHOD /path".
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my @rows = map { "$_->{method} $_->{path}" } routes();
cmp_ok(scalar @rows, '>=', 7, 'the table of routes is read');

my %told;
for my $line (lines_of('docs/api.md')) {
    next unless $line =~ /\A(?:#|\|)/;
    while ($line =~ m{\b((?:(?:GET|POST|PUT|PATCH|DELETE)(?:, | and )?)+)`? `?(/[^\s`|]*)}g) {
        my ($methods, $path) = ($1, $2);
        $path =~ s/<(\w+)>/{$1}/g;
        $told{"$_ $path"} = 1 for $methods =~ /[A-Z]+/g;
    }
}
is(join("\n", sort keys %told), join("\n", sort @rows), 'docs/api.md has the endpoints of the table, and no others');

my ($status, $described) = UmTest::run('/usr/bin/python3', UmTest::sources() . '/t/lib/openapi.py',
    UmTest::sources() . '/docs/openapi.yaml', 'routes');
is($status, 0, 'docs/openapi.yaml can be read');
is(join("\n", sort split /\n/, $described), join("\n", sort @rows), 'docs/openapi.yaml has them, and no others');

my @listed = map { m{\A\| `([A-Z]+ /\S*)`} ? $1 : () } lines_of('README');
is(join("\n", sort @listed), join("\n", sort @rows), 'so has the table in README');

done_testing();
