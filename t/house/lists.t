#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Makefile.am names every file: what is not in its lists is neither compiled, nor tested, nor in a release.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my $makefile = text('Makefile.am');
$makefile =~ s/\\\n//g;
my %list;
$list{$1} = { map { $_ => 1 } split ' ', $2 } while $makefile =~ /^(\w+) =(.*)$/gm;

sub listed {
    my ($list, $file) = @_;
    complain($file, $list{$list}{$file} ? undef : "is not in $list of Makefile.am");
    return;
}

for my $file (files(qr{\A(?:src/.*|mod_usermgmt)\.[ch]\z})) {
    listed(floor_of($file) . '_sources', $file);
}
listed('pgsql_steps', $_) for files(qr{\Asql/pgsql/.*\.sql\z});
listed('sqlite3_steps', $_) for files(qr{\Asql/sqlite3/.*\.sql\z});
listed('unit_tests', s/\.c\z//r) for files(qr{\At/unit/test_.*\.c\z});
listed('unit_headers', $_) for files(qr{\At/unit/.*\.h\z});
listed('fuzz_targets', s/\.c\z//r) for files(qr{\At/fuzz/fuzz_.*\.c\z});
listed('documents', $_) for files(qr{\Adocs/.*\z});
checked('sources and tests are in their lists', 50);

my %dist;
for my $name (keys %list) {
    $dist{$_} = 1 for keys %{ $list{$name} };
}
for my $file (files(qr{\A[^.]})) {
    my @parts = split m{/}, $file;
    my $found = $dist{$file} || ($file =~ /\A(t\/.*)\.c\z/ && $dist{$1})
        || $file =~ /\A(?:configure\.ac|Makefile\.am)\z/;
    $found ||= $list{EXTRA_DIST}{ join '/', @parts[0 .. $_] } for 0 .. $#parts;
    complain($file, $found ? undef : 'is not in a release: neither in a list nor in EXTRA_DIST of Makefile.am');
}
checked('every file is in a release', 100);

done_testing();
