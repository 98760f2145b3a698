#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What staff sees and sets of any account.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;
use UmMail;

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

case 'the time of the last sign-in' => sub {
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
};

# ---- the state of an account ------------------------------------------------------------------------------------------

sub staff {
    my $account = register(@_);
    UmTest::sql("update um_users set is_staff = 1 where id = '$account->{id}'");
    return $account;
}

sub state_of {
    my ($who, $by) = @_;
    my $seen = json_of(call(GET => $who->{path}, token => $by->{token}));
    return join ' ', (map { $seen->{$_} ? $_ : "not_$_" } qw(is_active is_staff email_verified)), sort @{ $seen->{groups} };
}

sub set {
    my ($by, $who, $body) = @_;
    return call(PATCH => $who->{path}, token => $by->{token}, json => $body);
}

sub events_of {
    my ($who, $by) = @_;
    return [reverse map { join ' ', $_->{event}, ($_->{by} || '') eq $by->{id} ? 'by staff' : (), grep { defined } $_->{detail} }
        @{ json_of(call(GET => "$who->{path}events/", token => $by->{token}))->{results} }];
}

my $groups = 0;

sub new_group {
    my $name = "team-$$-" . ++$groups;
    UmTest::sql(sprintf "insert into um_groups (id, name, created_at) values ('01900000-0000-7000-8000-%06x%06x', '%s', 1)",
        $$, $groups, $name);
    return $name;
}

case 'staff sees and sets the state of an account' => sub {
    my ($boss, $who) = (staff(), register(email => 'who@example.org'));
    my ($one, $two) = (new_group(), new_group());
    is(state_of($who, $boss), 'is_active not_is_staff not_email_verified', 'the state at first');
    my $answer = set($boss, $who, "{\"is_staff\":true,\"email_verified\":true,\"groups\":[\"$one\",\"$two\"],\"first_name\":\"A\"}");
    is($answer->{status}, 200, 'all at once') or diag($answer->{body});
    is_deeply(json_of($answer), json_of(call(GET => $who->{path}, token => $boss->{token})), 'the answer is the account');
    is(state_of($who, $boss), "is_active is_staff email_verified $one $two", 'is stored');
    is(json_of($answer)->{first_name}, 'A', 'with the profile');
    is(call(GET => $who->{path}, token => $who->{token})->{status}, 401, 'staff rights end the sessions');
    set($boss, $who, "{\"groups\":[\"$two\"],\"is_active\":false,\"is_staff\":false,\"email_verified\":false}");
    is(state_of($who, $boss), "not_is_active not_is_staff not_email_verified $two", 'is taken again');
    is(login($who->{username}, $who->{password}), undef, 'an inactive account cannot be signed in to');
    is_deeply([sort @{ events_of($who, $boss) }], [sort 'registered', 'staff_given by staff', 'email_verified by staff',
        "group_added by staff $one", "group_added by staff $two", 'account_off by staff', 'staff_taken by staff',
        'email_unverified by staff', "group_dropped by staff $one", 'account_updated by staff first_name'], 'each act is an event that names who did it')
        or diag(explain(events_of($who, $boss)));
    set($boss, $who, '{"is_active":true,"groups":[]}');
    ok(login($who->{username}, $who->{password}), 'an active account can');
    is(state_of($who, $boss), 'is_active not_is_staff not_email_verified', 'no group is left');
};

case 'what is as wanted is not changed' => sub {
    my ($boss, $who) = (staff(), register());
    my $group = new_group();
    set($boss, $who, "{\"groups\":[\"$group\"]}");
    my $before = events_of($who, $boss);
    is(set($boss, $who, "{\"is_active\":true,\"is_staff\":false,\"email_verified\":false,\"groups\":[\"$group\",\"$group\"]}")
        ->{status}, 200, 'a state that it has');
    is(call(GET => $who->{path}, token => $who->{token})->{status}, 200, 'ends no session');
    is_deeply(events_of($who, $boss), $before, 'and is no event');
    set($boss, $who, '{"email_verified":true}');
    is(call(GET => $who->{path}, token => $who->{token})->{status}, 200, 'a verified address ends no session either');
};

