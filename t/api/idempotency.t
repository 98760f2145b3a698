#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Idempotency-Key: a registration or an invitation that is sent again makes no second account, and gets the first answer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);
use UmApi;
use UmCase;
use UmServer;

my $USED = detail('This Idempotency-Key was used for another request, or its account was changed since.');
my $INVALID = faults('Idempotency-Key' => 'An Idempotency-Key has 1 to 255 printable ASCII characters.');

my $database = new_database();
my $sql = $database->{sql};
my $counted_port = free_port();
my $mails = UmTest::new_folder();
# At most half of the threads of a process hash passwords, and others get 503; the races below need 8 at a time.
my $server = UmServer->start($database, <<"END", children => 2, threads => 24);
UserMgmtMail file:$mails
Listen 127.0.0.1:$counted_port
<VirtualHost 127.0.0.1:$counted_port>
    UserMgmt On
    UserMgmtThrottleExempt none
    UserMgmtThrottle register address 1/d 2
</VirtualHost>
END
$UmApi::PORT = $server->{port};

my $keys = 0;
sub new_key { return join '-', 'key', $$, int(time * 1000), ++$keys }

sub body_of {
    my (%member) = @_;
    return JSON::PP->new->canonical->encode({ username => new_name(), password => good_password(), %member });
}

sub send_it {
    my ($key, $json, %with) = @_;
    return call(POST => $USERS, json => $json, %with, headers => ["Idempotency-Key: $key", @{ $with{headers} || [] }]);
}

sub accounts { return $sql->('select count(*) from um_users') }

# An answer without its token.
sub without_token {
    my ($answer) = @_;
    return "$answer->{status} $answer->{head}{location}[0] " . $answer->{body} =~ s/"auth_token":"[^"]+"/"auth_token":"*"/r;
}

sub works { return call(GET => "${USERS}me/", token => json_of($_[0])->{auth_token})->{status} }

case 'a repetition gets the same answer with a token of its own' => sub {
    my ($key, $name) = (new_key(), new_name());
    my $json = body_of(username => $name, first_name => 'Ann', email => 'ann@example.org');
    my $first = send_it($key, $json);
    is($first->{status}, 201, 'the account is registered');
    my $before = accounts();
    my $again = send_it($key, $json);
    is(without_token($again), without_token($first), 'the same status, place and body');
    like($again->{body}, qr/"auth_token":"[^"]{40,}"/, 'the repetition has a token');
    is(works($_), 200, 'the token works') for $first, $again;
    is(without_token(send_it($key, " {\"email\":\"ann\@example.org\",\"more\":1, \"username\":" . json_text($name)
        . ',"first_name":"Ann","password":' . json_text(good_password()) . '}')), without_token($first),
        'fields count, not bytes');
    is(accounts(), $before, 'no account was made');
    my $id = json_of($first)->{id};
    is($sql->("select kind from um_events where user_id = '$id'"), 'registered', 'there is one event of a registration');
    is($sql->("select count(*) from um_sessions where user_id = '$id'"), 3, 'each answer has a session of its own');
    my $row = $sql->("select key_hash, body_hash, user_id, user_version, has_session from um_idempotency where user_id = '$id'");
    unlike($row, qr/\Q$key\E|\Q$name\E|ann\@|Blue|eyJ/, 'neither key, body nor token is stored');
    like($sql->("select expires_at from um_idempotency where user_id = '$id'") - time, qr/\A863[0-9]{2}\.|\A86400/,
        'the key is kept for 24 hours');
};

case 'another body gets 422' => sub {
    my ($key, $name) = (new_key(), new_name());
    my $json = body_of(username => $name);
    my $first = send_it($key, $json);
    my $before = accounts();
    answer_is(send_it($key, body_of(username => $name, last_name => 'B')), 422, $USED, 'another field');
    answer_is(send_it($key, body_of()), 422, $USED, 'another name');
    answer_is(send_it($key, body_of(username => $name, password => 'Other-Tree!72y')), 422, $USED, 'another password');
    my $problem = send_it($key, body_of(), headers => ['Accept: application/problem+json']);
    is(json_of($problem)->{code}, 'idempotency_key_used', 'problem details have the code');
    is(accounts(), $before, 'no account was made');
    answer_is(send_it(new_key(), $json), 400, faults(username => 'taken'), 'the same body under another key is a second one');
    is(without_token(send_it($key, $json)), without_token($first), 'and the first key still works');
};

case 'a refused body leaves the key free' => sub {
    my ($key, $name) = (new_key(), new_name());
    answer_is(send_it($key, body_of(username => $name, password => 'short')), 400, faults(password => 'short'), 'refused');
    is(send_it($key, body_of(username => $name))->{status}, 201, 'the key makes an account');
};

