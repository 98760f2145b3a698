#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A new password: POST /api/v1/users/<id>/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;

my $me = register(first_name => 'Margaretha', last_name => 'Lindqvist', email => 'sunflower@example.org');
my %mine = (token => $me->{token});
my $OLD = $me->{password};
my $SAID = 'Password updated successfully';
my $DONE = qr/\{"status":"success","code":200,"message":"$SAID","data":\[\],"detail":"$SAID","token":"[^"\\]+"\}/;
my $DEAD = detail('bad_token');

sub change {
    my ($account, $old, $new, %with) = @_;
    return call(POST => $account->{path}, token => $account->{token}, json => '{'
        . json_text($with{old} || 'old_password') . ':' . json_text($old)
        . ',"new_password":' . json_text($new) . '}');
}

# ---- refusals ------------------------------------------------------------------------------------------------------

# Each row: what, the body, the faults. OLD stands for the right old password.
my @refused = (
    ['nothing', '{}', old_password => 'required', new_password => 'required'],
    ['no new one', '{"old_password":"OLD"}', new_password => 'required'],
    ['no old one', '{"new_password":"Red-House?38"}', old_password => 'required'],
    ['no old one, weak new one', '{"new_password":"123456"}', old_password => 'required',
        new_password => [qw(short common numeric)]],
    ['blanks', '{"new_password":"","old_password":""}', old_password => 'blank', new_password => 'blank'],
    ['nulls', '{"old_password":null,"new_password":null}', old_password => 'null', new_password => 'null'],
    ['no texts', '{"old_password":["OLD"],"new_password":{}}', old_password => 'string', new_password => 'string'],
    ['numbers', '{"old_password":1,"new_password":1234567890123}', old_password => 'string', new_password => 'string'],
    ['zero characters', '{"old_password":"OLD\u0000","new_password":"Red-House?38\u0000"}', old_password => 'nul',
        new_password => 'nul'],
    ['half characters', '{"old_password":"OLD","new_password":"Red-House?38\ud800"}',
        new_password => 'Surrogate characters are not allowed: U+D800.'],
    ['too long', '{"old_password":"OLD","new_password":"' . 'aB3$' x 256 . 'x"}', new_password => 'max1024'],
    ['wrong old one', '{"old_password":"nope","new_password":"Red-House?38"}', old_password => 'wrong'],
    ['old one with a blank', '{"old_password":" OLD","new_password":"Red-House?38"}', old_password => 'wrong'],
    ['old one in other case', '{"old_password":"BLUE-TREE!71X","new_password":"Red-House?38"}',
        old_password => 'wrong'],
    ['old one by a wrong name', '{"old-password":"OLD","new_password":"Red-House?38"}', old_password => 'required'],
    ['wrong old one, weak new one: the policy is first', '{"old_password":"nope","new_password":"123456"}',
        new_password => [qw(short common numeric)]],
    ['short', '{"old_password":"OLD","new_password":"aB3$xyz"}', new_password => 'short'],
    ['common', '{"old_password":"OLD","new_password":"password"}', new_password => 'common'],
    ['numeric', '{"old_password":"OLD","new_password":"83726194057"}', new_password => 'numeric'],
    ['like the user name', '{"old_password":"OLD","new_password":"NAME"}', new_password => 'like_username'],
    ['like the first name', '{"old_password":"OLD","new_password":"margaretha1"}', new_password => 'like_first_name'],
    ['like the last name', '{"old_password":"OLD","new_password":"1lindqvist"}', new_password => 'like_last_name'],
    ['like the e-mail', '{"old_password":"OLD","new_password":"Sunflower7"}', new_password => 'like_email'],
);
for my $row (@refused) {
    my ($what, $body, @faults) = @$row;
    $body =~ s/OLD/$OLD/g;
    $body =~ s/NAME/$me->{username}/g;
    answer_is(call(POST => $me->{path}, %mine, json => $body), 400, faults(@faults), "a change is refused: $what");
}
answer_is(call(POST => $me->{path}, json => '{}'), 401, detail('no_token'), 'a token is needed');
ok(login($me->{username}, $OLD), 'the old password is still the one');
answer_is(call(GET => $me->{path}, %mine), 200, profile_of($me), 'no refused change has ended the token');

# ---- the change ----------------------------------------------------------------------------------------------------