case 'a waiting account becomes active with its address' => sub {
    my ($boss, $who) = (staff(), register(email => 'wait@example.org'));
    UmTest::sql("update um_users set is_active = 2 where id = '$who->{id}'");
    is(state_of($who, $boss), 'not_is_active not_is_staff not_email_verified', 'it waits');
    set($boss, $who, '{"email_verified":true}');
    is(state_of($who, $boss), 'is_active not_is_staff email_verified', 'it waits no longer');
    is(UmTest::sql("select is_active from um_users where id = '$who->{id}'"), '1', 'in the database, too');
};

case 'nobody else sets it' => sub {
    my ($boss, $me, $other) = (staff(), register(), register());
    my $group = new_group();
    my $all = "\"is_active\":false,\"is_staff\":true,\"email_verified\":true,\"groups\":[\"$group\"]";
    for my $verb (qw(PATCH PUT)) {
        for my $path ($me->{path}, "${USERS}me/") {
            answer_is(call($verb => $path, token => $me->{token}, json => "{\"first_name\":\"$verb\",$all}"), 200,
                profile_of($me, first_name => $verb), "$verb by the owner changes the profile alone");
        }
        answer_is(call($verb => $other->{path}, token => $me->{token}, json => "{$all}"), 404, detail('not_found'),
            "$verb of another account");
    }
    is(call(PATCH => $me->{path}, token => $me->{token}, form => 'is_staff=true&is_active=false')->{status}, 200, 'a form');
    is(call(PATCH => $me->{path}, token => $me->{token}, json => '{"groups":7,"is_staff":"maybe"}')->{status}, 200,
        'values that are none are ignored as well');
    is(state_of($_, $boss), 'is_active not_is_staff not_email_verified', 'nothing was set') for $me, $other;
    is(call(PATCH => $me->{path}, json => "{$all}")->{status}, 401, 'without a token');
    is(json_of(call(GET => $me->{path}, token => $me->{token}))->{is_staff}, undef, 'the owner does not see it');
    is(call(POST => $USERS, json => "{\"username\":\"" . new_name() . "\",\"password\":\"Blue-Tree!71x\",$all}")->{status}, 201,
        'a registration ignores it');
    is(UmTest::sql("select count(*) from um_memberships m join um_groups g on g.id = m.group_id where g.name = '$group'"), '0',
        'nobody is in the group');
};

