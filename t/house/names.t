#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A name in a log or a backtrace is an address: file names are unique, what a file exports begins with its name, and a
# static function's name is unique in its wing.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my %seen;
for my $file (files(qr{\.[ch]\z})) {
    my ($name) = $file =~ m{([^/]+)\z};
    complain($file, $seen{$name} && "has the name of $seen{$name}");
    $seen{$name} = $file;
}
checked('file names are unique', 20);

for my $file (files(qr{\A(?:src/.*|mod_usermgmt)\.c\z})) {
    my $stem = stem($file);
    my $code = code($file);
    $code =~ s/^#(?:[^\n]*\\\n)*[^\n]*//gm;
    $code =~ s/^__attribute__\(\(.*\)\)\s*//gm;
    # Definitions begin in the first column; a function's name stands before its first bracket, a variable's before
    # = [ or ;
    my $private = qr/static\b|typedef\b|extern\b|APLOG|AP_|APR_|struct \w+\s*[{;]|enum\b|union\b/;
    for my $chunk ($code =~ /^(?!$private)([A-Za-z_][^;{}=]*?)\s*[;{=]/gm) {
        my ($name) = $chunk =~ /(\w+)\s*(?:\(|\[|\z)/ or next;
        next if $chunk =~ /;\z/ || $name =~ /\A(?:main|usermgmt_module)\z/;
        # A file may be one part of a larger contract: store_tx.c holds functions of store.h.
        my @parts = split /_/, $stem;
        my $good = grep { my $prefix = join '_', @parts[0 .. $_]; $name =~ /\Aum_\Q$prefix\E(?:_|\z)/ } 0 .. $#parts;
        complain($file, $good ? undef : "gives away $name, which does not begin with um_${stem}_");
    }
}
checked('what a file gives away begins with its name', 50);

# A static function has a name of its own in its wing, so that a backtrace or a search names one function.
my %static;
for my $file (files(qr{\A(?:src/.*|mod_usermgmt)\.c\z})) {
    my ($wing) = $file =~ m{\A(.*/)} ? $1 : '';
    my $code = code($file);
    while ($code =~ /^static\b[^;={}()]*?\b(\w+)\([^;{}]*\)\n\{/gm) {
        my $other = $static{$wing}{$1};
        complain($file, $other ? "has a static function $1, as $other has" : undef);
        $static{$wing}{$1} = $file;
    }
}
checked('a static function has a name of its own in its wing', 300);

done_testing();
