#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Asking whether a token is good, and signing out: POST /api-token-verify/ and POST /api-token-revoke/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;

my ($VERIFY, $REVOKE, $REFRESH) = map { "/api-token-$_/" } qw(verify revoke refresh);
my $OK = '{"status":"OK"}';

sub enter {
    my ($who) = @_;
    return json_of(call(POST => $TOKEN, json => '{"username":' . json_text($who->{username}) . ',"password":'
        . json_text($who->{password}) . '}'));
}

sub is_dead {
    my ($who, $at, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @said = (call(GET => $who->{path}, token => $at->{token})->{status},
        call(GET => '/private/hello.txt', token => $at->{token}, any => 1)->{status},
        call(POST => $REFRESH, json => "{\"refresh_token\":\"$at->{refresh_token}\"}")->{status});
    return is("@said", '401 401 401', $name);
}

sub is_alive {
    my ($who, $at, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is(call(GET => $who->{path}, token => $at->{token})->{status}, 200, $name);
}

my $me = register(first_name => 'Zoë');

# ---- verify --------------------------------------------------------------------------------------------------------

{
    my $at = enter($me);
    my $answer = call(POST => $VERIFY, json => "{\"token\":\"$at->{token}\"}");
    answer_is($answer, 200, qr/\{"token":"\Q$at->{token}\E","expires_in":\d+,"user":\Q@{[profile_of($me)]}\E\}/,
        'a good token is told, with whose it is');
    my $left = json_of($answer)->{expires_in};
    ok($left > $at->{expires_in} - 60 && $left <= $at->{expires_in},
        'the verification answers how long the token lasts');
    answer_is(call(POST => $VERIFY, form => "token=$at->{token}"), 200, qr/.*/, 'a form does as well');
    for my $none ($at->{refresh_token}, 'x', 'a.b.c', "$at->{token}x", 'x' x 50000) {
        answer_is(call(POST => $VERIFY, json => "{\"token\":\"$none\"}"), 401, detail('bad_token'),
            'refused: ' . substr $none, 0, 10);
    }
    answer_is(call(POST => $VERIFY, json => '{}'), 400, faults(token => 'required'), 'a missing token is refused');
    answer_is(call(POST => $VERIFY, token => $at->{token}, json => '{}'), 400, faults(token => 'required'),
        'the header is not looked at');
    answer_is(call(GET => $VERIFY), 405, detail('Method "GET" not allowed.'), 'GET is not allowed');
    UmTest::sql("update um_users set is_active = 0 where id = '$me->{id}'");
    answer_is(call(POST => $VERIFY, json => "{\"token\":\"$at->{token}\"}"), 401, detail('gone_user'),
        'an account that is switched off');
    UmTest::sql("update um_users set is_active = 1 where id = '$me->{id}'");
}

# ---- revoke --------------------------------------------------------------------------------------------------------

{
    my @at = map { enter($me) } 1 .. 8;
    is_alive($me, $at[0], 'signed in');
    is(call(GET => '/private/hello.txt', token => $at[0]{token}, any => 1)->{status}, 200, 'a protected place is open');
    answer_is(call(POST => $REVOKE, token => $at[0]{token}), 200, $OK, 'a token in the header alone is revoked');
    is_dead($me, $at[0], 'signed out');
    answer_is(call(POST => $REVOKE, token => $at[0]{token}), 401, detail('bad_token'),
        'a revoked token cannot be revoked again');
    is_alive($me, $at[1], 'another session goes on');
    answer_is(call(POST => $REVOKE, token => $at[1]{token}, json => '{}'), 200, $OK, 'an empty object is no body');
    is_dead($me, $at[1], 'signed out');
    answer_is(call(POST => $REVOKE, json => "{\"token\":\"$at[2]{token}\"}"), 200, $OK,
        'a token in the body is revoked');
    is_dead($me, $at[2], 'signed out');
    answer_is(call(POST => $REVOKE, form => "token=$at[3]{refresh_token}&token_type_hint=refresh_token"), 200, $OK,
        'a refresh token in a form is revoked');
    is_dead($me, $at[3], 'signed out');
    answer_is(call(POST => $REVOKE, form => "token=$at[4]{refresh_token}&token_type_hint=access_token"), 200, $OK,
        'a hint that is wrong makes no difference');
    is_dead($me, $at[4], 'signed out');
    my $next = json_of(call(POST => $REFRESH, json => "{\"refresh_token\":\"$at[5]{refresh_token}\"}"));
    answer_is(call(POST => $REVOKE, json => "{\"token\":\"$at[5]{refresh_token}\"}"), 200, $OK,
        'a refresh token that was replaced revokes the session');
    is_dead($me, $next, 'signed out');
    answer_is(call(POST => $REVOKE, token => 'stale', json => "{\"token\":\"$at[6]{token}\"}"), 200, $OK,
        'a stale token in the header is not looked at when the body has one');
    is_dead($me, $at[6], 'signed out');

    answer_is(call(POST => $REVOKE, json => '{"token":' . json_text($_) . '}'), 200, $OK,
        'nothing to end: ' . substr $_, 0, 10) for $at[0]{token}, $at[0]{refresh_token}, 'x', 'umr_', 'umr_' . 'A' x 86,
        'umc_x', 'a.b.c', 'x' x 50000;
    is_alive($me, $at[7], 'which ended nothing');
    answer_is(call(POST => $REVOKE), 400, faults(token => 'required'), 'a request without a token is refused');
    answer_is(call(POST => $REVOKE, json => '{"token":null}'), 400, faults(token => 'null'),
        'the token null is refused');
    answer_is(call(POST => $REVOKE, json => '{"token":""}', token => $at[7]{token}), 400, faults(token => 'blank'),
        'a blank token is refused');
    answer_is(call(POST => $REVOKE, json => '{"token":1}'), 400, faults(token => 'string'),
        'a number as token is refused');
    is_alive($me, $at[7], 'a fault ends nothing');
    answer_is(call(POST => $REVOKE, token => 'x'), 401, detail('bad_token'), 'a bad token in the header alone');
    is(call(POST => $REVOKE, headers => ['Authorization: Bearer a', 'Authorization: Bearer b'])->{status}, 400,
        'two Authorization headers are refused');
    is(call(OPTIONS => $REVOKE)->{head}{allow}[0], 'POST, OPTIONS', 'OPTIONS names the methods');
    answer_is(call(GET => $REVOKE, token => $at[7]{token}), 405, detail('Method "GET" not allowed.'),
        'GET is not allowed');
    is_alive($me, $at[7], 'indeed');
    # Nobody is a client here.
    my $answer = call(POST => $REVOKE, json => "{\"token\":\"$at[7]{token}\"}", any => 1,
        headers => ['Authorization: Basic ZnJvbnQ6dW1jX3g=']);
    answer_is($answer, 401, '{"detail":"Invalid client credentials.","error":"invalid_client"}',
        'a client that is none');
    like($answer->{head}{'www-authenticate'}[0], qr/\ABasic realm="[^"]+"\z/, 'a bad client is asked for Basic');
    answer_is(call(POST => $REVOKE, token => 'umc_x', json => "{\"token\":\"$at[7]{token}\"}"), 401, detail('bad_token'),
        "a client's token that is none");
    is_alive($me, $at[7], 'and ends nothing');
}

api_done();