case 'faults change nothing' => sub {
    my ($boss, $who) = (staff(), register());
    my $group = new_group();
    my @faults = (
        ['{"is_active":null}', is_active => 'null'], ['{"is_staff":1}', is_staff => 'Must be a valid boolean.'],
        ['{"email_verified":""}', email_verified => 'Must be a valid boolean.'],
        ['{"groups":null}', groups => 'null'], ['{"groups":"x"}', groups => 'Expected a list of items but got type "str".'],
        ['{"groups":{}}', groups => 'Expected a list of items but got type "dict".'],
        ['{"groups":[1]}', groups => 'string'], ['{"groups":[null]}', groups => 'string'], ['{"groups":[["x"]]}', groups => 'string'],
        ['{"groups":["a\u0000b"]}', groups => 'nul'],
        ["{\"groups\":[\"$group\",\"nobody-has-it\"]}", groups => 'Object with name=nobody-has-it does not exist.'],
        ['{"groups":["a b"]}', groups => 'Object with name=a b does not exist.'],
        ['{"groups":[""]}', groups => 'Object with name= does not exist.'],
        ['{"groups":[' . join(',', ('"x"') x 501) . ']}', groups => 'Ensure this field has no more than 500 elements.'],
        ['{"groups":[' . join(',', ('[]') x 20000) . ']}', groups => 'Ensure this field has no more than 500 elements.'],
    );
    for my $row (@faults) {
        my ($body, @says) = @$row;
        $body =~ s/\A\{/{"first_name":"X","is_staff":true,/ unless $body =~ /is_staff/;
        answer_is(set($boss, $who, $body), 400, faults(@says), substr $body, 0, 60);
    }
    answer_is(call(GET => $who->{path}, token => $who->{token}), 200, profile_of($who), 'the profile is as it was');
    is(state_of($who, $boss), 'is_active not_is_staff not_email_verified', 'and so is the state');
    is_deeply(events_of($who, $boss), ['registered'], 'and there is no event');
};

case 'conditions hold for the state, too' => sub {
    my ($boss, $who) = (staff(), register());
    my $tag = call(GET => $who->{path}, token => $boss->{token})->{head}{etag}[0];
    my $change = sub { return call(PATCH => $who->{path}, token => $boss->{token}, json => $_[0], headers => ["If-Match: $tag"])->{status} };
    is($change->('{"email_verified":true}'), 200, 'under the present tag');
    is($change->('{"email_verified":false}'), 412, 'under the former tag');
    my @both = race(map { request_text(PATCH => $who->{path}, token => $boss->{token}, json => $_,
        headers => ['If-Match: ' . call(GET => $who->{path}, token => $boss->{token})->{head}{etag}[0]]) }
        '{"is_active":false}', '{"first_name":"Race"}');
    is(join(' ', sort map { $_->{status} } @both), '200 412', 'of two changes under one tag one is done');
};

case 'staff may give up the own rights, as in Django' => sub {
    my $boss = staff();
    is(set($boss, $boss, '{"is_staff":false}')->{status}, 200, 'the own staff flag can be taken');
    is(call(GET => $USERS, token => $boss->{token})->{status}, 401, 'which ends the own sessions');
    is(call(GET => $USERS, token => login($boss->{username}, $boss->{password}))->{status}, 403, 'and the rights');
};

case 'rights that are lost while a body is sent are not used' => sub {
    my ($boss, $who) = (staff(), register());
    my $text = request_text(PATCH => $boss->{path}, token => $boss->{token}, json => '{"email_verified":true}');
    my $socket = connection();
    syswrite($socket, substr $text, 0, length($text) - 5);
    sleep 1;
    UmTest::sql("update um_users set is_staff = 0 where id = '$boss->{id}'");
    my $answer = answers(exchange(substr($text, -5), socket => $socket, answers => 1))->[0];
    is($answer->{status}, 200, 'the request of the owner is answered');
    is(UmTest::sql("select email_verified from um_users where id = '$boss->{id}'"), '0', 'but sets no state');
};

case 'a reset mail by staff' => sub {
    my $address = new_address();
    my ($boss, $me, $who) = (staff(), register(), register(email => $address));
    answer_is(call(POST => "$who->{path}reset/"), 401, detail('no_token'), 'without a token');
    my $denied = detail('You do not have permission to perform this action.');
    answer_is(call(POST => "$_->{path}reset/", token => $me->{token}), 403, $denied, 'by another account') for $who, $me;
    answer_is(call(POST => "${USERS}me/reset/", token => $me->{token}), 403, $denied, 'for the own account');
    answer_is(call(POST => "${USERS}01900000-0000-7000-8000-000000000099/reset/", token => $boss->{token}), 404,
        detail('not_found'), 'for nobody');
    answer_is(call(POST => "$who->{path}reset/", token => $boss->{token}), 202, '{"status":"OK"}', 'by staff');
    is(only_mail_to($address)->{to}, $address, 'and the mail arrives');
    answer_is(call(GET => "$who->{path}reset/", token => $boss->{token}), 405, detail('Method "GET" not allowed.'), 'GET');
    is(call(POST => "$me->{path}reset/", token => $boss->{token})->{status}, 400, 'an account without an address');
};

api_done();
