#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# When ./runtests is killed, t/watch ends what it has started, and nothing else.
use strict;
use warnings;
use lib 't/lib';
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use UmTest;

my $PATIENCE = 60;

sub start {
    my ($environment, @command) = @_;
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    return $child if $child;
    POSIX::setsid();
    %ENV = (%ENV, %$environment);
    exec { $command[0] } @command or POSIX::_exit(127);
}

# Whether the process ends, or has ended, within so many seconds.
sub ends {
    my ($child, $seconds) = @_;
    my $end = time + $seconds;
    until (waitpid($child, POSIX::WNOHANG())) {
        return 0 if time > $end;
        sleep 0.05;
    }
    return 1;
}

my $folder = UmTest::new_folder();
my @sleep = ('sleep', 600);
my $run = start({ UM_TEST_SCRATCH => '' }, @sleep);
my $server = start({ UM_TEST_SCRATCH => $folder }, @sleep);
my $stubborn = start({ UM_TEST_SCRATCH => $folder }, 'bash', '-c', q(trap '' TERM; while :; do sleep 1; done));
my $other = start({ UM_TEST_SCRATCH => "$folder-2" }, @sleep);
my $watch = start({ UM_TEST_SCRATCH => '' }, 'bash', UmTest::sources() . '/t/watch', $run, $folder);

ok(!ends($watch, 2) && !ends($server, 0), 'while a run lasts, nothing is ended');
kill KILL => $run;
waitpid $run, 0;
ok(ends($server, $PATIENCE), 'when it was killed, its processes are ended');
ok(ends($stubborn, $PATIENCE), 'those that ignore it are killed');
ok(ends($watch, $PATIENCE), 'then the watcher has done its work');
ok(!-e $folder, "the run's folder is removed");
ok(!ends($other, 0), 'a process of another run goes on');

kill KILL => $other;
waitpid $other, 0;
done_testing();
