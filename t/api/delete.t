#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Leaving: DELETE /api/v1/users/<id>/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;

my $DEAD = qr/(?:\Q${\ detail('bad_token')}\E|\Q${\ detail('gone_user')}\E)/;

my $me = register(first_name => 'Ann');
my $other = register();
my @tokens = ($me->{token}, map { login($me->{username}, $me->{password}) } 1, 2);

answer_is(call(DELETE => $me->{path}), 401, detail('no_token'), 'without a token nothing is deleted');
answer_is(call(DELETE => $me->{path}, token => $other->{token}), 404, detail('not_found'),
    'the token of another account deletes nothing');
answer_is(call(DELETE => $USERS, token => $me->{token}), 405, detail('Method "DELETE" not allowed.'),
    'all accounts cannot be deleted at once');
is(call($_ => $me->{path}, token => $me->{token})->{status}, 200, "$_ deletes nothing") for qw(OPTIONS HEAD);
answer_is(call(GET => $me->{path}, token => $me->{token}, headers => ["$_: DELETE"]), 200, profile_of($me),
    "$_ is not obeyed")
    for qw(X-HTTP-Method-Override X-HTTP-Method X-Method-Override);
is(call(POST => "$me->{path}?_method=DELETE", token => $me->{token}, form => '_method=DELETE')->{status}, 400,
    'a method in a form is not looked at');

{
    my $gone = call(DELETE => $me->{path}, token => $tokens[1], json => '{not json');
    answer_is($gone, 204, '', 'the owner deletes the account; a body is not looked at');
    is_deeply([grep { $gone->{head}{$_} } qw(content-type transfer-encoding location)], [], 'the answer is empty');
    is(($gone->{head}{'content-length'} || [0])->[0], 0, 'the answer to a deletion has the length 0');
}

for my $number (0 .. $#tokens) {
    my $answer = call(GET => $me->{path}, token => $tokens[$number]);
    answer_is($answer, 401, $DEAD, 'token ' . ($number + 1) . ' is dead at once');
    like($answer->{head}{'www-authenticate'}[0], qr/error="invalid_token"/,
        'the challenge to a deleted account\'s token says invalid_token');
}
answer_is(call($_ => $me->{path}, token => $me->{token}, json => '{}'), 401, $DEAD, "$_ with a dead token")
    for qw(PUT PATCH POST DELETE);
answer_is(call(POST => $TOKEN, json => qq({"username":"$me->{username}","password":"$me->{password}"})), 400,
    faults(non_field_errors => 'login'), 'the account cannot sign in again');
answer_is(call(GET => $me->{path}, token => $other->{token}), 404, detail('not_found'),
    'other accounts get 404 for the deleted account as before');
answer_is(call(GET => $other->{path}, token => $other->{token}), 200, profile_of($other), 'other accounts stay');

{
    my $again = register(username => $me->{username});
    isnt($again->{id}, $me->{id}, 'the name is free again, and its new owner is someone else');
    answer_is(call(GET => $again->{path}, token => $_), 401, $DEAD, 'an old token opens nothing of the new account')
        for @tokens;
    answer_is(call(GET => $again->{path}, token => $again->{token}), 200, profile_of($again), 'the new token does');
    answer_is(call(GET => $me->{path}, token => $again->{token}), 404, detail('not_found'), 'the old id stays gone');
}

# The other ways to write the path delete too.
my @spellings = (
    ['without the last slash', sub { "$USERS$_[0]" }], ['in upper case', sub { $USERS . uc($_[0]) . '/' }],
    ['without dashes', sub { $USERS . $_[0] =~ s/-//gr . '/' }],
);
for my $row (@spellings) {
    my ($what, $spell) = @$row;
    my $account = register();
    answer_is(call(DELETE => $spell->($account->{id}), token => $account->{token}), 204, '', "the path $what");
    ok(!login($account->{username}, $account->{password}), 'a deleted account cannot sign in');
}

{
    my $account = register();
    my @answers = race((request_text(DELETE => $account->{path}, token => $account->{token})) x 10);
    is(scalar(grep { $_->{status} == 204 } @answers), 1, 'ten deletions at the same instant: exactly one does it')
        or diag(join ' ', map { $_->{status} } @answers);
    my $gone = qr/\A(?:204 |401 $DEAD|404 \Q${\ detail('not_found')}\E)\z/;
    is(scalar(grep { !/$gone/ } map { "$_->{status} $_->{body}" } @answers), 0,
        'the others find it gone');
}

api_done();
