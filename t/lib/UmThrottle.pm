# SPDX-License-Identifier: Apache-2.0
package UmThrottle;
# What the suites of the throttles share: a server whose throttles have a clock that stands still until it is set
# forward, clients with addresses of their own (mod_remoteip reads X-Client), and the tries that they make.
#
#   my $server = throttled_server("UserMgmtThrottle api address 1/m\n");
#   is(counted(8, failing(stranger(), 'alice')), '400 x5, 429 x3', 'name');
#   forward(60);    # seconds
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use MIME::Base64 ();
use POSIX ();
use Test::More;
use Time::HiRes ();
use UmApi;
use UmServer;
use UmTest ();

our @EXPORT = qw(throttled_server throttled_host forward stranger from post_from sign_in failing basic_from new_account
    counted cli_throttle $PASSWORD);

our $PASSWORD = 'correct horse battery';

my ($clock, $library, $now, $host) = (undef, undef, undef, 0);

# The library that sets the clock.
sub make_clock {
    return $library if defined $library;
    $clock = UmTest::new_folder() . '/clock';
    # An hour ahead: a thread that waits until some time of this clock waits for what it waits for, not for the time.
    $now = POSIX::floor(1000 * Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC())) + 3_600_000;
    UmTest::spew($clock, "$now\n");
    return $library = UmTest::library('setclock');
}

sub environment { return { LD_PRELOAD => make_clock(), UM_TEST_MONOTONIC => $clock } }

# Sets the clock forward by so many seconds.
sub forward {
    my ($seconds) = @_;
    $now += POSIX::floor(1000 * $seconds + 0.5);
    UmTest::spew("$clock.new", "$now\n");
    rename "$clock.new", $clock or die "$clock: $!\n";
    return;
}

my $REMOTE = "RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\n";

# Lines of a host with a port of its own, and the port.
sub throttled_host {
    my ($lines) = @_;
    my $port = free_port();
    return ("Listen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nUserMgmt On\n$REMOTE$lines</VirtualHost>\n", $port);
}

# A server for which X-Client is the client's address, and nobody is exempt but whom the lines name. Calls go to it.
sub throttled_server {
    my ($lines, %with) = @_;
    my $server = UmServer->start($with{database} || new_database(), "UserMgmtThrottleExempt none\n$REMOTE$lines",
        modules => [qw(remoteip auth_basic)], environment => environment(), children => 2, %with);
    $UmApi::PORT = $server->{port};
    return $server;
}

# An address that nobody has used.
sub stranger { $host++; return sprintf '198.51.%d.%d', 100 + $host / 200, 1 + $host % 200 }

# What call() needs for a request from there.
sub from {
    my ($address, %with) = @_;
    return (any => 1, %with, headers => ["X-Client: $address", @{ $with{headers} || [] }]);
}

sub post_from {
    my ($address, $path, $members, %with) = @_;
    return call(POST => $path, from($address, %with, json => JSON::PP->new->utf8->canonical->encode($members)));
}

sub sign_in {
    my ($address, $name, $password, %with) = @_;
    return post_from($address, delete $with{path} || $TOKEN,
        { username => $name, password => $password, %{ delete $with{more} || {} } }, %with);
}

# For counted(): wrong passwords, another one with each call.
sub failing { my ($address, $name, @with) = @_; return sub { sign_in($address, $name, "wrong $_[0]", @with) } }

sub basic_from {
    my ($address, $name, $password) = @_;
    return call(GET => '/basic/', from($address,
        headers => ['Authorization: Basic ' . MIME::Base64::encode_base64("$name:$password", '')]));
}

# An account, made from an address of its own.
sub new_account {
    my ($name, %with) = @_;
    my $r = post_from(stranger(), $USERS, { username => $name, password => $PASSWORD, %with });
    $r->{status} == 201 or die "$name is not registered: $r->{status} $r->{body}\n";
    return json_of($r);
}

# How many of so many calls are answered with each status: "400 x5, 429 x3".
sub counted {
    my ($times, $call) = @_;
    my %count;
    $count{ $call->($_)->{status} }++ for 1 .. $times;
    return join ', ', map { "$_ x$count{$_}" } sort keys %count;
}

# usermgmt throttle COMMAND PIDFILE WORDS..., by the clock of the server.
sub cli_throttle {
    my ($server, $command, @words) = @_;
    my $environment = environment();
    local @ENV{ keys %$environment } = values %$environment;
    return (UmTest::run(UmTest::cli(), 'throttle', $command, "$server->{folder}/logs/httpd.pid", @words))[1];
}

1;
