#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Where somebody is signed in: /api/v1/users/{id}/sessions/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::Local qw(timegm);
use UmApi;

sub enter {
    my ($who, @headers) = @_;
    my $answer = call(POST => $TOKEN, json => '{"username":' . json_text($who->{username}) . ',"password":'
        . json_text($who->{password}) . '}', headers => [@headers]);
    return json_of($answer);
}

sub list {
    my ($who, $token) = @_;
    my $answer = call(GET => "$who->{path}sessions/", token => $token);
    return $answer->{status} == 200 ? json_of($answer) : "$answer->{status} $answer->{body}";
}

sub seconds_of {
    my ($text) = @_;
    return $text =~ /\A(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z\z/ ? timegm($6, $5, $4, $3, $2 - 1, $1) : -1;
}

my $me = register();
my $other = register();
my $staff = register();
UmTest::sql("update um_users set is_staff = 1 where id = '$staff->{id}'");
my $ABSENT = detail('not_found');

# ---- the list ------------------------------------------------------------------------------------------------------

{
    my $began = time;
    my $phone = enter($me, "User-Agent: Phone/1 \xc3\xbc");
    my $desk = enter($me, 'User-Agent: Desk/2');
    my $found = list($me, $phone->{token});
    is(ref $found, 'ARRAY', 'the sessions are a list') or diag($found);
    is(scalar @$found, 3, 'a registration and two sign-ins make three sessions');
    is_deeply([map { join ' ', sort keys %$_ } @$found],
        [('address created current expires id last_refresh user_agent') x 3],
        'each session has the documented members');
    my ($own) = grep { $_->{current} } @$found;
    is(scalar(grep { $_->{current} } @$found), 1, 'one session is the current one');
    is($own->{user_agent}, 'Phone/1 ??', 'the current session is the one that asks, with its agent in ASCII');
    is($own->{address}, '127.0.0.1', 'the session has the address of the client');
    like($own->{id}, qr/\A$UUID\z/, 'the session has an id');
    my $created = seconds_of($own->{created});
    ok($created >= $began - 1 && $created <= time + 1, 'the session was created now') or diag($own->{created});
    is(seconds_of($own->{expires}) - $created, 14 * 86400, 'the session waits two weeks for a refresh');
    is($own->{last_refresh}, undef, 'there was none yet');
    my ($first) = grep { !$_->{current} && $_->{user_agent} ne 'Desk/2' } @$found;
    is(seconds_of($first->{expires}) - seconds_of($first->{created}), 86400,
        'the session of the registration ends with its token');
    is(join(' ', map { $_->{created} } @$found), join(' ', sort { $b cmp $a } map { $_->{created} } @$found),
        'the newest first');

    call(POST => '/api-token-refresh/', json => "{\"refresh_token\":\"$phone->{refresh_token}\"}",
        headers => ['User-Agent: Phone/2']);
    ($own) = grep { $_->{id} eq $own->{id} } @{ list($me, $desk->{token}) };
    ok(seconds_of($own->{last_refresh}) >= $began - 1, 'a refresh is told');
    is($own->{user_agent}, 'Phone/2', 'the session has the agent of its sign-in');
    ok(!$own->{current}, 'seen from elsewhere it is another');

    my $answer = call(HEAD => "$me->{path}sessions/", token => $desk->{token});
    ok($answer->{status} == 200 && !length $answer->{body}, 'HEAD is answered');
    is(call(GET => "$me->{path}sessions", token => $desk->{token})->{status}, 200,
        'the path without the slash at the end is served');
    answer_is(call(POST => "$me->{path}sessions/", token => $desk->{token}, json => '{}'), 405,
        detail('Method "POST" not allowed.'), 'POST is not');
    is(call(POST => "$me->{path}sessions/", token => $desk->{token})->{head}{allow}[0], 'GET, DELETE, HEAD, OPTIONS',
        'Allow names the methods');
    is(call(OPTIONS => "$me->{path}sessions/")->{head}{allow}[0], 'GET, DELETE, HEAD, OPTIONS', 'OPTIONS of all');
    is(call(OPTIONS => "$me->{path}sessions/$own->{id}/")->{head}{allow}[0], 'DELETE, OPTIONS', 'OPTIONS of one');
    is(call(GET => "$me->{path}sessions/$own->{id}/", token => $desk->{token})->{status}, 405,
        'a single session cannot be read');
}

# ---- whose it is ---------------------------------------------------------------------------------------------------

{
    my $mine = enter($me);
    my ($own) = grep { $_->{current} } @{ list($me, $mine->{token}) };
    my $path = "$me->{path}sessions/$own->{id}/";
    for my $case ([GET => "$me->{path}sessions/"], [DELETE => "$me->{path}sessions/"], [DELETE => $path]) {
        answer_is(call(@$case), 401, detail('no_token'), "@$case without a token");
        answer_is(call(@$case, token => 'x.y.z'), 401, detail('bad_token'), 'a bad token is answered 401');
        answer_is(call(@$case, token => $other->{token}), 404, $ABSENT, "a token of another account is answered 404");
    }
    answer_is(call(DELETE => "$other->{path}sessions/$own->{id}/", token => $other->{token}), 404, $ABSENT,
        "the session of another account is not found under the own account");
    answer_is(call(DELETE => "$me->{path}sessions/$_/", token => $mine->{token}), 404, $ABSENT,
        "what is no session is answered 404: $_")
        for '0', '00000000-0000-7000-8000-000000000000', $me->{id}, 'current', '%27';
    is(scalar @{ list($me, $staff->{token}) }, scalar @{ list($me, $mine->{token}) }, 'staff see them');
    ok(!grep({ $_->{current} } @{ list($me, $staff->{token}) }),
        'none of the sessions that staff see is marked as current');
    is(call(GET => $me->{path}, token => $mine->{token})->{status}, 200, 'the session still exists');
    is(call(DELETE => $path, token => $staff->{token})->{status}, 204, 'staff can end one');
    is(call(GET => $me->{path}, token => $mine->{token})->{status}, 401, 'the session has ended');
}

# ---- ending --------------------------------------------------------------------------------------------------------

{
    my ($one, $two) = (enter($me), enter($me));
    is(call(GET => '/private/hello.txt', token => $one->{token}, any => 1)->{status}, 200, 'a protected place is open');
    my ($own) = grep { $_->{current} } @{ list($me, $one->{token}) };
    (my $id = uc $own->{id}) =~ tr/-//d;
    my $answer = call(DELETE => "$me->{path}sessions/$id", token => $two->{token});
    ok($answer->{status} == 204 && !length $answer->{body},
        'a session is ended by another one, in any spelling of its id');
    is(call(GET => $me->{path}, token => $one->{token})->{status}, 401,
        'the access token of an ended session is refused');
    is(call(GET => '/private/hello.txt', token => $one->{token}, any => 1)->{status}, 401,
        'Locations refuse the access token of an ended session');
    is(call(POST => '/api-token-refresh/', json => "{\"refresh_token\":\"$one->{refresh_token}\"}")->{status}, 401,
        'the refresh token of an ended session is refused');
    is(call(GET => $me->{path}, token => $two->{token})->{status}, 200, 'the other goes on');
    answer_is(call(DELETE => "$me->{path}sessions/$id/", token => $two->{token}), 404, $ABSENT,
        'a session cannot be ended twice');
    ($own) = grep { $_->{current} } @{ list($me, $two->{token}) };
    is(call(DELETE => "$me->{path}sessions/$own->{id}/", token => $two->{token})->{status}, 204, 'the own one');
    is(call(GET => $me->{path}, token => $two->{token})->{status}, 401, 'a session that ended itself is over');
}

{
    my @all = map { enter($me) } 1 .. 4;
    my $before = UmTest::sql("select version from um_users where id = '$me->{id}'");
    is(call(DELETE => "$me->{path}sessions/", token => $all[0]{token})->{status}, 204,
        'all sessions are ended at once');
    isnt(UmTest::sql("select version from um_users where id = '$me->{id}'"), $before,
        'all sessions are ended by one new version of the account');
    is(join(' ', map { call(GET => $me->{path}, token => $_->{token})->{status} } @all), '401 401 401 401',
        'all sessions have ended, the current one too');
    is(join(' ', map { call(GET => '/private/hello.txt', token => $_->{token}, any => 1)->{status} } @all),
        '401 401 401 401', 'Locations refuse the access token of an ended session');
    is(join(' ', map { call(POST => '/api-token-refresh/',
        json => "{\"refresh_token\":\"$_->{refresh_token}\"}")->{status} } @all), '401 401 401 401',
        'no refresh token of them is accepted');
    my $fresh = enter($me);
    is(scalar @{ list($me, $fresh->{token}) }, 1, 'a session that is opened right after is the only one');
    is(call(GET => $other->{path}, token => $other->{token})->{status}, 200, 'sessions of other accounts go on');
}

api_done();
