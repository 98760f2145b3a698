# SPDX-License-Identifier: Apache-2.0
package UmProcess;
# What the system says of running processes, from /proc.
use strict;
use warnings;
use POSIX ();
use Socket qw(inet_aton);
use UmTest ();

my $LISTENS = '0A';         # states of a socket in /proc/net/tcp
my $ESTABLISHED = '01';

# The fields of /proc/PID/stat from the state on; none when it has ended.
sub stat_of {
    my ($pid) = @_;
    open my $in, '<', "/proc/$pid/stat" or return;
    my ($fields) = (<$in> || '') =~ /\A\d+ \(.*\) (.*)/s or return;
    return split ' ', $fields;
}

sub children_of {
    my ($parent) = @_;
    my @children;
    for my $pid (map { m{\A/proc/(\d+)} } glob '/proc/[0-9]*/stat') {
        my ($state, $its) = stat_of($pid) or next;
        push @children, $pid if $its == $parent;
    }
    return @children;
}

# Seconds of CPU time that they have used together.
sub cpu_of {
    my $ticks = 0;
    for my $pid (@_) {
        my @fields = stat_of($pid) or next;
        $ticks += $fields[11] + $fields[12];
    }
    return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# Those of them that can accept TCP connections.
sub listening {
    return having(sockets(sub { $_[1] eq $LISTENS }), @_);
}

# Those of them that have a connection to that port of 127.0.0.1.
sub connected_to {
    my ($port, @pids) = @_;
    my $peer = sprintf '%08X:%04X', unpack('L', inet_aton('127.0.0.1')), $port;
    return having(sockets(sub { $_[0] eq $peer && $_[1] eq $ESTABLISHED }), @pids);
}

# The TCP sockets whose peer and state are accepted, by their names in /proc/PID/fd.
sub sockets {
    my ($is_wanted) = @_;
    my %sockets;
    for my $line (map { split /\n/, UmTest::slurp($_) } grep { -e } '/proc/net/tcp', '/proc/net/tcp6') {
        my @words = split ' ', $line;
        $sockets{"socket:[$words[9]]"} = 1 if @words > 9 && $is_wanted->(@words[2, 3]);
    }
    return \%sockets;
}

sub having {
    my ($sockets, @pids) = @_;
    return grep {
        my $pid = $_;
        grep { my $what = readlink; defined $what && $sockets->{$what} } glob "/proc/$pid/fd/*";
    } @pids;
}

1;
