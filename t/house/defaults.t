#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The program's table of core's settings (src/cli/cli_settings.c) has every number, flag and word of directives.h that
# core reads, with the same default.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my %unit = ('' => 1, s => 1, m => 60, h => 3600, d => 86400);
my %word = (On => 1, Off => 0, off => 0, username => 0, direct => 0);

sub number_of {
    my ($text) = @_;
    return defined $word{$text} ? $word{$text} : $text =~ /\A(\d+)([smhd]?)\z/ ? $1 * $unit{$2} : $text;
}

my %preset;
my $rows = code('src/http/config/directives.h', strings => 1);
while ($rows =~ /UM_DIRECTIVE\((\w+),\s*(\w+),\s*CORE,.*?\.preset\s*=\s*"([^"]*)"/gs) {
    $preset{$1} = number_of($3) unless $2 =~ /\A(?:password_hash|throttle|custom_fields)\z/;
}

my %own;
my $table = code('src/cli/cli_settings.c');
while ($table =~ /NUMBER\((UserMgmt\w+),\s*\w+,\s*([^)]+?)\)/g) {
    my ($name, $value) = ($1, $2);
    $value =~ s/\bDAY\b/86400/g;
    $value =~ s/\bHOUR\b/3600/g;
    $value =~ s/\bUM_\w+_(?:OFF|USERNAME|DIRECT)\b/0/g;
    $own{$name} = $value =~ /\A[\d *]+\z/ ? eval $value : $value;
}
cmp_ok(scalar keys %preset, '>=', 20, 'the directives are read');
complain('src/cli/cli_settings.c', !defined $own{$_} ? "has no row of $_"
    : $own{$_} eq $preset{$_} ? undef : "has $own{$_} for $_, whose default is $preset{$_}") for sort keys %preset;
complain('src/cli/cli_settings.c', defined $preset{$_} ? undef : "has a row of $_, which core does not read") for sort keys %own;
checked('the program has the defaults of the directives', 20);

done_testing();
