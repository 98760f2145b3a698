#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Connections: what came after an answer is never taken for something else, and nothing half sent is done.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;

my $me = register(first_name => 'Ann');
my $path = $me->{path};
my @mine = (token => $me->{token});
my $ANY_ID = "${USERS}0f0e0d0c-0b0a-4908-8706-050403020100/";
my $HELLO = request_text(GET => $path, @mine, keep => 1);       # what must never be found inside a body
my $PROFILE = profile_of($me);

sub register_text {
    my ($name) = @_;
    return qq({"username":"$name","password":") . good_password() . '"}';
}

# ---- one connection, many requests ---------------------------------------------------------------------------------

# All of these leave an HTTP/1.1 connection usable. A 400 does not: httpd itself closes after it.
sub kept {
    return (
        [200, GET => $path, @mine], [401, GET => $path], [401, PATCH => $path, json => $HELLO],
            [404, GET => $ANY_ID, @mine],
        [404, PATCH => $ANY_ID, @mine, json => $HELLO], [404, POST => $ANY_ID, @mine, chunks => [$HELLO, $HELLO]],
            [405, PUT => $TOKEN, json => $HELLO],
        [415, PATCH => $path, @mine, body => $HELLO, type => 'text/plain'],
            [415, POST => $USERS, chunks => [$HELLO], type => 'text/plain'],
        [406, GET => $path, @mine, headers => ['Accept: text/plain']],
            [406, POST => $USERS, body => $HELLO, headers => ['Accept: text/plain']],
        [200, GET => $path, @mine, json => $HELLO], [200, HEAD => $path, @mine],
            [200, OPTIONS => $USERS, json => $HELLO], [401, HEAD => $USERS],
        [200, PATCH => $path, @mine, json => '{}'], [200, PATCH => $path, @mine, chunks => ['{', '}'],
            type => 'application/json'],
        [201, POST => $USERS, json => register_text(new_name())], [404, POST => '/api/v1/nope/', json => $HELLO],
            [200, GET => $path, @mine],
    );
}
{
    my $socket = connection();
    for my $row (kept()) {
        my ($status, $method, $where, @with) = @$row;
        my $bytes = exchange(request_text($method => $where, @with, keep => 1), socket => $socket, answers => 1,
            methods => [$method]);
        is((answers($bytes, [$method])->[0] || { status => 'no answer' })->{status}, $status,
            "kept connection: $method " . ($where =~ s{$UUID}{<id>}r) . " is $status");
    }
}
{
    my @kept = kept();
    my @methods = map { $_->[1] } @kept;
    my $requests = join '', map { my ($status, @request) = @$_; request_text(@request, keep => 1) } @kept;
    my $answers = answers(exchange($requests, answers => scalar @kept, methods => \@methods, quiet => 10), \@methods);
    is(join(' ', map { $_->{status} } @$answers), join(' ', map { $_->[0] } @kept),
        'requests that are sent at once are answered in their order');
}

# ---- an early error, and what was sent behind it ---------------------------------------------------------------------

# The body of each is itself a good request; the server must neither answer it nor lose the real one behind it, unless
# it closes the connection.
my @early = (
    [401, PATCH => $path], [401, PATCH => $path, token => 'bad'], [404, PATCH => $ANY_ID, @mine],
        [404, POST => '/api/v1/nope/'], [405, PUT => $TOKEN],
    [406, POST => $TOKEN, headers => ['Accept: text/plain']], [415, POST => $TOKEN, type => 'text/plain'],
    [415, POST => $TOKEN, headers => ['Content-Encoding: gzip']], [400, POST => $TOKEN, type => 'application/json'],
    [400, POST => $TOKEN, type => 'multipart/form-data'],
        [400, PATCH => $path, headers => [('Authorization: Bearer x') x 2]],
    [413, POST => $TOKEN, type => 'application/json', long => 1],
);
for my $row (@early) {
    my ($status, $method, $where, %with) = @$row;
    my $body = delete $with{long} ? $HELLO x (1 + int(70_000 / length $HELLO)) : $HELLO;
    for my $how (['with a length', body => $body], ['in chunks', chunks => [unpack '(a4000)*', $body]]) {
        my ($what, @body) = @$how;
        my $bytes = exchange(request_text($method => $where, type => 'application/json', %with, @body, keep => 1)
            . request_text(GET => $path, @mine), quiet => 3);
        my @answers = @{ answers($bytes) };
        is((shift @answers || { status => 'no answer' })->{status}, $status, "early $status $what");
        my @rest = map { "$_->{status} $_->{body}" } @answers;
        is_deeply(\@rest, [@rest ? "200 $PROFILE" : ()], 'behind it: the next request, or nothing');
        is(scalar @rest, 1, 'the next request is answered') if $status =~ /\A(?:401|404|405|415)\z/;
    }
}

# ---- bodies in odd clothes -----------------------------------------------------------------------------------------

{
    my $name = new_name();
    my $text = register_text($name);
    my $request = request_text(POST => $USERS, headers => ['Content-Type: application/json',
        'Transfer-Encoding: chunked', 'Trailer: X-End']);
    my ($one, $two) = (substr($text, 0, 10), substr($text, 10));
    my $bytes = exchange($request
        . sprintf("00%X;name=\"value\"\r\n%s\r\n%x\r\n%s\r\n0\r\nX-End: yes\r\nAuthorization: Bearer x\r\n\r\n",
        length $one, $one, length $two, $two), answers => 1);
    is((answers($bytes)->[0] || {})->{status}, 201, 'chunks with extensions and trailers');
    ok(login($name, good_password()), 'requests that are sent byte by byte register an account');
}
{
    my $name = new_name();
    my $text = register_text($name);
    my $socket = connection();
    my $got = exchange(request_text(POST => $USERS, type => 'application/json',
        headers => ['Expect: 100-continue', 'Content-Length: ' . length $text]),
        socket => $socket, quiet => 1, answers => 1);
    like($got, qr{\AHTTP/1\.1 100 }, 'a client that waits is told to go on');
    is((answers(exchange($text, socket => $socket, answers => 1))->[0] || {})->{status}, 201,
        'a registration over a kept connection is answered 201');
}
for my $row ([404, PATCH => $ANY_ID, @mine], [401, PATCH => $path], [415, POST => $TOKEN, type => 'text/plain'],
    [413, POST => $TOKEN, headers => ['Content-Length: 9999999']]) {
    my ($status, $method, $where, %with) = @$row;
    my @headers = ('Expect: 100-continue', @{ delete $with{headers} || ['Content-Length: 5'] });
    my $bytes = exchange(request_text($method => $where, type => 'application/json', %with, headers => \@headers),
        answers => 1, quiet => 5);
    is((answers($bytes)->[0] || { status => 'no answer' })->{status}, $status,
        "a client that waits to send is told $status at once");
}
my $gone = register();
for my $row ([200, GET => $path, @mine], [404, GET => $ANY_ID, @mine], [204, DELETE => $gone->{path},
    token => $gone->{token}],
    [200, OPTIONS => $path], [200, GET => '/.well-known/jwks.json']) {
    my ($status, $method, $where, %with) = @$row;
    my $bytes = exchange(request_text($method => $where, %with, keep => 1, headers => ['Content-Length: 5']),
        answers => 1, methods => [$method], quiet => 10);
    is((answers($bytes, [$method])->[0] || { status => 'no answer' })->{status}, $status,
        "$method $where needs no body and waits for none");
}
{
    my $bytes = exchange("GET $path HTTP/1.0\r\nAuthorization: Bearer $me->{token}\r\n\r\n");
    is(join(' ', map { "$_->{status} $_->{body}" } @{ answers($bytes) }), "200 $PROFILE",
        'HTTP/1.0 is answered and closed');
}
{
    my $name = new_name();
    my $text = register_text($name);
    my $socket = connection();
    syswrite($socket, request_text(POST => $USERS, type => 'application/json',
        headers => ['Content-Length: ' . length $text]) . substr($text, 0, 5));
    select(undef, undef, undef, 0.3);
    is((answers(exchange(substr($text, 5), socket => $socket, answers => 1))->[0] || {})->{status}, 201,
        'a body that comes in two parts');
}

# ---- what is not whole is not done ---------------------------------------------------------------------------------

# Each row: what, a registration that is broken on the way, and how.
my $whole = sub { request_text(POST => $USERS, type => 'application/json', headers => $_[0]) };
my @broken = (
    ['cut off', sub { $whole->(['Content-Length: ' . (10 + length $_[0])]) . $_[0] }],
    ['cut off in a chunk', sub { $whole->(['Transfer-Encoding: chunked'])
        . sprintf("%x\r\n%s", 10 + length $_[0], $_[0]) }],
    ['without the last chunk', sub { $whole->(['Transfer-Encoding: chunked'])
        . sprintf("%x\r\n%s\r\n", length $_[0], $_[0]) }],
    ['with a chunk size that is no number', sub { $whole->(['Transfer-Encoding: chunked'])
        . sprintf("%x\r\n%s\r\nxyz\r\n\r\n", length $_[0], $_[0]) }],
    ['with a negative chunk size', sub { $whole->(['Transfer-Encoding: chunked']) . "-5\r\n$_[0]\r\n0\r\n\r\n" }],
    ['with two lengths', sub { $whole->(['Content-Length: ' . length $_[0], 'Content-Length: 3']) . $_[0] }],
    ['with a length that is no number', sub { $whole->(['Content-Length: 1x']) . $_[0] }],
    ['with a negative length', sub { $whole->(['Content-Length: -' . length $_[0]]) . $_[0] }],
    ['with an unknown transfer coding', sub { $whole->(['Transfer-Encoding: nonsense']) . $_[0] }],
);
for my $row (@broken) {
    my ($what, $broken) = @$row;
    my $name = new_name();
    my @answers = @{ answers(exchange($broken->(register_text($name)), half_close => 1, quiet => 10)) };
    is(scalar(grep { $_->{status} < 400 || $_->{status} == 500 } @answers), 0, "a registration $what is not accepted")
        or diag(join ' ', map { $_->{status} } @answers);
    ok(!login($name, good_password()), 'a request that was cut off is not done');
}

answer_is(call(GET => $path, @mine), 200, $PROFILE, 'the server is as well as before');
api_done();
