#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Scripts can be read by their interpreters, and those that are started by name may be.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmHouse;
use UmTest;

for my $file (files(qr{\A(?:quickstart|runtests|tools/.*\.sh|t/harness|t/fuzz/run|t/static|t/watch|\.ci/run)\z})) {
    my ($status, $output) = UmTest::run('bash', '-n', UmTest::sources() . "/$file");
    complain($file, $status ? $output : undef);
}
checked('shell scripts', 4);

for my $file (files(qr{\A(?:quickstart|runtests|\.ci/run|t/TEST|t/limit|t/ports|t/fuzz/run|t/static|t/mutate)\z})) {
    complain($file, -x UmTest::sources() . "/$file" ? undef : 'cannot be executed');
}
checked('scripts that are started by name', 4);

done_testing();
