#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# DBDParams names a database that does not exist, and many clients ask all the time: the log says so, and is not filled.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use UmApi;
use UmServer;

plan(skip_all => 'SQLite makes the database that is named') if UmTest::database() ne 'pgsql';

my $SECONDS = 8;
my $database = new_database();
(my $params = $database->{params}) =~ s/dbname=\S+/dbname=nowhere/ or die "no dbname\n";
my $server = UmServer->start({ %$database, params => $params }, 'DBDMax 8');
$UmApi::PORT = $server->{port};
my $until = time + $SECONDS;
my @load;
for (1 .. 8) {
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        my $other = 0;
        while (time < $until) {
            my $answer = call(POST => $TOKEN, any => 1, json => '{"username":"nobody","password":"x"}');
            $other++ if $answer->{status} != 503;
            sleep 0.01;
        }
        POSIX::_exit($other ? 1 : 0);
    }
    push @load, $child;
}
my $failed = 0;
for (@load) {
    waitpid $_, 0;
    $failed++ if $?;
}
is($failed, 0, 'every request is answered 503');

my (%process, %ours, %theirs, %second);
for my $line (split /\n/, $server->log) {
    my ($clock, $pid) = $line =~ /\A\[\w+ \w+ \d+ ([\d:]+)\.\d+ .*:(?:error|warn)\] \[pid (\d+)/ or next;
    # Not the line of the start, and not those of a crowd that hashes.
    $second{"$pid $clock"}++, $ours{$pid}++, $process{$pid} = 1 if $line =~ /UM(?:301|502): .*database/;
    $theirs{$pid}++ if $line =~ /AH006\d\d/;
}
for my $pid (sort keys %process) {
    # A second of the clock may lie across two of ours.
    cmp_ok((sort { $b <=> $a } map { $second{$_} } grep { /\A$pid / } keys %second)[0], '<=', 2,
        'each process logs one line a second');
    cmp_ok($ours{$pid}, '<=', $SECONDS + 4,
        "a process logs as many lines as there are seconds: $ours{$pid} in $SECONDS");
    # While a request is patient for a second, eight times; then after 0.2, 0.4, 0.8, 1.6, 3.2 seconds. Two lines each.
    cmp_ok($theirs{$pid}, '<', 45, "mod_dbd logs few lines: $theirs{$pid}");
}
cmp_ok(scalar keys %process, '>=', 1, 'at least one process logs that there is no connection');
like($server->log, qr/UM301: .* no database connection/, 'the line says that there is no database connection');
like($server->log, qr/AH006\d\d.*database "nowhere" does not exist/, 'the reason of the database is in the log');
is($server->crashes, '', 'no process of the server crashed');

api_done();
