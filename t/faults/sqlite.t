#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A SQLite database that is locked, full, read-only, replaced or truncated, under load.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(copy);
use Test::More;
use Time::HiRes qw(sleep time);
use UmFault;
use UmTest ();

plan(skip_all => 'of SQLite alone') if UmTest::database() ne 'sqlite3';

# Another program that keeps the database to itself for some seconds.
fault 'locked' => (quick => 1, inject => sub {
    my ($world) = @_;
    my $script = "import sqlite3, sys, time\nc = sqlite3.connect(sys.argv[1], 20, isolation_level=None)\n"
        . "c.execute('begin immediate')\ntime.sleep(float(sys.argv[2]))\nc.execute('rollback')\n";
    my ($status, $said) = UmTest::run('/usr/bin/python3', '-c', $script, $world->{database}{params},
        long_or_quick(4, 3));
    die "the lock: $said\n" if $status;
});

fault 'full' => (quick => 1, setup => sub {
    my $flag = UmTest::new_folder() . '/full';
    return { flag => $flag, with => { environment => { LD_PRELOAD => UmTest::library('diskfull'), UM_TEST_FULL => $flag,
        UM_TEST_FULL_PATH => '/accounts.db' } } };
}, inject => sub {
    my ($world) = @_;
    UmTest::spew($world->{flag}, '');
    sleep long_or_quick(4, 2);
    unlink $world->{flag};
});

# The open files of running processes stay as they were opened. So the processes are replaced, before and after.
fault 'read-only' => (inject => sub {
    my ($world) = @_;
    my @files = map { "$world->{database}{params}$_" } '', '-wal', '-shm';
    chmod 0400, grep { -e } @files;
    $world->{server}->graceful;
    sleep 3;
    chmod 0600, grep { -e } @files;
    $world->{server}->graceful;
});

# Another file takes its place for some seconds, as when a backup is restored at the wrong moment.
fault 'replaced' => (inject => sub {
    my ($world) = @_;
    my $file = $world->{database}{params};
    rename $file, "$file.away" or die "$!\n";
    copy("$file.away", $file) or die "$!\n";
    sleep 3;
    unlink $file or die "$!\n";
    rename "$file.away", $file or die "$!\n";
});

# Half of the file is gone, and its backup is restored with the server stopped (docs/operations.md). What came between
# the backup and the restoring is not looked for; what was answered meanwhile must still not be false.
fault 'truncated' => (restores => 1, no_answer => 1, recovery => 15, inject => sub {
    my ($world) = @_;
    my $file = $world->{database}{params};
    my $made = time;
    unlink "$file.backup";
    UmTest::run('sqlite3', '-batch', '-cmd', '.timeout 5000', $file, ".backup $file.backup") && die "no backup\n";
    truncate $file, (-s $file) / 2 or die "$!\n";
    sleep 3;
    $world->{server}->stop;
    unlink map { "$file$_" } '', '-wal', '-shm';
    copy("$file.backup", $file) or die "$!\n";
    $world->{server}->launch;
    return $made;
});

faults_done();
