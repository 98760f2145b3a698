#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The rights of the caller are checked at the end of a slow request, not when its first line arrives.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep);
use UmApi;
use UmLocations;

my $site = locations(<<'END');
UserMgmtRevocationDelay 1s
<Location /hello.txt>
    AuthType Bearer
    AuthName here
    Require valid-user
</Location>
END
my $port = $site->{server}{port};

# Sends the first part, calls $meanwhile, waits, and sends the second part. Returns the status.
sub slowly {
    my ($first, $meanwhile, $second) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or die "connect: $!\n";
    my $answer = '';

    $socket->autoflush(1);
    print $socket $first;
    sleep 0.3;
    $meanwhile->();
    sleep 2.5;
    print $socket $second;
    local $SIG{ALRM} = sub { die "no answer\n" };
    alarm 20;
    1 while $answer !~ /\r\n\r\n/ && sysread $socket, $answer, 4096, length $answer;
    alarm 0;
    return $answer =~ m{\AHTTP/1\.1 (\d+)} ? $1 : $answer;
}

# Ends all sessions in the database, as another node does.
sub end_all { $site->{database}{sql}->('delete from um_sessions'); return }

sub headers { return "Host: localhost\r\nAuthorization: Bearer $_[0]\r\nConnection: close\r\n" }

my $me = enrol('alice');
is(get('/hello.txt', token => $me->{token})->{status}, 200, 'a token is accepted');
is(slowly("GET /hello.txt HTTP/1.1\r\n", sub { get('/hello.txt', token => $me->{token}) },
    headers($me->{token}) . "\r\n"), 200, 'a token in a slow request is accepted');
is(slowly("GET /hello.txt HTTP/1.1\r\n", sub { get('/hello.txt', token => $me->{token}); end_all() },
    headers($me->{token}) . "\r\n"), 401, 'a slow request is refused when its session has ended meanwhile');

my $body = '{"first_name":"late"}';
my $patch = sub {
    my ($account) = @_;
    return "PATCH $USERS$account->{id}/ HTTP/1.1\r\n" . headers($account->{token})
        . "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n";
};
my $other = enrol('berta');
is(slowly($patch->($other), sub { }, $body), 200, 'a slow body is accepted');
is(slowly($patch->($other), \&end_all, $body), 401, 'a slow request is refused when its session has ended meanwhile');

api_done();
