#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What holds for every endpoint: who is asking, which method, which media type of the answer, which path, which order.
# (What an endpoint reads is in bodies.t, connections are in wire.t, problem details in problems.t.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;

my $me = register(first_name => 'Ann');
my $path = $me->{path};
my $good = $me->{token};
my $ANY_ID = "${USERS}0f0e0d0c-0b0a-4908-8706-050403020100/";

# ---- Authorization -------------------------------------------------------------------------------------------------

sub with {
    my ($value) = @_;
    return call(GET => $path, headers => ["Authorization: $value"]);
}

answer_is(with($_->[1]), 200, profile_of($me), "Authorization is accepted: $_->[0]") for
    ['as usual', "Bearer $good"], ['lower case', "bearer $good"], ['upper case', "BEARER $good"],
        ['mixed case', "bEaReR $good"],
    ['several blanks', "Bearer    $good"], ['a tab', "Bearer\t$good"], ['blanks and tabs', "Bearer \t $good"],
        ['blanks around', "   Bearer $good  "];

# Each row: what, the header's value, the answer, whether the challenge must call the token invalid.
my @unauthorised = (
    ['another scheme', "Token $good", 'no_token'], ['Basic', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', 'no_token'],
        ['Digest', 'Digest username="x"', 'no_token'],
    ['a scheme that begins alike', "Bearers $good", 'no_token'], ['half the scheme', 'Bear', 'no_token'],
        ['one letter', 'B', 'no_token'],
    ['no blank', "Bearer$good", 'no_token'], ['a comma', "Bearer,$good", 'no_token'],
        ['an equals sign', "Bearer=$good", 'no_token'], ['nothing', '', 'no_token'],
    ['the token alone', $good, 'no_token'],
    ['the scheme alone', 'Bearer', 'Invalid token header. No credentials provided.'],
    ['the scheme and blanks', "Bearer  \t ", 'Invalid token header. No credentials provided.'],
    ['two words', 'Bearer a b', 'Invalid token header. Token string should not contain spaces.'],
    ['two tokens', "Bearer $good $good", 'Invalid token header. Token string should not contain spaces.'],
    ['two words and a tab', "Bearer a\tb", 'Invalid token header. Token string should not contain spaces.'],
    ['bytes that are no text', "Bearer \xff\xfe",
        'Invalid token header. Token string should not contain invalid characters.'],
    ['a good token and such a byte', "Bearer $good\xff",
        'Invalid token header. Token string should not contain invalid characters.'],
    ['a word', 'Bearer x', 'bad_token', 1], ['dots', 'Bearer ..', 'bad_token', 1],
        ['a dot', 'Bearer .', 'bad_token', 1], ['signs', 'Bearer {"a":1}', 'bad_token', 1],
    ['a list of tokens', "Bearer $good,$good", 'bad_token', 1], ['quotes', "Bearer \"$good\"", 'bad_token', 1],
        ['a very long word', 'Bearer ' . 'x' x 7000, 'bad_token', 1],
    ['a very long token', 'Bearer ' . join('.', ('x' x 2300) x 3), 'bad_token', 1],
);
for my $row (@unauthorised) {
    my ($what, $value, $says, $invalid) = @$row;
    my $answer = with($value);
    answer_is($answer, 401, detail($says), "Authorization is refused: $what");
    my $challenge = ($answer->{head}{'www-authenticate'} || [''])->[0];
    if ($says eq 'no_token') {
        like($challenge, qr/\ABearer realm="[^"]+"\z/, "$what: the challenge accuses nobody");
    }
    elsif ($invalid) {
        like($challenge, qr/\ABearer realm="[^"]+", ?error="invalid_token"/,
            "$what: the challenge calls the token invalid");
    }
}
{
    my $answer = call(GET => $path);
    answer_is($answer, 401, detail('no_token'), 'a request without Authorization is answered 401');
    like($answer->{head}{'www-authenticate'}[0], qr/\ABearer realm="[^"]+"\z/,
        'the challenge names a realm and nothing else');
}

answer_is(call(GET => "$path$_"), 401, detail('no_token'), "a token in the address is not read: $_=")
    for "?access_token=$good", "?token=$good", "?Authorization=Bearer%20$good";
answer_is(call(PATCH => $path, form => "access_token=$good&first_name=x"), 401, detail('no_token'),
    'a token in a form is not looked at');
answer_is(call(GET => $path, headers => ["Cookie: token=$good; access_token=$good"]), 401, detail('no_token'),
    'a token in a cookie is not looked at');
