#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# UserMgmtRequireTLS for callers on another machine. The suite runs in its own network namespace, in which this machine
# has an address that is not a loopback address.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::IP;
use MIME::Base64 'encode_base64';
use Test::More;
use UmApi;
use UmLocations;
use UmServer;

my ($FAR, $FAR6) = ('10.99.0.1', 'fd99::1');
my $INSIDE = 'UM_TEST_NAMESPACE';

if (!$ENV{$INSIDE}) {
    my ($status, $output) = UmTest::run(qw(unshare --user --map-root-user --net ip link set lo up));
    plan skip_all => "no network namespace can be made here: $output" if $status;
    $ENV{$INSIDE} = 1;
    exec qw(unshare --user --map-root-user --net --), $^X, $0 or die "unshare: $!\n";
}
for my $command ([qw(link set lo up)], [qw(addr add), "$FAR/32", qw(dev lo)], [qw(-6 addr add),
    "$FAR6/128", qw(dev lo)]) {
    my ($status, $output) = UmTest::run('ip', @$command);
    die "ip @$command: $output\n" if $status;
}

# ---- a host with both addresses, one over TLS, and one with UserMgmtRequireTLS Off -----------------------------------

my ($far, $tls, $open) = map { free_port() } 1 .. 3;
my $keys = UmTest::new_folder();
my ($failed, $said) = UmTest::run(qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj
    /CN=far -addext), "subjectAltName=IP:$FAR", '-keyout', "$keys/key.pem", '-out', "$keys/cert.pem");
die "openssl: $said\n" if $failed;

my $site = locations(<<"END");
@{[UmTest::load_modules('ssl')]}
Listen $FAR:$far
Listen [$FAR6]:$far
Listen $FAR:$tls
Listen $FAR:$open
UserMgmtCookie tok
Alias /bearer \${pages}/files
Alias /basic \${pages}/files
<Location /bearer/>
    AuthType Bearer
    AuthName here
    UserMgmtTokenSource header cookie
    Require valid-user
</Location>
@{[ basic_location() ]}
<VirtualHost $FAR:$tls>
    SSLEngine On
    SSLCertificateFile $keys/cert.pem
    SSLCertificateKeyFile $keys/key.pem
    UserMgmt On
</VirtualHost>
<VirtualHost $FAR:$open>
    UserMgmt On
    UserMgmtRequireTLS Off
</VirtualHost>
END
my $me = enrol('alice');
my $BASIC = 'Authorization: Basic ' . encode_base64("alice:$me->{password}", '');
my $SIGN_IN = qq({"username":"alice","password":"$me->{password}"});

# Sends one request from that address and returns the status.
sub from {
    my ($address, $port, $method, $path, @with) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => $address, PeerPort => $port, Timeout => 10)
        or die "$address:$port: $!\n";
    my $answer = answers(exchange(request_text($method, $path, @with), socket => $socket, answers => 1), [$method])->[0];
    return $answer || { status => 0, head => {}, body => '' };
}

sub status { return from(@_)->{status} }

my $REFUSED = qr/\A403 \{"detail":"[^"]+"\}\z/;
my @calls = (
    [register => POST => $USERS, json => '{"username":"far","password":"Blue-Tree!71x"}'],
    ['sign in' => POST => $TOKEN, json => $SIGN_IN],
    ['read a profile' => GET => "$USERS$me->{id}/", token => $me->{token}],
    ['ask for a reset' => POST => '/api/password_reset/', json => '{"email":"a@example.org"}'],
    ['the keys' => GET => '/.well-known/jwks.json'],
);

for my $address ($FAR, $FAR6) {
    for my $call (@calls) {
        my ($what, @request) = @$call;
        my $answer = from($address, $far, @request);
        like("$answer->{status} $answer->{body}", $REFUSED, "$address, clear text, $what: refused");
    }
    is(status($address, $far, GET => '/basic/hello.txt', headers => [$BASIC]), 403,
        "$address: a password of Basic is refused before it is verified");
    is(status($address, $far, GET => '/bearer/hello.txt', headers => ["Cookie: tok=$me->{token}"]), 401,
        "$address: a cookie in clear text opens nothing");
    is(status($address, $far, GET => '/basic/hello.txt', headers => [$BASIC, 'X-Forwarded-For: 127.0.0.1',
        'X-Forwarded-Proto: https', 'Forwarded: for=127.0.0.1;proto=https']), 403,
        "$address: headers about proxies make no difference");
}
my $log = $site->{server}->log;
like($log, qr/UM414/, 'the log says so');
unlike($log, qr/\Q$me->{password}\E/, 'no password is in the log');

is(status('127.0.0.1', $site->{server}{port}, @{ $calls[1] }[1 .. 4]), 200,
    'the same request from this machine is served');
is(status('127.0.0.1', $site->{server}{port}, GET => '/basic/hello.txt', headers => [$BASIC]), 200,
    'a Basic request from this machine is served');
is(status('127.0.0.1', $site->{server}{port}, GET => '/bearer/hello.txt', headers => ["Cookie: tok=$me->{token}"]), 200,
    'a request with a cookie from this machine is served');
is(status($FAR, $open, @{ $calls[1] }[1 .. 4]), 200,
    'UserMgmtRequireTLS Off: a request from another machine is served');
is(status($FAR, $open, GET => '/basic/hello.txt', headers => [$BASIC]), 200,
    'UserMgmtRequireTLS Off: a Basic request from another machine is served');

# ---- over TLS --------------------------------------------------------------------------------------------------------

sub curl {
    my ($path, @options) = @_;
    my ($status, $output) = UmTest::run(qw(curl -sS -o /dev/null -w %{http_code} --cacert), "$keys/cert.pem", @options,
        "https://$FAR:$tls$path");
    return $status ? "curl: $output" : $output;
}

is(curl($TOKEN, '-H', 'Content-Type: application/json', '-d', $SIGN_IN), 200, 'over TLS signing in is served');
is(curl('/basic/hello.txt', '-H', $BASIC), 200, 'a Basic request over TLS is served');
is(curl('/bearer/hello.txt', '-H', "Cookie: __Host-tok=$me->{token}"), 200, 'the cookie, under the name it has there');
is(curl('/bearer/hello.txt', '-H', "Cookie: tok=$me->{token}"), 401,
    'a cookie without the prefix is not taken over TLS');

is($site->{server}->crashes, '', 'no process of the server crashed');
done_testing();
