#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Links between the pages of the documentation lead to pages and headings that exist and are installed in the same
# folder, docs/index.md has every page, and where a page and its heading are named in words ("docs/operations.md, Metrics") the page has that heading.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my @pages = files(qr{\Adocs/.*\.md\z});

# The headings of a page, without those of examples, and their anchors as forges make them.
my (%heading, %anchor);
for my $page (@pages) {
    my $text = text($page) =~ s/^( *)```.*?^\1```$//gmsr;
    for my $title ($text =~ /^#+ (.+)$/mg) {
        my $plain = $title =~ s/`//gr;
        push @{ $heading{$page} }, $plain;
        my $name = lc($plain) =~ s/[^\w -]//gr =~ tr/ /-/r;
        my $number = $anchor{$page}{$name}++;
        $anchor{$page}{"$name-$number"}++ if $number;
    }
}

# make install puts these into one folder, so a link to another folder leads nowhere there.
my ($documents) = text('Makefile.am') =~ /^documents = \\\n(.*?[^\\]\n)/ms or die "Makefile.am has no documents\n";
my %is_installed = map { $_ => 1 } $documents =~ m{(docs/\S+)}g;

my %linked;
for my $page (@pages) {
    my $text = text($page) =~ s/^( *)```.*?^\1```$//gmsr;
    while ($text =~ /\]\(([^)\s]+)\)/g) {
        my $target = $1;
        next if $target =~ /\Ahttps?:/;
        my ($name, $anchor) = $target =~ /\A([^#]*)(?:#(.*))?\z/;
        my $file = $name eq '' ? $page : "docs/$name";
        complain("$page: $target", -e UmTest::sources() . "/$file" ? undef : "there is no $file");
        complain("$page: $target", $is_installed{$file} ? undef : "$file is not installed with the page (documents in Makefile.am)");
        complain("$page: $target", !defined $anchor || $anchor{$file}{$anchor} ? undef : "$file has no such heading");
        $linked{$page}{$file} = 1;
    }
}
checked('links lead to pages and headings', 100);

for my $page (grep { $_ ne 'docs/index.md' } @pages) {
    complain($page, $linked{'docs/index.md'}{$page} ? undef : 'is not in docs/index.md');
}
checked('the index has every page', 15);

for my $file (files(qr{\A(?:README|docs/.*\.md|conf/.*\.conf|share/.*\.(?:conf|yml)|src/.*\.[ch])\z})) {
    my $text = text($file) =~ s{\n(?: \* |#)? *}{ }gr;
    while ($text =~ /(docs\/[\w-]+\.md)(?:,|:| \() ?([A-Z].{0,60})/g) {
        my ($page, $rest) = ($1, $2);
        $rest =~ tr/`//d;
        my ($named) = $rest =~ /\A([^.,:;)]*)/;
        my $found = grep { index($rest, $_) == 0 || index($_, $named) == 0 } @{ $heading{$page} };
        complain("$file: $page, $rest", $found ? undef : "$page has no such heading");
    }
    while ($text =~ /"([A-Z][^"\\]{0,60})\\?" in (?:docs\/)?(\w+\.md)/g) {
        my ($title, $page) = ($1, "docs/$2");
        complain("$file: $page, $title", (grep { $_ eq $title } @{ $heading{$page} }) ? undef : "$page has no such heading");
    }
}
checked('headings that are named in words exist', 10);

done_testing();
