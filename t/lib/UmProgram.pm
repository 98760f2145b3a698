# SPDX-License-Identifier: Apache-2.0
package UmProgram;
# Programs of others that a suite needs, such as proxies: they stay in the foreground, listen on a port, and end with the
# suite.
#
#   my $nginx = program('nginx') or skip 'nginx is not installed', 1;
#   my $child = launch($port, $nginx, '-c', $file);
use strict;
use warnings;
use Exporter 'import';
use IO::Socket::INET;
use POSIX ();
use Test::More;
use UmServer;
use UmTest ();

our @EXPORT = qw(program launch end_program own_child);

my ($suite, %children) = ($$);

# Where a program is; undef: nowhere.
sub program {
    my ($name) = @_;
    return (grep { -x } map { "$_/$name" } qw(/usr/sbin /usr/bin /usr/local/bin))[0];
}

# A child that the suite has forked itself, to be ended with it.
sub own_child { return $children{ $_[0] } = $_[0] }

# Starts a program and waits until its port accepts connections; returns its process, or nothing when it ends before.
sub launch {
    my ($port, @command) = @_;
    my $log = UmTest::scratch() . "/tmp/program-$port.log";
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        open STDIN, '<', '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>', $log or POSIX::_exit(126);
        open STDERR, '>&STDOUT' or POSIX::_exit(126);
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    own_child($child);
    return $child if await(20, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
        || waitpid($child, POSIX::WNOHANG()) }) && kill 0 => $child;
    diag(UmTest::slurp($log));
    return;
}

sub end_program {
    my ($child) = @_;
    return unless delete $children{$child};
    kill TERM => $child;
    waitpid $child, 0;
    return;
}

END {
    my $status = $?;
    # Not in a child of the suite.
    end_program($_) for $$ == $suite ? keys %children : ();
    $? = $status;
}

1;
