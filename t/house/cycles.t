#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Includes inside the floors: no cycle among units (the .c and .h of a name), wings include only downwards, chains of
# headers are short, and a .c file sees few of our headers.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my ($LONGEST_CHAIN, $MOST_SEEN) = (4, 20);

# The wings of each floor, from top to bottom; '' is the folder of the floor itself.
my %wings = (
    http => [qw(monitor pages api auth process config)],
    core => [qw(account webhook mail session keys), ''],
    store => [''],
    lib => [qw(html mail webhook jose password json text sync), ''],
    cli => [''],
);

my %place;      # of a wing: its number in the order of its floor
for my $floor (keys %wings) {
    my $number = 0;
    $place{$floor}{$_} = $number++ for @{ $wings{$floor} };
}

my @files = files(qr{\A(?:src/.*|mod_usermgmt)\.[ch]\z});
my %header = map { m{([^/]+\.h)\z} ? ($1 => $_) : () } @files;

# Our headers that a file includes, as paths.
my %includes;
for my $file (@files) {
    my %found;
    for my $line (split /\n/, code($file, strings => 1)) {
        my ($name) = $line =~ m{\A\s*#\s*include\s*"(?:[^"]*/)?([^"/]+)"} or next;
        $found{ $header{$name} } = 1 if $header{$name} && $header{$name} ne $file;
    }
    $includes{$file} = [sort keys %found];
}

# ---- wings -------------------------------------------------------------------------------------------------------------

sub wing_of {
    my ($file) = @_;
    return $file =~ m{\Asrc/(\w+)/(?:(\w+)/)?[^/]+\z} ? ($1, defined $2 ? $2 : '') : ();
}

for my $file (@files) {
    my ($floor, $wing) = wing_of($file) or next;
    my $own = $place{$floor}{$wing};
    complain($file, defined $own ? undef : "its folder is no wing of $floor");
    for my $other (defined $own ? @{ $includes{$file} } : ()) {
        my ($other_floor, $other_wing) = wing_of($other);
        next if $other_floor ne $floor || is_table($other);
        my $its = $place{$floor}{$other_wing};
        complain($file, defined $its && $its >= $own ? undef : "includes $other, whose wing is above");
    }
}
checked('wings include only downwards', 200);

# ---- cycles ------------------------------------------------------------------------------------------------------------

my %uses;
for my $file (@files) {
    $uses{ stem($file) }{ stem($_) } = 1 for grep { stem($_) ne stem($file) } @{ $includes{$file} };
    $uses{ stem($file) } ||= {};
}

# Units that can be reached from a unit.
sub reached {
    my ($unit) = @_;
    my (%seen, @next);
    @next = keys %{ $uses{$unit} };
    while (defined(my $at = shift @next)) {
        push @next, keys %{ $uses{$at} } unless $seen{$at}++;
    }
    return \%seen;
}

my %reached = map { ($_ => reached($_)) } keys %uses;
for my $unit (sort keys %uses) {
    my @cycle = grep { $reached{$unit}{$_} && $reached{$_}{$unit} } sort keys %uses;
    complain($unit, @cycle ? 'is in an include cycle of ' . join(', ', @cycle) : undef);
}
checked('no include cycle among units', 80);

# ---- counts ------------------------------------------------------------------------------------------------------------

# The longest chain of headers from a header on, itself included. There is no cycle, or the point before has failed.
my %chain;
sub chain_of {
    my ($header) = @_;
    if (!$chain{$header}) {
        $chain{$header} = [];
        my ($longest) = sort { @$b <=> @$a } map { chain_of($_) } @{ $includes{$header} };
        $chain{$header} = [$header, @{ $longest || [] }];
    }
    return $chain{$header};
}

for my $header (sort values %header) {
    my @chain = map { m{([^/]+)\z} } @{ chain_of($header) };
    complain($header, @chain > $LONGEST_CHAIN ? 'begins a chain of ' . @chain . ' headers: ' . join(' > ', @chain) : undef);
}
checked("no chain of more than $LONGEST_CHAIN headers", 60);

for my $file (grep { /\.c\z/ } @files) {
    my (%seen, @next);
    @next = @{ $includes{$file} };
    while (defined(my $at = shift @next)) {
        push @next, @{ $includes{$at} } unless $seen{$at}++;
    }
    my $count = keys %seen;
    complain($file, $count > $MOST_SEEN ? "sees $count of our headers" : undef);
}
checked("no file sees more than $MOST_SEEN of our headers", 80);

done_testing();
