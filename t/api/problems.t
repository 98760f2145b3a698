#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Errors as problem details (RFC 9457), for those who ask with Accept: application/problem+json.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;

my $me = register();
my @mine = (token => $me->{token});
my @ASK = (headers => ['Accept: application/problem+json']);
my $ANY_ID = "${USERS}0f0e0d0c-0b0a-4908-8706-050403020100/";

# One kind of error a row: a name, the status, the text, the request. Equal names must have equal codes, different ones
# different codes.
my @errors = (
    ['no token', 401, 'no_token', GET => $me->{path}],
    ['no token', 401, 'no_token', DELETE => $me->{path}],
    ['bad token', 401, 'bad_token', GET => $me->{path}, token => 'x'],
    ['not found', 404, 'not_found', GET => $ANY_ID, @mine],
    ['not found', 404, 'not_found', POST => '/api/v1/nope/', json => '{}'],
    ['wrong method', 405, 'Method "PUT" not allowed.', PUT => $TOKEN],
    ['wrong method', 405, 'Method "PATCH" not allowed.', PATCH => $USERS],
    ['media type', 415, 'Unsupported media type "text/plain" in request.', POST => $TOKEN, body => 'x',
        type => 'text/plain'],
    ['too large', 413, 'Request body too large.', POST => $TOKEN, json => ' ' x 70_000],
    ['no JSON', 400, undef, POST => $TOKEN, json => '{'],
    ['no JSON', 400, undef, PATCH => $me->{path}, @mine, json => '{"a":1,"a":2}'],
);

my %codes;
for my $row (@errors) {
    my ($kind, $status, $text, $method, $path, %with) = @$row;
    my $plain = call($method => $path, %with);
    my $answer = call($method => $path, %with, @ASK);
    my $said = json_of($answer) || {};
    my $what = "$kind: $method";
    is($answer->{status}, $status, $what);
    is_deeply($answer->{head}{'content-type'}, ['application/problem+json'], "$what: its media type");
    is($said->{status}, $status, "$what: its status");
    like($said->{title}, qr/\A\S.*\S\z/, "$what: its title");
    like($said->{type} || 'about:blank', qr/\A(?:about:blank|[a-z]+:\S+|\/\S*)\z/, "$what: its type is a reference");
    like($said->{code}, qr/\A[a-z][a-z0-9_]*\z/, "$what: its code");
    is($said->{detail}, $text ? (json_of({ body => detail($text) }) || {})->{detail}
        : (json_of($plain) || {})->{detail}, "$what: its detail is the text of plain JSON");
    is_deeply($plain->{head}{'content-type'}, ['application/json'], "$what: plain JSON is the default");
    is_deeply($answer->{head}{$_}, $plain->{head}{$_}, "$what: $_ as ever")
        for qw(www-authenticate allow cache-control vary);
    $codes{$kind}{ $said->{code} || '' } = 1;
}
is(scalar keys %{ $codes{$_} }, 1, "$_: one code") for sort keys %codes;
my %different = map { $_ => 1 } map { keys %$_ } values %codes;
is(scalar keys %different, scalar keys %codes, 'each kind of error has a code of its own');

# ---- faults of fields ----------------------------------------------------------------------------------------------

# Each row: the request, and the faults that plain JSON names, with what they are about.
my @faulty = (
    [[POST => $USERS, json => '{}'], [username => 'required'], [password => 'required']],
    [[POST => $USERS, json => '{"username":"","password":null,"first_name":[]}'], [username => 'blank'],
        [password => 'null'], [first_name => 'string']],
    [[POST => $USERS, json => '{"username":"a b","password":"123456","email":"x"}'],
        [username => 'username'], [password => 'short'], [password => 'common'], [password => 'numeric'],
            [email => 'email']],
    [[POST => $USERS, json => '{"username":"' . $me->{username} . '","password":"' . good_password()
        . '","last_name":"' . 'x' x 151 . '"}'],
        [username => 'taken'], [last_name => 'max150']],
    [[PATCH => $me->{path}, @mine, json => '{"first_name":null,"email":"x"}'], [first_name => 'null'],
        [email => 'email']],
    [[POST => $me->{path}, @mine, json => '{"old_password":"x","new_password":"Red-House?38"}'],
        [old_password => 'wrong']],
    [[POST => $TOKEN, json => '{"username":"nobody","password":"x"}'], [non_field_errors => 'login']],
    [[POST => $TOKEN, json => 'null'], [non_field_errors => 'no_data']],
);
my %code_of;
for my $row (@faulty) {
    my ($request, @faults) = @$row;
    my ($method, $path, %with) = @$request;
    my $answer = call($method => $path, %with, @ASK);
    my $said = json_of($answer) || {};
    my $what = "$method " . ($path =~ s{$UUID}{<id>}r) . ' ' . substr($with{json}, 0, 40);
    is("$answer->{status} @{ $answer->{head}{'content-type'} || [] }", '400 application/problem+json', $what);
    is($said->{status}, 400, "$what: its status");
    like($said->{code}, qr/\A[a-z][a-z0-9_]*\z/, "$what: its code");
    my @found = ref $said->{errors} eq 'ARRAY' ? @{ $said->{errors} } : ();
    is_deeply([map { [$_->{field}, $_->{detail}] } @found], [map { [$_->[0], $SAY{ $_->[1] }] } @faults],
        "$what: every fault, in order")
        or diag($answer->{body});
    for my $number (0 .. $#found) {
        my $code = $found[$number]{code};
        like($code, qr/\A[a-z][a-z0-9_]*\z/, "$what: code of $found[$number]{field}");
        my $about = $faults[$number][1] || '';
        $code_of{$about}{ $code || '' } = 1;
    }
}
is(scalar keys %{ $code_of{$_} }, 1, "the text has the same code everywhere: $_") for sort keys %code_of;

# ---- only for errors, only when asked ------------------------------------------------------------------------------

{
    my $answer = call(GET => $me->{path}, @mine, @ASK);
    answer_is($answer, 200, profile_of($me), 'an answer that is no error has its usual body');
    is_deeply($answer->{head}{'content-type'}, ['application/json'],
        'an answer that is no error has the type application/json');
}
for my $accept ('*/*', 'application/*', 'application/json', 'application/json, application/problem+json;q=0.5',
    'text/html') {
    my $answer = call(GET => $ANY_ID, @mine, headers => ["Accept: $accept"]);
    answer_is($answer, 404, detail('not_found'), "plain JSON for Accept: $accept");
}
for my $accept ('application/problem+json', 'application/problem+json, application/json',
    'application/json, application/problem+json', 'APPLICATION/PROBLEM+JSON') {
    my $answer = call(GET => $ANY_ID, @mine, headers => ["Accept: $accept"]);
    is_deeply($answer->{head}{'content-type'}, ['application/problem+json'], "problem details for Accept: $accept");
}

api_done();
