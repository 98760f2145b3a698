#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every block of commands in the documentation for administrators is run by a test, or has a reason why not
# (t/lib/UmDocs.pm).
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmDocs;
use UmHouse;

my %used;
for my $page (command_pages()) {
    for my $block (command_blocks($page)) {
        my ($first) = split /\n/, $block->{text};
        my @rows = @{ $block->{rows} };
        complain("$page:$block->{line}", @rows == 1 ? undef : @rows . " rows of t/lib/UmDocs.pm are about: $first");
        $used{"$page $_->{begin}"}++ for @rows;
    }
    complain($page, text($page) =~ /^ *```(?:bash|shell|console)\b/m ? 'a block of commands begins with ```sh' : undef);
}
checked('every block of commands has its row', 50);

for my $row (command_rows()) {
    my $name = "$row->{page}, $row->{begin}";
    complain($name, ($row->{begin} eq '' || ($used{"$row->{page} $row->{begin}"} || 0) == 1) ? undef : 'is not the beginning of one block');
    if ($row->{how} eq 'not') {
        complain($name, length($row->{why} || '') > 10 ? undef : 'has no reason why it is not run');
    }
    elsif ($row->{how} ne 'run') {
        my ($file) = files(qr{\At/\Q$row->{how}\E\z});
        complain($name, $file && index(text($file), $row->{page}) >= 0 ? undef : "t/$row->{how} does not name the page");
    }
}
checked('every row is about one block, and its test is there', 50);

done_testing();
