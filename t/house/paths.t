#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every file and folder of the project that the documentation names exists: a renamed file is renamed there, too.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;

my $top = UmTest::sources();
# CHANGES tells of files as they were called.
for my $file (files(qr{\A(?:README|docs/.*\.md)\z})) {
    my @paths = text($file) =~ m{(?<![\w./*-])((?:src|t|sql|tools|share|docs|conf)/[\w./-]*\w)(?![\w*])}g;
    for my $path (grep { !m{\A(?:share/(?:usermgmt|doc)|conf/usermgmt\z)} } @paths) {  # those are of an installation
        my $there = grep { -e "$top/$path$_" } '', '.c', '.h';
        complain("$file: $path", $there ? undef : 'does not exist');
    }
}
checked('the documentation names files that exist', 100);

done_testing();