{
    my @older = ($me->{token}, map { login($me->{username}, $OLD) } 1, 2);
    my $answer = change($me, $OLD, ' Red-House?38 ');
    answer_is($answer, 200, $DONE, 'the password is changed');
    my $fresh = json_of($answer)->{token};
    for my $number (0 .. $#older) {
        my $dead = call(GET => $me->{path}, token => $older[$number]);
        answer_is($dead, 401, $DEAD, 'older token ' . ($number + 1) . ' is dead at once');
        like($dead->{head}{'www-authenticate'}[0], qr/error="invalid_token"/,
            'the challenge to the ended token says invalid_token');
    }
    answer_is(call($_ => $me->{path}, token => $me->{token}, json => '{"first_name":"X"}'), 401, $DEAD,
        "$_ with an older token")
        for qw(PUT PATCH POST DELETE);
    answer_is(call(GET => $me->{path}, token => $fresh), 200, profile_of($me), 'the fresh token goes on');
    ok(!login($me->{username}, $OLD), 'the old password is over');
    ok(!login($me->{username}, 'Red-House?38'), 'the new one is not trimmed');
    my $next = login($me->{username}, ' Red-House?38 ');
    answer_is(call(GET => $me->{path}, token => $next), 200, profile_of($me), 'a token issued right after is good');
    answer_is(call(GET => $me->{path}, token => $fresh), 200, profile_of($me), 'beside the fresh one');
    @$me{qw(token password)} = ($fresh, ' Red-House?38 ');
}

# ---- the names of the old password ---------------------------------------------------------------------------------

my @aliases = (
    ['old_password', sub { (json => qq({"old_password":"$_[0]","new_password":"$_[1]"})) }],
    ['old password', sub { (json => qq({"old password":"$_[0]","new_password":"$_[1]"})) }],
    ['current_password', sub { (json => qq({"new_password":"$_[1]","current_password":"$_[0]"})) }],
    ['old_password in a web form', sub { (form => "old_password=$_[0]&new_password=$_[1]" =~ s/ /+/gr) }],
    ['old password in a web form', sub { (form => "old+password=$_[0]&new_password=$_[1]" =~ s/ /+/gr) }],
    ['old_password in a multipart form', sub { (type => 'multipart/form-data; boundary=zz', body => join('',
        map { "--zz\r\nContent-Disposition: form-data; name=\"$_->[0]\"\r\n\r\n$_->[1]\r\n" } ['old_password', $_[0]],
            ['new_password', $_[1]])
        . "--zz--\r\n") }],
);
my $round = 0;
for my $row (@aliases) {
    my ($what, $with) = @$row;
    my $new = 'Red-House?4' . ++$round;
    answer_is(call(POST => $me->{path}, token => $me->{token}, $with->('nope', $new)), 400,
        faults(old_password => 'wrong'), "a wrong old password is refused: $what");
    my $answer = call(POST => $me->{path}, token => $me->{token}, $with->($me->{password}, $new));
    answer_is($answer, 200, $DONE, "the change is done with the right old password: $what");
    @$me{qw(token password)} = (json_of($answer)->{token} || $me->{token}, $new);
    is(call(GET => $me->{path}, token => $me->{token})->{status}, 200, "$what: the fresh token is good at once");
}
ok(login($me->{username}, $me->{password}), 'the last one signs in');

# ---- many at once --------------------------------------------------------------------------------------------------

{
    my @new = map { "Green-Hill#5$_" } 0 .. 7;
    my @answers = race(map { request_text(POST => $me->{path}, token => $me->{token},
        json => qq({"old_password":"$me->{password}","new_password":"$_"})) } @new);
    my @won = grep { $answers[$_]{status} == 200 } 0 .. $#new;
    is(scalar @won, 1, 'eight changes from one old password at the same instant: exactly one succeeds')
        or diag(join ' ', map { $_->{status} } @answers);
    my @odd = grep { !/\A(?:400 \Q${\ faults(old_password => 'wrong')}\E|401 \Q$DEAD\E|503 \Q${\ detail('busy')}\E)\z/ }
        map { "$_->{status} $_->{body}" } grep { $_->{status} != 200 } @answers;
    is_deeply(\@odd, [], 'the others find the old password or the token out of date');
    my $winner = $won[0] || 0;
    is(call(GET => $me->{path}, token => (json_of($answers[$winner]) || {})->{token} || 'x')->{status}, 200,
        'the winner\'s fresh token is good');
    is(scalar(grep { login($me->{username}, $new[$_]) ? $_ != $winner : $_ == $winner } 0 .. $#new), 0,
        'of all new passwords that of the change that was done signs in');
}

api_done();
