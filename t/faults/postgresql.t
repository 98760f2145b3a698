#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL that is restarted, killed, stopped, cut off, failed over or full, under load.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Handle;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use UmCluster;
use UmFault;
use UmPgProxy;
use UmServer;
use UmTest ();

plan(skip_all => 'of PostgreSQL alone') if UmTest::database() ne 'pgsql';

# ---- restarts ------------------------------------------------------------------------------------------------------

fault 'restart-fast' => (inject => sub { $_[0]{cluster}->restart('fast') });
fault 'restart-immediate' => (quick => 1, inject => sub { $_[0]{cluster}->restart('immediate') });

fault 'kill-parent' => (recovery => 15, inject => sub {
    my ($world) = @_;
    $world->{cluster}->kill_parent;
    $world->{cluster}->restore;
});

fault 'terminate-each-second' => (quick => 1, inject => sub {
    my ($world) = @_;
    for (1 .. long_or_quick(5, 2)) {
        $world->{cluster}->sql('select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid()'
            . " and backend_type = 'client backend'");
        sleep 1;
    }
});

# A request is told to try again when a statement, or waiting for a connection, has taken too long.
fault 'stopped-30s' => (recovery => 15, longest => 12, inject => sub {
    my ($world) = @_;
    $world->{cluster}->freeze;
    sleep 30;
    $world->{cluster}->thaw;
});

# ---- connections that are cut --------------------------------------------------------------------------------------

# A proxy between the server and PostgreSQL.
sub proxied {
    my $cluster = UmCluster->start;
    my $proxy = UmPgProxy->start($cluster->{port});
    return { cluster => $cluster, database => $cluster->database, params => sub { $cluster->params($proxy->{port}) },
        proxy => $proxy };
}

# Each third occasion, until so many connections were cut.
sub cut {
    my ($name, $word, %with) = @_;
    return fault $name => (%with, setup => \&proxied, inject => sub {
        my ($world) = @_;
        $world->{proxy}->cut($word, 3);
        await(60, sub { $world->{proxy}->count >= long_or_quick(6, 2) }) or die "too little was cut\n";
        $world->{proxy}->cut;
    });
}

cut('cut-before-commit', 'before');
cut('cut-after-commit', 'after', quick => 1);
cut('cut-answer-lost', 'lost');
cut('cut-statement-unsent', 'unsent');

# ---- another node takes over ---------------------------------------------------------------------------------------

# Both nodes are named, and the one that accepts writes is wanted. Each round has a new standby.
sub two_nodes {
    my $first = UmCluster->start;
    my $port = free_port();
    return { cluster => $first, standby_port => $port, database => $first->database, params => sub {
        "host=127.0.0.1,127.0.0.1 port=$first->{port},$port user=usermgmt dbname=accounts connect_timeout=2"
            . ' tcp_user_timeout=5000 target_session_attrs=read-write';
    } };
}

# The audit asks the node that has taken over. The next standby has the port of the former primary.
sub fail_over {
    my ($leave) = @_;
    return sub {
        my ($world) = @_;
        my ($old, $port) = ($world->{cluster}, $world->{standby_port});
        $world->{former}->stop if $world->{former};
        my $new = $old->standby($port);
        $leave->($old);
        $new->promote;
        @{$world}{qw(cluster former standby_port)} = ($new, $old, $old->{port});
        $world->{database}{sql} = sub { return $new->sql($_[0]) };
        return;
    };
}

fault 'promoted' => (setup => \&two_nodes, inject => fail_over(sub { $_[0]->stop }));

# The former primary accepts no writes any more, keeps all connections, and answers reading ones.
fault 'demoted' => (quick => 1, setup => \&two_nodes, recovery => 5, inject => fail_over(sub {
    my ($old) = @_;
    $old->sql('alter system set default_transaction_read_only = on');
    $old->sql('select pg_reload_conf()');
    sleep 0.5;
}));

# ---- no room -------------------------------------------------------------------------------------------------------

fault 'too-many-connections' => (setup => sub {
    return { cluster_with => { lines => "max_connections = 20\nsuperuser_reserved_connections = 0\n" } };
}, inject => sub {
    my ($world) = @_;
    my @others;
    # The server's own connections are taken from it, and others are faster.
    for (1 .. 30) {
        my $child = fork;
        die "fork: $!\n" unless defined $child;
        if (!$child) {
            open STDERR, '>', '/dev/null';
            open STDOUT, '>', '/dev/null';
            my @command = ("$world->{cluster}{programs}/psql", '-h', '127.0.0.1', '-p', $world->{cluster}{port},
                qw(-U usermgmt -d accounts -Xqc), 'select pg_sleep(60)');
            # It waits until there is room, as others do who are many.
            system { $command[0] } @command while 1;
        }
        push @others, $child;
        POSIX::setpgid($child, $child);
    }
    eval { $world->{cluster}->sql('select pg_terminate_backend(pid) from pg_stat_activity where query not like'
        . " '%pg_sleep%' and pid <> pg_backend_pid()") } for 1 .. 3;
    sleep 4;
    kill KILL => -$_ for @others;
    waitpid $_, 0 for @others;
    # PostgreSQL does not look after a client while it sleeps.
    await(10, sub { eval { $world->{cluster}->sql("select count(pg_terminate_backend(pid)) from pg_stat_activity where"
        . " query like '%pg_sleep%' and pid <> pg_backend_pid()"); 1 } || !sleep 0.2 });
});

fault 'disk-full' => (setup => sub {
    my $flag = UmTest::new_folder() . '/full';
    return { flag => $flag, cluster_with => { environment => { LD_PRELOAD => UmTest::library('diskfull'), UM_TEST_FULL => $flag,
        UM_TEST_FULL_PATH => '/base/' } } };
}, inject => sub {
    my ($world) = @_;
    UmTest::spew($world->{flag}, '');
    sleep 4;
    unlink $world->{flag};
});

# The journal of changes has no room: PostgreSQL gives up, and cannot start before there is room.
fault 'journal-full' => (setup => sub {
    my $flag = UmTest::new_folder() . '/full';
    return { flag => $flag, cluster_with => { initdb => ['--wal-segsize=1'],
        lines => "min_wal_size = 2MB\nmax_wal_size = 4MB\nwal_recycle = off\n",
        environment => { LD_PRELOAD => UmTest::library('diskfull'), UM_TEST_FULL => $flag, UM_TEST_FULL_PATH => '/pg_wal/' } } };
}, recovery => 15, inject => sub {
    my ($world) = @_;
    my $log = UmTest::mark("$world->{cluster}{folder}/log");
    UmTest::spew($world->{flag}, '');
    await(20, sub { eval { $world->{cluster}->sql('select pg_switch_wal()') };
        UmTest::since($log) =~ /PANIC: .*No space left on device/ }) or die "the journal has not become full\n";
    sleep 4;
    unlink $world->{flag};
    $world->{cluster}->revive;
});

faults_done();
