#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# /api/v1/users/me/ is the account of the caller, under every method and everything below it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;

my $ME = "${USERS}me/";

case 'reading and changing' => sub {
    my $me = register(first_name => 'Al');
    answer_is(call(GET => $ME, token => $me->{token}), 200, profile_of($me), 'GET is the own account');
    is(call(GET => $ME, token => $me->{token})->{head}{etag}[0],
        call(GET => $me->{path}, token => $me->{token})->{head}{etag}[0], 'with the same ETag');
    answer_is(call(GET => "${USERS}me", token => $me->{token}), 200, profile_of($me), 'without the slash');
    is(call(HEAD => $ME, token => $me->{token})->{status}, 200, 'HEAD');
    answer_is(call(PATCH => $ME, token => $me->{token}, json => '{"first_name":"Bo"}'), 200,
        profile_of($me, first_name => 'Bo'), 'PATCH');
    answer_is(call(PUT => $ME, token => $me->{token}, json => '{"last_name":"Li"}'), 200,
        profile_of($me, first_name => 'Bo', last_name => 'Li'), 'PUT');
    is(call(PATCH => $ME, token => $me->{token}, json => '{"first_name":"x"}', headers => ['If-Match: "other"'])
        ->{status}, 412, 'conditions hold');
    is(call(OPTIONS => $ME)->{head}{allow}[0], 'GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS', 'OPTIONS');
};

case 'password, sessions, events, deletion' => sub {
    my $me = register();
    my $answer = call(POST => $ME, token => $me->{token},
        json => "{\"old_password\":\"$me->{password}\",\"new_password\":\"Green-Tree!71x\"}");
    is($answer->{status}, 200, 'POST changes the password');
    my $token = json_of($answer)->{token};
    is(scalar @{ json_of(call(GET => "${ME}sessions/", token => $token)) }, 1, 'the own sessions');
    my $events = json_of(call(GET => "${ME}events/", token => $token));
    is(join(' ', map { $_->{event} } @{ $events->{results} }), 'password_changed registered', 'the own events');
    my $second = login($me->{username}, 'Green-Tree!71x');
    my ($other) = grep { !$_->{current} } @{ json_of(call(GET => "${ME}sessions/", token => $second)) };
    is(call(DELETE => "${ME}sessions/$other->{id}/", token => $second)->{status}, 204, 'a session is ended');
    is(call(GET => $ME, token => $token)->{status}, 401, 'its token is bad now');
    is(call(DELETE => "${ME}sessions/", token => $second)->{status}, 204, 'all sessions are ended');
    $second = login($me->{username}, 'Green-Tree!71x');
    is(call(DELETE => $ME, token => $second)->{status}, 204, 'the account is deleted');
    is(call(GET => $ME, token => $second)->{status}, 401, 'and gone');
    is(UmTest::sql("select count(*) from um_users where id = '$me->{id}'"), '0', 'from the database, too');
};

case 'nobody gets another account by it' => sub {
    my ($me, $other) = (register(), register());
    answer_is(call(GET => $ME), 401, detail('no_token'), 'without a token');
    answer_is(call(DELETE => $ME), 401, detail('no_token'), 'DELETE without a token');
    answer_is(call(GET => $ME, token => $other->{token}), 200, profile_of($other), 'each caller has an own one');
    for my $id ('ME', 'Me', 'me%20', 'mee', '%6de%2F', 'me;x') {
        my $answer = call(GET => "$USERS$id/", token => $me->{token});
        answer_is($answer, 404, detail('not_found'), "$id is no account");
    }
    answer_is(call(GET => "$USERS%6De/", token => $me->{token}), 200, profile_of($me), 'an escaped letter is the letter');
    is(call(GET => "${ME}me/", token => $me->{token})->{status}, 404, 'there is no path below');
    my $staff = register();
    UmTest::sql("update um_users set is_staff = 1 where id = '$staff->{id}'");
    is(json_of(call(GET => $ME, token => $staff->{token}))->{id}, $staff->{id}, 'staff gets the own account');
    my $named = call(POST => $USERS, json => '{"username":"me","password":"Blue-Tree!71x"}');
    ok($named->{status} == 201 || $named->{status} == 400, 'an account may be called me');
    is(json_of(call(GET => $ME, token => $staff->{token}))->{id}, $staff->{id}, 'which changes nothing');
};

api_done();