case 'what a key may be' => sub {
    my $json = body_of();
    answer_is(send_it($_->[1], $json), 400, $INVALID, "$_->[0] is refused")
        for ['256 bytes', 'k' x 256], ['none', ''], ['a byte beyond ASCII', "k\xc3\xa9"], ['a tab', "k\tk"];
    my $first = send_it('~ ' . 'k' x 253, $json);
    is($first->{status}, 201, 'a key may have 255 bytes and blanks');
    is(without_token(send_it('~ ' . 'k' x 253, $json)), without_token($first), 'and is the same again');
};

case 'of requests at one time under one key exactly one makes an account' => sub {
    for my $round (1 .. 3) {
        my ($key, $before) = (new_key(), accounts());
        my @same = (request_text(POST => $USERS, json => body_of(), headers => ["Idempotency-Key: $key"])) x 8;
        my @answers = race(@same);
        is(join(' ', map { $_->{status} } @answers), join(' ', (201) x 8), 'all have got the answer');
        is(scalar keys %{ { map { ((json_of($_) || {})->{id} // '' => 1) } @answers } }, 1, 'of the same account');
        is(accounts(), $before + 1, 'one account was made');
    }
    my ($key, $before) = (new_key(), accounts());
    my @answers = race(map { request_text(POST => $USERS, json => body_of(), headers => ["Idempotency-Key: $key"]) } 1 .. 8);
    is(join(' ', sort map { $_->{status} } @answers), join(' ', 201, (422) x 7), 'of different bodies one is done');
    is(accounts(), $before + 1, 'and one account was made');
};

case 'a changed or deleted account is not given away, nor made again' => sub {
    my ($key, $json) = (new_key(), body_of());
    my $made = json_of(send_it($key, $json));
    my $path = "$USERS$made->{id}/";
    my $answer = call(POST => $path, token => $made->{auth_token}, json => JSON::PP->new->encode({
        old_password => good_password(), new_password => 'Other-Tree!72y' }));
    is($answer->{status}, 200, 'the password is changed');
    answer_is(send_it($key, $json), 422, $USED, 'the old password gets no token');
    is(call(DELETE => $path, token => json_of($answer)->{token})->{status}, 204, 'the account is deleted');
    my $before = accounts();
    answer_is(send_it($key, $json), 422, $USED, 'a late repetition');
    is(accounts(), $before, 'makes no account');
};

case 'a key is free again when it has expired' => sub {
    my ($key, $json) = (new_key(), body_of());
    my $id = json_of(send_it($key, $json))->{id};
    $sql->("update um_idempotency set expires_at = 1 where user_id = '$id'");
    my $other = send_it($key, body_of());
    is($other->{status}, 201, 'another account under the key');
    isnt(json_of($other)->{id}, $id, 'is another account');
};

case 'an invitation is sent once' => sub {
    my @staff = map { register() } 1, 2;
    $sql->("update um_users set is_staff = 1 where id = '$_->{id}'") for @staff;
    my ($key, $name) = (new_key(), new_name());
    my $json = JSON::PP->new->canonical->encode({ invite => JSON::PP::true, username => $name, email => "$name\@example.org" });
    my $first = send_it($key, $json, token => $staff[0]{token});
    is($first->{status}, 201, 'invited');
    my $again = send_it($key, $json, token => $staff[0]{token});
    is("$again->{status} $again->{body}", "201 $first->{body}", 'the repetition has the same answer, byte for byte');
    my $id = json_of($first)->{id};
    is($sql->("select count(*) from um_mail where user_id = '$id'"), 1, 'there is one mail');
    answer_is(send_it($key, $json =~ s/"username":"/"username":"x/r, token => $staff[0]{token}), 422, $USED, 'another body');
    answer_is(send_it($key, $json, token => $staff[1]{token}), 400, faults(username => 'taken'),
        'the key of another caller is another key');
};

case 'a repetition does not count as another registration' => sub {
    my ($key, $json) = (new_key(), body_of());
    is(send_it($key, $json, port => $counted_port)->{status}, 201, "request $_ of one registration") for 1 .. 4;
    is(send_it(new_key(), body_of(), port => $counted_port)->{status}, 201, 'a second registration');
    is(send_it(new_key(), body_of(), port => $counted_port)->{status}, 429, 'a third one is throttled');
};

case 'another node knows the key' => sub {
    my $node = UmServer->start($database, '', children => 1);
    my ($key, $json) = (new_key(), body_of());
    my $first = send_it($key, $json);
    is(without_token(send_it($key, $json, port => $node->{port})), without_token($first), 'the same answer');
    is($node->crashes, '', 'no process of the other node crashed');
};

is($server->crashes, '', 'no process of the server crashed');
api_done();
