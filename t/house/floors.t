#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The floors of the house: include goes down only, http and cli never meet, httpd is known to http alone.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my %below = (
    lib => [qw(lib)],
    store => [qw(store lib)],
    core => [qw(core store lib)],
    http => [qw(http core store lib)],
    cli => [qw(cli core store lib)],
);
my %built = ('schema_steps.inc' => 'store', 'openapi_lines.inc' => 'http');
# Tables: files of macros alone, which declare and include nothing. The rows of a table may be wanted on a floor below
# its own; "../" in the name shows where that is.
my %table = map { $_ => 1 } grep { is_table($_) } files(qr{\Asrc/.*\.h\z});

my %header = map { m{([^/]+)\z} ? ($1 => floor_of($_)) : () } files(qr{\Asrc/.*\.(?:h|inc)\z});
chomp(my $folder = `\Q$ENV{UM_TEST_APXS}\E -q INCLUDEDIR`);
my %of_httpd = map { m{([^/]+)\z} ? ($1 => 1) : () } glob "$folder/*.h";
cmp_ok(scalar keys %of_httpd, '>', 30, "httpd's headers are found");

for my $file (sort keys %table) {
    my $code = code($file);
    complain($file, $code =~ /^\s*#\s*include/m ? 'a table includes nothing' : undef);
    $code =~ s/^#(?:[^\n]*\\\n)*[^\n]*//gm;
    complain($file, $code =~ /\S/ ? 'a table holds macros alone' : undef);
}
checked('tables hold macros alone', 1);

for my $file (files(qr{\A(?:src/.*|mod_usermgmt)\.[ch]\z})) {
    my $floor = floor_of($file);
    my $may = $below{$floor} or complain($file, 'a folder that is no floor'), next;
    for my $line (split /\n/, code($file, strings => 1)) {
        my ($mark, $name) = $line =~ /\A\s*#\s*include\s*(["<])([^">]+)/ or next;
        my $from = $built{$name} || $header{$name};
        my $why;
        next if $mark eq '"' && $name =~ m{\A\.\./(.*)} && $table{"src/$1"};
        if ($mark eq '"') {
            $why = !defined $from ? "includes \"$name\", which is not in src" : "includes $name of $from"
                unless defined $from && grep { $_ eq $from } @$may;
        }
        elsif ($floor ne 'http' && $of_httpd{$name}) {
            $why = "includes httpd's $name";
        }
        elsif (defined $from && $name !~ m{/} && $mark eq '<') {
            $why = "includes <$name>, which is ours: write \"$name\"";
        }
        complain($file, $why);
    }
}
checked('include goes down only', 50);

done_testing();
