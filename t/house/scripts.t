#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Scripts can be read by their interpreters, and those that are started by name may be.
use strict;
use warnings;
use lib 't/lib';
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use UmHouse;
use UmTest;

for my $file (files(qr{\A(?:quickstart|runtests|tools/.*\.sh|t/harness|t/fuzz/run|t/static|t/watch|t/packages/(?:run|site)|t/upgrades/run|
    debian/.*\.post(?:inst|rm)|\.ci/run)\z}x)) {
    my ($status, $output) = UmTest::run('bash', '-n', UmTest::sources() . "/$file");
    complain($file, $status ? $output : undef);
}
checked('shell scripts', 4);

for my $file (files(qr{\A(?:quickstart|runtests|\.ci/run|t/TEST|t/limit|t/ports|t/fuzz/run|t/static|t/mutate|t/packages/run|t/upgrades/run|
    debian/rules)\z}x)) {
    complain($file, -x UmTest::sources() . "/$file" ? undef : 'cannot be executed');
}
checked('scripts that are started by name', 4);

# The program starts another one, whose number it writes down, and is told to end when nobody reads any more.
my $folder = UmTest::new_folder();
pipe my $said, my $say or die "pipe: $!\n";
my $child = fork;
die "fork: $!\n" unless defined $child;
if (!$child) {
    open STDERR, '>&', $say or die "$!\n";
    close $_ for $said, $say;
    $ENV{UM_TEST_SCRATCH} = $folder;
    exec UmTest::sources() . '/t/limit', 60, qw(/bin/sh -c), 'sleep 60 & echo $! >"$0.new" && mv "$0.new" "$0" && wait',
        "$folder/left" or die "t/limit: $!\n";
}
close $_ for $said, $say;
sleep 0.05 until -e "$folder/left" || waitpid $child, POSIX::WNOHANG();
kill TERM => $child;
waitpid $child, 0;
chomp(my $left = UmTest::slurp("$folder/left"));
my ($state) = -e "/proc/$left/stat" ? UmTest::slurp("/proc/$left/stat") =~ /\) (\S)/ : 'gone';
like($state, qr/\A(?:gone|Z)\z/, 't/limit ends what a program has left running, also when nobody reads what it says');

done_testing();