answer_is(call(GET => $path, headers => ["$_: Bearer $good"]), 401, detail('no_token'),
    "a token in the header $_ is not looked at")
    for qw(X-Authorization Proxy-Authorization X-Access-Token Authorization-);

my @twice = (["Bearer $good", "Bearer $good"], ["Bearer $good", 'Bearer x'], ['Bearer x', "Bearer $good"],
    ['Basic Og==', "Bearer $good"], ['', "Bearer $good"]);
for my $pair (@twice) {
    my $answer = call(GET => $path, headers => [map { "Authorization: $_" } @$pair]);
    answer_is($answer, 400, qr/\{"detail":"[^"]+"\}/, 'two Authorization headers are refused: '
        . join(', ', map { substr $_, 0, 8 } @$pair));
}

# ---- methods -------------------------------------------------------------------------------------------------------

my %allow = ($USERS => 'GET, POST, HEAD, OPTIONS', $TOKEN => 'POST, OPTIONS',
    $path => 'GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS');
my %wrong = ($USERS => [qw(PUT PATCH DELETE)], $TOKEN => [qw(GET HEAD PUT PATCH DELETE)], $path => []);
for my $where ($USERS, $TOKEN, $path) {
    my $shown = $where =~ s{$UUID}{<id>}r;
    my @mine = $where eq $path ? (token => $good) : ();
    for my $method (@{ $wrong{$where} }, qw(PROPFIND MKCOL LOCK FOO M-SEARCH get post)) {
        my $answer = call($method => $where, @mine);
        answer_is($answer, 405, $method eq 'HEAD' ? '' : detail("Method \"$method\" not allowed."),
            "$method $shown is answered 405");
        is_deeply($answer->{head}{allow}, [$allow{$where}], "$method $shown: Allow");
    }
}
answer_is(call(PROPFIND => $path), 401, detail('no_token'), 'a missing token comes before a wrong method');
answer_is(call(FOO => $ANY_ID, token => $good), 405, detail('Method "FOO" not allowed.'),
    'how comes before whether it is there');
answer_is(call(FOO => "${USERS}x/", token => $good, body => 'x', type => 'text/plain'), 405,
    detail('Method "FOO" not allowed.'), 'a wrong method comes before a wrong body');
is(call(TRACE => $path, token => $good, any => 1)->{status}, 405, 'TRACE is not allowed');

# ---- encoded slashes and zeros ---------------------------------------------------------------------------------------

# httpd itself would answer in HTML, or where AllowEncodedSlashes is On or NoDecode find another path.
for my $port (UmTest::port(), map { UmTest::server_value("um_${_}_port") } qw(quiet mute)) {
    for my $odd ("${USERS}%2F", "${USERS}$me->{id}%2f", "${USERS}%00", "$path%00", "/api/v1/users%2F$me->{id}/",
        "/api-token-auth/%2F", '/api-token-auth/x%00y', "/x/../api/v1/users/a%2F..%2F..%2Fb", '/api%2Fv1/users/',
        '/%61pi/v1/users/%2F',
        '/.well-known/jwks.json/%2F') {
        for my $method (qw(GET POST DELETE OPTIONS)) {
            my $answer = call($method => $odd, port => $port, token => $good);
            answer_is($answer, 404, detail('not_found'), "$method $odd is answered 404");
        }
    }
    is(call(GET => $_, port => $port, any => 1)->{status}, 404, "$_ is httpd's") for '/x/%2F', '/api/v2%2F', '/x%00';
    answer_is(call(GET => $path, port => $port, token => $good), 200, profile_of($me), 'a plain path is served');
}

# ---- OPTIONS -------------------------------------------------------------------------------------------------------

