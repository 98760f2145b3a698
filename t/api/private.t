#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Locations behind AuthType Bearer: files, .htaccess, CGI programs; who gets in, who does not, what the program is told.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;

my $me = register(username => new_name('Zoë'));
my $HELLO = "for those who are signed in\n";
my $ENV_PATH = '/private/cgi/printenv';
my $BAD = 'error="invalid_token", error_description="The token is not valid, or not any more"';

sub get {
    my ($path, @with) = @_;
    return call(GET => $path, @with, any => 1);
}

# The environment that a program got, as a hash.
sub environment {
    my ($answer) = @_;
    return { map { /\A([^=]+)=(.*)\z/s ? ($1, $2) : () } split /\n/, $answer->{body} };
}

sub refused_is {
    my ($answer, $challenge, $name) = @_;
    is($answer->{status}, 401, $name);
    is(join(', ', @{ $answer->{head}{'www-authenticate'} || [] }), $challenge, "$name: the challenge");
    unlike($answer->{body}, qr/signed in|REMOTE_/, "$name: nothing is shown");
    return;
}

# ---- with a token and without ----------------------------------------------------------------------------------------

my @places = (['/private/hello.txt', 'private', $HELLO], ['/folder/hello.txt', 'folder', "protected by .htaccess\n"],
    [$ENV_PATH, 'private', qr/.*\nREMOTE_USER=.*/s],
    ['/either/hello.txt', 'either', $HELLO]);
for my $place (@places) {
    my ($path, $realm, $body) = @$place;
    answer_is(get($path, token => $me->{token}), 200, $body, "$path with a token");
    is(get($path, headers => ["Authorization: bEARER \t  $me->{token}"])->{status}, 200,
        "$path: the scheme's case and blanks do not matter");
    refused_is(get($path), qq(Bearer realm="$realm"), "$path without a token");
    refused_is(get($path, headers => ['Authorization: Basic QTpi']), qq(Bearer realm="$realm"), "$path with Basic");
    refused_is(get("$path?access_token=$me->{token}"), qq(Bearer realm="$realm"), "$path with a token in the address");
    refused_is(get($path, headers => ["Cookie: access_token=$me->{token}", "X-Authorization: Bearer $me->{token}"]),
        qq(Bearer realm="$realm"), "$path with a token in other headers");
    refused_is(get($path, token => 'x'), qq(Bearer realm="$realm", $BAD), "$path with a bad token");
    is(get($path, headers => [@$_])->{status} =~ /\A40[01]\z/, 1, "$path with two Authorization headers")
        for ["Authorization: Bearer $me->{token}", 'Authorization: Bearer x'],
            ['Authorization: Bearer x', "Authorization: Bearer $me->{token}"];
    for my $method (qw(HEAD POST PUT DELETE OPTIONS PROPFIND FOO)) {
        is(call($method => $path, any => 1)->{status}, 401, "$path: $method needs a token as well");
    }
    is(get($path, headers => ['If-None-Match: *', 'Range: bytes=0-3',
        'If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT'])->{status}, 401, "$path: conditions do not open it");
}
is(get('/index.txt')->{status}, 200, 'an open page needs no token');
is(get('/index.txt', token => 'x')->{status}, 200, 'an open page does not look at a token');

# ---- who ------------------------------------------------------------------------------------------------------------

{
    my $told = environment(get($ENV_PATH, token => $me->{token}));
    is($told->{REMOTE_USER}, $me->{username}, 'a program is told the user name');
    is($told->{AUTH_TYPE}, 'Bearer', 'AUTH_TYPE is Bearer');
    is_deeply([grep { index($told->{$_}, $me->{token}) >= 0 } sort keys %$told], [], 'no variable has the token');
}

my $NAMED = 'only.this.user';
my $token = login($NAMED, good_password()) || register(username => $NAMED)->{token};
answer_is(get('/only/hello.txt', token => $token), 200, $HELLO, 'Require user lets that user in');
like(get('/only/hello.txt', token => $me->{token})->{status}, qr/\A40[13]\z/, 'Require user refuses another account');
for my $name ("x$NAMED", "${NAMED}x") {
    like(get('/only/hello.txt', token => register(username => $name . new_name(''))->{token})->{status},
        qr/\A40[13]\z/, 'Require user refuses an account whose name looks alike');
}
refused_is(get('/only/hello.txt'), 'Bearer realm="only"', 'nor nobody');
refused_is(get('/only/hello.txt', token => 'x'), qq(Bearer realm="only", $BAD), 'nor a bad token');
answer_is(get('/either/hello.txt', headers => ['X-Open-Door: yes']), 200, $HELLO,
    'another rule can open a Location without a token');

# ---- nobody is fooled ------------------------------------------------------------------------------------------------

my @forged = map { ("$_: root", "\L$_\E: root") } qw(Remote-User X-Remote-User X-Forwarded-User X-User X-Usermgmt-User
    Usermgmt-Username REMOTE_USER Remote_User AUTH_TYPE X-Original-URL X-Rewrite-URL);
for my $header (@forged) {
    is(get('/private/hello.txt', headers => [$header])->{status}, 401, "$header opens nothing");
    is(environment(get($ENV_PATH, headers => [$header], token => $me->{token}))->{REMOTE_USER}, $me->{username},
        "$header does not change who it is");
    my $told = environment(get('/cgi/printenv', headers => [$header]));
    is_deeply([grep { /\A(?:REMOTE_USER|AUTH_TYPE|USERMGMT_.*)\z/ } sort keys %$told], [],
        "$header names nobody where nobody is asked");
}
is_deeply([grep { $_ eq 'REMOTE_USER' } keys %{ environment(get('/cgi/printenv', token => $me->{token})) }], [],
    'where nobody is asked, a token names nobody');
