#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# httpd that is killed, loses children, is restarted gracefully or replaces its children often, and a clock that is set,
# under load.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);
use UmFault;
use UmTest ();

fault 'killed' => (no_answer => 1, recovery => 15, inject => sub {
    my ($world) = @_;
    $world->{server}->kill_all;
    sleep 0.5;
    $world->{server}->launch;
});

fault 'children-killed' => (quick => 1, no_answer => 1, recovery => 15, inject => sub {
    my ($world) = @_;
    for (1 .. long_or_quick(12, 6)) {
        my @children = $world->{server}->children;
        kill KILL => $children[rand @children] if @children;
        sleep 0.3;
    }
});

# No request is refused, and none remains without an answer.
fault 'graceful-restarts' => (quick => 1, none => 1, inject => sub {
    my ($world) = @_;
    for (1 .. long_or_quick(5, 3)) {
        $world->{server}->graceful;
        sleep 0.7;
    }
});

fault 'fifty-connections-a-child' => (none => 1, setup => sub { { lines => "MaxConnectionsPerChild 50\n" } },
    inject => sub { sleep 5 });

# To and fro, by less than the leeway that tokens have.
fault 'clock' => (none => 1, setup => sub {
    my $offset = UmTest::spew(UmTest::new_folder() . '/offset', "0\n");
    return { offset => $offset, with => { environment => { LD_PRELOAD => UmTest::library('setclock'),
        UM_TEST_CLOCK => $offset } } };
}, inject => sub {
    my ($world) = @_;
    for my $seconds (-25, 25, -10, 20, 0) {
        UmTest::spew("$world->{offset}.new", "$seconds\n");
        rename "$world->{offset}.new", $world->{offset} or die "$!\n";
        sleep 0.8;
    }
});

faults_done();