my %described = (
    $USERS => { POST => { username => ['string', 1, 150], password => ['string', 1, 1024],
        first_name => ['string', '', 150],
        last_name => ['string', '', 150], email => ['email', '', 254] } },
    $TOKEN => { POST => { username => ['string', 1], password => ['string', 1] } },
    $path => { PUT => { first_name => ['string', '', 150], last_name => ['string', '', 150],
        email => ['email', '', 254] } },
);
for my $where ($USERS, $TOKEN, $path, $ANY_ID, "${USERS}x/") {
    my $shown = $where =~ s{$UUID}{<id>}r;
    for my $headers ([], ['Authorization: Bearer stale'], ['Origin: https://example.org',
        'Access-Control-Request-Method: PUT']) {
        my $answer = call(OPTIONS => $where, headers => $headers);
        my $said = json_of($answer) || {};
        is($answer->{status}, 200, "OPTIONS $shown never needs a token") or diag($answer->{body});
        is_deeply($answer->{head}{allow}, [$allow{$where} || $allow{$path}], "OPTIONS $shown: Allow");
        is_deeply([grep { !exists $said->{$_} } qw(name description renders parses actions)], [],
            "OPTIONS $shown: its members");
        is_deeply([sort @{ $said->{parses} || [] }],
            [qw(application/json application/x-www-form-urlencoded multipart/form-data)], "OPTIONS $shown: parses");
        ok((grep { $_ eq 'application/json' } @{ $said->{renders} || [] }), "OPTIONS $shown: renders");
    }
    my $actions = (json_of(call(OPTIONS => $where)) || {})->{actions} || {};
    my $expected = $described{$where} || $described{$path};
    for my $method (sort keys %$expected) {
        for my $field (sort keys %{ $expected->{$method} }) {
            my ($type, $required, $longest) = @{ $expected->{$method}{$field} };
            my $about = $actions->{$method}{$field} || {};
            is($about->{type}, $type, "OPTIONS $shown: $method $field type");
            is(ref $about->{required} && ($about->{required} ? 1 : ''), $required,
                "OPTIONS $shown: $method $field required");
            is($about->{max_length}, $longest, "OPTIONS $shown: $method $field max_length") if $longest;
        }
    }
}
is(call(OPTIONS => "${USERS}x/")->{body}, call(OPTIONS => $path)->{body}, 'OPTIONS does not tell who is there');

# ---- Accept --------------------------------------------------------------------------------------------------------

my @acceptable = ('*/*', 'application/*', 'application/json', 'APPLICATION/JSON', 'application/json; charset=utf-8',
    'application/json;q=0.3, text/plain',
    'text/html', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'image/png, */*;q=0.1',
        'text/plain, application/json', '', ' , application/json');
for my $accept (@acceptable) {
    my $answer = call(GET => $path, token => $good, headers => ["Accept: $accept"]);
    answer_is($answer, 200, profile_of($me), "Accept: $accept is answered 200");
    is_deeply($answer->{head}{'content-type'}, ['application/json'], 'the answer is JSON whatever of it was accepted');
}
answer_is(call(GET => $path, token => $good, headers => ['Accept: text/plain', 'Accept: application/json']), 200,
    profile_of($me), 'two Accept headers count together');
my $NO_TYPE = detail('Could not satisfy the request Accept header.');
for my $accept ('application/xml', 'text/plain', 'image/png, application/pdf;q=0.5', 'application/jsonp',
    'application/vnd.api+json') {
    my $answer = call(GET => $path, token => $good, headers => ["Accept: $accept"]);
    answer_is($answer, 406, $NO_TYPE, "Accept: $accept is answered 200");
    is_deeply($answer->{head}{'content-type'}, ['application/json'], 'said in JSON all the same');
}
my @first = (
    [POST => $USERS, json => '{}'], [POST => $TOKEN, json => '{}'], [GET => $path],
        [PATCH => $path, token => $good, json => '{'],
    [DELETE => $path, token => $good], [GET => $TOKEN], [FOO => $path, token => $good],
        [GET => $ANY_ID, token => $good], [GET => $path, token => 'bad'],
    [POST => $TOKEN, body => 'x', type => 'text/plain'], [POST => $TOKEN, json => 'x' x 100_000],
);
for my $row (@first) {
    my ($method, $where, @with) = @$row;
    answer_is(call($method => $where, @with, headers => ['Accept: application/xml']), 406, $NO_TYPE,
        "the answer's type comes first: $method " . ($where =~ s{$UUID}{<id>}r));
}

# ---- paths ---------------------------------------------------------------------------------------------------------

my @nowhere = ('/api/v1/', '/api/v1/nope/', '/api/v1/nope', '/api/v1/users/x/y/', "${path}more/", "${path}more",
    '/api/v1/users.json', '/api-token-auth/more/',
    '/api-token-auth/more', '/api/v1/Users/', '/api/v1/users/x/index.html');
for my $where (@nowhere) {
    for my $method (qw(GET POST DELETE OPTIONS)) {
        my $answer = call($method => $where, $method eq 'POST' ? (json => '{}') : (), token => $good);
        answer_is($answer, 404, detail('not_found'), "$method " . ($where =~ s{$UUID}{<id>}r) . ' is nowhere');
    }
    answer_is(call(GET => $where), 404, detail('not_found'),
        'a path that does not exist is answered 404 without a token, too')
        unless $where =~ m{\A\Q$USERS\E};
}