is(environment(get($ENV_PATH, token => $me->{token}, headers => ["Connection: $_, close"]))->{REMOTE_USER},
    $me->{username}, "Connection: $_ takes nothing away")
    for qw(Authorization Remote-User X-Usermgmt-User);

my @spellings = (
    '//private/hello.txt', '/private//hello.txt', '/./private/hello.txt', '/x/../private/hello.txt',
    '/private/./hello.txt', '/private/../private/hello.txt', '/%70rivate/hello.txt', '/priv%61te/hello.txt',
    '/private/hello%2etxt', '/private/%2e/hello.txt', '/x/%2e%2e/private/hello.txt', '/private%2fhello.txt',
    '/%2fprivate/hello.txt', '/private%2Fhello.txt', '/private%252fhello.txt', '/private/hello.txt%00',
    '/private%00/hello.txt', '/private;/hello.txt', '/private;x=1/hello.txt', '/private/;/hello.txt',
    '/PRIVATE/hello.txt', '/Private/hello.txt', '/private/HELLO.TXT', '/private\\hello.txt', '/private%5chello.txt',
    '/private/hello.txt/', '/private/hello.txt/x', '/private', '/private.', '/private%20/hello.txt',
    '/private/hello.txt%20', '/private/hello.txt?', '/private/hello.txt#', 'http://localhost/private/hello.txt',
    'http://other.example/private/hello.txt', '/cgi/../private/hello.txt', '/cgi/printenv/../../private/hello.txt',
    '/only//hello.txt', '/%6fnly/hello.txt', '/either//hello.txt', '/folder//hello.txt', '/%66older/hello.txt',
    '/folder/./hello.txt', '/folder/hello.txt/',
);
for my $path (@spellings) {
    my $answer = get($path);
    ok($answer->{status} =~ /\A[34]/ && $answer->{body} !~ /signed in|protected by/,
        "the protected page is not served at $path")
        or diag("$answer->{status} $answer->{body}");
}
answer_is(get($_, token => $me->{token}), 200, $HELLO, "the protected page is served with a token at $_")
    for qw(//private/hello.txt /x/../private//hello.txt /%70rivate/hello.txt);

# ---- dead tokens -----------------------------------------------------------------------------------------------------

# Seen by every process before, so that nothing kept in memory can let them live on.
sub warm_up {
    my ($token) = @_;
    my @answers = race((request_text(GET => '/private/hello.txt', token => $token)) x 8);
    return scalar grep { $_->{status} == 200 } @answers;
}

sub dead_is {
    my ($token, $name) = @_;
    my @first = map { get($_->[0], token => $token) } @places;
    refused_is($first[$_], qq(Bearer realm="$places[$_][1]", $BAD), "$name: $places[$_][0]")
        for 0 .. $#places;
    my @answers = race((request_text(GET => '/private/hello.txt', token => $token)) x 8);
    is(scalar(grep { $_->{status} == 401 } @answers), 8, "all processes refuse the token: $name");
    return;
}

{
    my $account = register();
    my $older = login($account->{username}, $account->{password});
    is(warm_up($_), 8, 'a token opens a place everywhere') for $account->{token}, $older;
    my $fresh = json_of(call(POST => $account->{path}, token => $account->{token},
        json => qq({"old_password":"$account->{password}","new_password":"Red-House?38"})))->{token};
    dead_is($older, 'after a new password');
    dead_is($account->{token}, 'after a new password, the token it was changed with');
    answer_is(get('/private/hello.txt', token => $fresh), 200, $HELLO, 'the fresh one is good');
    is(warm_up($fresh), 8, 'all processes accept the new token');
    is(call(DELETE => $account->{path}, token => $fresh)->{status}, 204, 'the account is deleted');
    dead_is($fresh, 'after deletion');
    my $again = register(username => $account->{username});
    is(get('/private/hello.txt', token => $again->{token})->{status}, 200, 'the name belongs to someone else now');
    dead_is($fresh, 'after the name was taken again');
}

# ---- nobody gets another's name --------------------------------------------------------------------------------------

{
    my @accounts = map { register() } 1 .. 5;
    my @order = map { ($_, (0 .. 4)[-$_]) } 0 .. 4;
    my @answers = race(map { request_text(GET => $ENV_PATH, token => $accounts[$_]{token}) } (@order) x 2);
    is_deeply([map { environment($_)->{REMOTE_USER} } @answers], [map { $accounts[$_]{username} } (@order) x 2],
        'twenty requests of five users at the same instant');

    my $socket = connection();
    my @one_by_one = map { my $who = $_; answers(exchange(request_text(GET => $ENV_PATH, keep => 1, defined $who
        ? (token => $accounts[$who]{token}) : ()), socket => $socket, answers => 1))->[0] }
        0, undef, 1, undef, 2;
    is_deeply([map { $_->{status} == 200 ? environment($_)->{REMOTE_USER} : $_->{status} } @one_by_one],
        [$accounts[0]{username}, 401, $accounts[1]{username}, 401, $accounts[2]{username}],
            'a connection remembers nobody');
}

# ---- pages of the server itself -------------------------------------------------------------------------------------

answer_is(get('/private/nothing.txt', token => $me->{token}), 404, "not here\n",
    'a page that does not exist has the error page of the site');
is(get('/private/nothing.txt')->{status}, 401, 'without a token a page that does not exist is answered 401');

api_done();
