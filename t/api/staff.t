#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What staff sees and sets of any account.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;

# ---- the last sign-in ------------------------------------------------------------------------------------------------

sub last_sign_in {
    my ($who) = @_;
    return UmTest::sql("select coalesce(last_sign_in_at, 0) from um_users where id = '$who->{id}'");
}

sub forget {
    my ($who, $at) = @_;
    UmTest::sql('update um_users set last_sign_in_at = ' . (defined $at ? $at : 'null') . " where id = '$who->{id}'");
    return;
}

{
    my ($me, $other) = (register(), register());
    my $began = time;
    cmp_ok(abs(last_sign_in($me) - $began), '<=', 2, 'a registration that answers a token is a sign-in');
    forget($_) for $me, $other;
    is(login($me->{username}, 'Wrong-Tree!71x'), undef, 'a wrong password is refused');
    is(last_sign_in($me), 0, 'a refused sign-in is no sign-in');
    my $token = login($me->{username}, $me->{password});
    cmp_ok(last_sign_in($me), '>=', $began, 'a sign-in is noted in the account');
    is(last_sign_in($other), 0, 'and in no other account');
    forget($me, 7);
    call(GET => $me->{path}, token => $token);
    is(last_sign_in($me), 7, 'the use of a token is no sign-in');
    my $answer = call(POST => $me->{path}, token => $token,
        json => "{\"old_password\":\"$me->{password}\",\"new_password\":\"Green-Tree!71x\"}");
    is($answer->{status}, 200, 'the password is changed');
    cmp_ok(last_sign_in($me), '>=', $began, 'a change of the password proves who calls, as a sign-in does');
    forget($me, $began + 100);
    ok(login($me->{username}, 'Green-Tree!71x'), 'a sign-in by a node whose clock is late');
    is(last_sign_in($me), $began + 100, 'does not set the time back');

    # Each of them gets a session, although they change the same row.
    forget($me);
    my $body = "{\"username\":\"$me->{username}\",\"password\":\"Green-Tree!71x\"}";
    my @answers = race((request_text(POST => $TOKEN, json => $body)) x 6);
    is(join(' ', map { $_->{status} } @answers), '200 200 200 200 200 200', 'sign-ins at the same time all succeed');
    cmp_ok(last_sign_in($me), '>=', $began, 'and are noted');
}

api_done();
