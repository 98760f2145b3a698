#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The table of t/mutate fits the source: each mutant changes exactly one place that is still there. Where a mutant's text
# has changed, look what became of the check that it breaks, and write the new text into t/mutants.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;
use UmMutants;
use UmTest;

my %seen;
my %is_file = map { $_ => 1 } files(qr{\A(?:src|sql)/});
for my $mutant (UmMutants::read_table(UmTest::sources() . '/t/mutants')) {
    my $name = $mutant->{name};
    my $count = $is_file{ $mutant->{file} } ? UmMutants::count($mutant, text($mutant->{file})) : undef;
    complain($name, $seen{$name}++ ? 'is there twice' : undef);
    complain($name, !defined $count ? "$mutant->{file} is not there"
        : $count != 1 ? "its text is in $mutant->{file} $count times" : undef);
    complain($name, $mutant->{from} eq $mutant->{to} ? 'changes nothing' : undef);
    for my $test (split /\|/, $mutant->{tests}) {
        my ($kind, $file) = $test =~ m{\A(?:sqlite3/|pgsql/)?(unit|fuzz|house|config|api|auth|mail)/(\w+)\$\z};
        my $path = !$kind ? '' : "t/$kind/$file" . ($kind =~ /unit|fuzz/ ? '.c' : '.t');
        complain($name, $path && files(qr{\A\Q$path\E\z}) ? undef : "there is no test $test");
    }
}
checked('every mutant changes one place, and its tests are there', 180);
cmp_ok(scalar keys %seen, '>=', 60, 'there are at least 60 mutants');

done_testing();
