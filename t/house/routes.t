#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The table of routes is plain, and docs/api.md, docs/openapi.yaml and README document its endpoints, each as
# "METHOD /path".
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my @routes = routes();
my %row = map { ("$_->{method} $_->{path}" => 1) } @routes;
cmp_ok(scalar keys %row, '>=', 7, 'the table of routes is read');

# What is documented there, against the table.
sub same {
    my ($where, %told) = @_;
    complain($where, $told{$_} ? undef : "does not document $_, which is a row of src/http/api/route.c") for sort keys %row;
    complain($where, $row{$_} ? undef : "documents $_, which is no row of src/http/api/route.c") for sort keys %told;
    return;
}

# The rows of a path are adjacent: matching and Allow rely on it.
my (%ended, @paths);
for my $route (@routes) {
    my $path = $route->{path};
    next if @paths && $paths[-1] eq $path;
    complain('src/http/api/route.c', $ended{$path}++ ? "the rows of $path are not adjacent" : undef);
    push @paths, $path;
}
checked('the rows of a path are adjacent', 7);

my (%told, %allow);
for my $line (lines_of('docs/api.md')) {
    next unless $line =~ /\A(?:#|\|)/;
    while ($line =~ m{\b((?:(?:GET|POST|PUT|PATCH|DELETE)(?:, | and )?)+)`? `?(/[^\s`|]*)}g) {
        my ($methods, $path) = ($1, $2);
        $path =~ s/<(\w+)>/{$1}/g;
        $told{"$_ $path"} = 1 for $methods =~ /[A-Z]+/g;
    }
    $allow{$1} = $2 if $line =~ m{\A\| `(/\S*)` +\| `([A-Z]+(?:, [A-Z]+)*)` +\|\z};
    $allow{'*'} = $1 if $line =~ m{\A\| all others +\| `([^`]*)` +\|\z};
}
same('docs/api.md', %told);

my ($status, $described) = UmTest::run('/usr/bin/python3', UmTest::sources() . '/t/lib/openapi.py',
    UmTest::sources() . '/docs/openapi.yaml', 'routes');
is($status, 0, 'docs/openapi.yaml can be read') or diag($described);
same('docs/openapi.yaml', map { ($_ => 1) } split /\n/, $described);

same('README', map { m{\A\| `([A-Z]+ /\S*)`} ? ($1 => 1) : () } lines_of('README'));
checked('the endpoints of the table are documented, and no others', 60);

# The table of Allow in docs/api.md.
for my $path (@paths) {
    my @methods = map { $_->{path} eq $path ? $_->{method} : () } @routes;
    my $wanted = join ', ', @methods, (grep { $_ eq 'GET' } @methods) ? 'HEAD' : (), 'OPTIONS';
    my $seen = $allow{$path} || $allow{'*'} || 'nothing';
    # /api-forward-auth/ answers every method.
    next if $path eq '/api-forward-auth/';
    complain('docs/api.md', $seen eq $wanted ? undef : "Allow of $path is $wanted, but the page has $seen");
}
checked('docs/api.md has the Allow of each path', 7);

# The line "Errors:" of each endpoint in docs/api.md, against the errors that docs/openapi.yaml describes. What is the same
# everywhere stands nowhere: methods that a path has not, and throttles.
my %errors;
for my $section (split /^## /m, text('docs/api.md')) {
    my ($heading) = $section =~ /\A(.*)$/m;
    my ($line) = $section =~ /^Errors: (.*?)(?:\n\n|\n?\z)/ms or next;
    $line =~ s/\([^)]*\)//g;
    my ($path) = $heading =~ m{(/\S*)};
    $errors{"$_ $path"} = { map { ($_ => 1) } $line =~ /\b([45]\d\d)\b/g } for $heading =~ /\b(GET|POST|PUT|PATCH|DELETE)\b/g;
}
my (undef, $answers) = UmTest::run('/usr/bin/python3', UmTest::sources() . '/t/lib/openapi.py',
    UmTest::sources() . '/docs/openapi.yaml', 'described');
my %yaml;
for (split /\n/, $answers) {
    my ($method, $path, $error) = split / /;
    $yaml{"$method $path"}{$error} = 1 if $error >= 400 && $error !~ /\A(?:422|429)\z/ && ($error != 405 || $path =~ /\./);
}
for my $endpoint (sort keys %row) {
    my ($page, $document) = map { join ' ', sort keys %{ $_->{$endpoint} || {} } } \%errors, \%yaml;
    complain($endpoint, $page eq $document ? undef : "docs/api.md has the errors $page, docs/openapi.yaml $document");
}
checked('docs/api.md and docs/openapi.yaml have the same errors for each endpoint', 30);

done_testing();