# Another host of the same server, where the API is not switched on, knows nothing of it.
for my $row ([POST => $USERS, json => '{}'], [POST => $TOKEN, json => '{}'], [GET => $path, token => $good]) {
    my ($method, $where, @with) = @$row;
    my $answer = call($method => $where, @with, port => UmTest::off_port(), any => 1);
    is($answer->{status}, 404, "a host without the API: $method " . ($where =~ s{$UUID}{<id>}r));
    unlike($answer->{body}, qr/\A\{/, 'a path beside the API is not answered by the API');
}

# Without the last slash the same handler answers; nothing is redirected.
(my $bare = $path) =~ s{/\z}{};
my @bare = (
    [POST => '/api/v1/users', 400, faults(username => 'required', password => 'required'), json => '{}'],
    [GET => '/api/v1/users', 401, detail('no_token')],
    [PUT => '/api/v1/users', 405, detail('Method "PUT" not allowed.')],
    [POST => '/api-token-auth', 400, faults(username => 'required', password => 'required'), json => '{}'],
    [POST => '/api-token-auth', 200, qr/\{"token":.*\}/,
        json => qq({"username":"$me->{username}","password":"$me->{password}"})],
    [GET => $bare, 200, profile_of($me), token => $good], [HEAD => $bare, 200, '', token => $good],
        [GET => $bare, 401, detail('no_token')],
    [PATCH => $bare, 200, profile_of($me), token => $good, json => '{}'],
        [PUT => $bare, 200, profile_of($me), token => $good, json => '{}'],
    [POST => $bare, 400, faults(old_password => 'required', new_password => 'required'), token => $good, json => '{}'],
    [OPTIONS => $bare, 200, qr/\{.*\}/], [OPTIONS => '/api/v1/users', 200, qr/\{.*\}/],
        [OPTIONS => '/api-token-auth', 200, qr/\{.*\}/],
    [GET => "$bare?x=y", 200, profile_of($me), token => $good],
);
for my $row (@bare) {
    my ($method, $where, $status, $body, @with) = @$row;
    answer_is(call($method => $where, @with), $status, $body, "$method " . ($where =~ s{$UUID}{<id>}r)
        . ' without the last slash');
}
{
    my $answer = call(POST => '/api/v1/users', json => '{"username":"' . new_name() . '","password":"'
        . good_password() . '"}');
    is($answer->{status}, 201, 'registration works without the last slash');
    is_deeply($answer->{head}{location}, [$USERS . (json_of($answer) || { id => '' })->{id} . '/'],
        'Location has the path of the new account');
}
answer_is(call(GET => $_, token => $good), 200, profile_of($me), 'written in another way: '
    . ($_ =~ s{$UUID}{<id>}r)) for
    "//api/v1/users/$me->{id}/", "/api//v1/users/$me->{id}/", "/api/v1/./users/$me->{id}/",
        "/api/v1/x/../users/$me->{id}/", "/api/%761/users/$me->{id}/",
    "/api/v1/users/$me->{id}//";

# ---- the order of the checks ---------------------------------------------------------------------------------------

my @order = (
    ['no token before method', [FOO => $path], 401, detail('no_token')],
    ['no token before absence', [PATCH => $ANY_ID, json => '{}'], 401, detail('no_token')],
    ['no token before the body', [PATCH => $path, json => '{'], 401, detail('no_token')],
    ['bad token before method', [FOO => $path, token => 'bad'], 401, detail('bad_token')],
    ['method before absence', [FOO => $ANY_ID, token => $good], 405, detail('Method "FOO" not allowed.')],
    ['method before the body', [PUT => $TOKEN, body => 'x', type => 'text/plain'], 405,
        detail('Method "PUT" not allowed.')],
    ['absence before the type', [PATCH => $ANY_ID, token => $good, body => 'x', type => 'text/plain'], 404,
        detail('not_found')],
    ['absence before the JSON', [POST => $ANY_ID, token => $good, json => '{'], 404, detail('not_found')],
    ['absence before the fields', [PATCH => $ANY_ID, token => $good, json => '{"email":"x"}'], 404,
        detail('not_found')],
    ['the type before the JSON', [PATCH => $path, token => $good, body => '{', type => 'text/plain'], 415,
        detail('Unsupported media type "text/plain" in request.')],
    ['the JSON before the fields', [PATCH => $path, token => $good, json => '{"email":"x"'], 400,
        qr/\{"detail":"JSON parse error - .*/],
);
for my $row (@order) {
    my ($what, $request, $status, $body) = @$row;
    answer_is(call(@$request), $status, $body, "the checks come in their order: $what");
}

answer_is(call(GET => $path, token => $good), 200, profile_of($me), 'no refused request has changed the account');
api_done();
