#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Going on without the password: POST /api-token-refresh/.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmServer;

my $REFRESH = '/api-token-refresh/';
my $BAD = detail('bad_token');
my $PART = '[A-Za-z0-9_-]';
my $GOOD = qr/\{"token":"[\w.-]+","refresh_token":"umr_$PART{86}","token_type":"Bearer","expires_in":\d+\}/;

# Signs in: token, refresh_token, expires_in.
sub enter {
    my ($who) = @_;
    my $answer = call(POST => $TOKEN, json => '{"username":' . json_text($who->{username}) . ',"password":'
        . json_text($who->{password}) . '}');
    die "sign-in failed: $answer->{status} $answer->{body}\n" unless $answer->{status} == 200;
    return json_of($answer);
}

sub body {
    my ($token) = @_;
    return '{"refresh_token":' . json_text($token) . '}';
}

sub refresh {
    my ($token) = @_;
    return call(POST => $REFRESH, json => body($token));
}

sub status_with {
    my ($who, $token) = @_;
    return call(GET => $who->{path}, token => $token)->{status};
}

# As if so many seconds had gone by since the last use.
sub later {
    my ($who, $seconds, $sql) = @_;
    ($sql || \&UmTest::sql)->("update um_sessions set rotated_at = rotated_at - $seconds"
        . " where user_id = '$who->{id}'");
    return;
}

# With other lines; at a graceful restart old children would go on answering for a while.
sub anew {
    my ($server, $lines) = @_;
    $server->stop;
    $server->configure($lines);
    $server->launch;
    return;
}

my $me = register();

# ---- one use after another -----------------------------------------------------------------------------------------

{
    my $first = enter($me);
    like($first->{refresh_token}, qr/\Aumr_[A-Za-z0-9_-]{86}\z/, 'signing in brings a refresh token');
    my $answer = refresh($first->{refresh_token});
    answer_is($answer, 200, $GOOD, 'a refresh answers the next two tokens');
    my $second = json_of($answer);
    isnt($second->{refresh_token}, $first->{refresh_token}, 'the next refresh token is another one');
    is($second->{expires_in}, $first->{expires_in}, 'a token that lasts as long as any');
    is(status_with($me, $second->{token}), 200, 'the next access token is accepted');
    is(status_with($me, $first->{token}), 200, 'the access token from before is accepted until it ends');
    is(call(GET => '/private/hello.txt', token => $second->{token}, any => 1)->{status}, 200,
        'Locations accept the next access token');
    is(call(GET => $me->{path}, token => $second->{refresh_token})->{status}, 401, 'a refresh token is no token');
    is(call(GET => '/private/hello.txt', token => $second->{refresh_token}, any => 1)->{status}, 401,
        'Locations do not accept a refresh token');
    answer_is(call(POST => $REFRESH, form => "refresh_token=$second->{refresh_token}"), 200, $GOOD,
        'a form can refresh');
}

{
    my $at = enter($me);
    my $broken = 0;
    for (1 .. 20) {
        my $answer = refresh($at->{refresh_token});
        $broken++ unless $answer->{status} == 200;
        $at = json_of($answer);
    }
    is($broken, 0, 'twenty uses, one after another');
    is(status_with($me, $at->{token}), 200, 'the last token is good');
    my $rows = UmTest::sql('select count(*) from um_sessions where refreshed_at is not null'
        . " and user_id = '$me->{id}'");
    cmp_ok($rows, '<=', 2, 'a session stays one row');
    my $found = join ' ', map { UmTest::sql("select count(*) from um_sessions where $_ <> ''"
        . " and '$at->{refresh_token}' like '%' || $_ || '%'") } qw(refresh_hash family_hash previous_hash refresh_salt);
    is($found, '0 0 0 0', 'no part of a refresh token is in the database');
}

# ---- used again ----------------------------------------------------------------------------------------------------

{
    my ($first, $other) = (enter($me), enter($me));
    my $second = json_of(refresh($first->{refresh_token}));
    my $again = json_of(refresh($first->{refresh_token}));
    is($again->{refresh_token}, $second->{refresh_token}, 'a second use at once answers the same next refresh token');
    is(status_with($me, $again->{token}), 200, 'a second use at once answers a good access token');
    my $third = json_of(refresh($second->{refresh_token}));
    $again = json_of(refresh($first->{refresh_token}));
    is($again->{refresh_token}, $third->{refresh_token}, 'a third tab, when that was replaced too: the present one');
    is(status_with($me, $again->{token}), 200, 'another use within the grace period answers a good access token');
    later($me, 60);
    my $mark = UmServer->shared->mark;
    answer_is(refresh($first->{refresh_token}), 401, $BAD, 'a use after the grace period is refused');
    is(status_with($me, $_->{token}), 401,
        'the session of a reused refresh token has ended') for $first, $second, $again;
    is(call(GET => '/private/hello.txt', token => $second->{token}, any => 1)->{status}, 401,
        'Locations refuse the access token of a session that has ended');
    answer_is(refresh($second->{refresh_token}), 401, $BAD,
        'the newest refresh token of a session that has ended is refused');
    is(status_with($me, $other->{token}), 200, 'another session goes on');
    my $log = UmTest::wait_for($mark, qr/UM303/);
    like($log, qr/:warn\].*UM303: a refresh token of account \Q$me->{id}\E was used again/, 'the log warns of it');
    unlike($log, qr/umr_|\Q@{[substr $first->{refresh_token}, 10, 20]}\E/, 'no refresh token is in the log');
}

{
    my $first = enter($me);
    my @found = race((request_text(POST => $REFRESH, json => body($first->{refresh_token}))) x 50);
    my (%statuses, %next, %tokens);
    for my $answer (@found) {
        $statuses{ $answer->{status} }++;
        $next{ json_of($answer)->{refresh_token} }++ if $answer->{status} == 200;
        $tokens{ json_of($answer)->{token} }++ if $answer->{status} == 200;
    }
    is_deeply(\%statuses, { 200 => 50 }, 'fifty uses at the same instant: all go on');
    is(scalar keys %next, 1, 'all uses at the same instant answer one next refresh token');
    is(status_with($me, (keys %tokens)[0]), 200, 'the access tokens of uses at the same instant are good');
    is(refresh((keys %next)[0])->{status}, 200, 'the next one is good');
}

# ---- what ends it --------------------------------------------------------------------------------------------------

{
    my $who = register();
    my $at = enter($who);
    my $answer = call(POST => $who->{path}, token => $at->{token}, json => '{"old_password":'
        . json_text($who->{password}) . ',"new_password":"Red-River-82y"}');
    is($answer->{status}, 200, 'a new password');
    is_deeply([sort keys %{ json_of($answer) }], [sort qw(status code message data detail token)],
        'the answer to a changed password has no refresh token');
    answer_is(refresh($at->{refresh_token}), 401, $BAD, 'ends the refresh tokens from before');
    $who->{password} = 'Red-River-82y';
    $at = enter($who);
    UmTest::sql("update um_users set is_active = 0 where id = '$who->{id}'");
    answer_is(refresh($at->{refresh_token}), 401, detail('gone_user'), 'an account that is switched off');
    UmTest::sql("update um_users set is_active = 1 where id = '$who->{id}'");
    my $next = json_of(refresh($at->{refresh_token}));
    ok($next->{refresh_token}, 'switched on again past the program, it goes on');
    is(call(DELETE => $who->{path}, token => $next->{token})->{status}, 204, 'a deleted account');
    answer_is(refresh($next->{refresh_token}), 401, $BAD,
        'a refresh token from before the change of the password is refused');
}

{
    my $at = enter($me);
    my ($next) = json_of(refresh($at->{refresh_token}));
    UmTest::sql("update um_sessions set expires_at = 1700000000 where user_id = '$me->{id}'");
    answer_is(refresh($next->{refresh_token}), 401, $BAD, 'a refresh token that was not used for too long is refused');
}

# ---- what is none --------------------------------------------------------------------------------------------------

{
    my ($at, $other) = (enter($me), enter($me));
    my $token = $at->{refresh_token};
    my %none = (
        'a token' => $at->{token}, 'without its beginning' => substr($token, 4), 'cut' => substr($token, 0, 89),
        'longer' => "${token}A", 'padded' => "$token==", 'in upper case' => uc $token, 'words' => 'refresh me',
        'its beginning' => 'umr_', 'very long' => 'umr_' . 'A' x 60000, 'zeros' => 'umr_' . 'A' x 86,
        'of two sessions' => substr($token, 0, 30) . substr($other->{refresh_token}, 30), 'SQL' => "umr_' or 1=1 --",
        'not ASCII' => "umr_\xc3\xbc", 'another family' => substr($token, 0, 27) . ('A' x 20) . substr($token, 47),
    );
    for my $what (sort keys %none) {
        my $answer = refresh($none{$what});
        answer_is($answer, 401, $BAD, "what is no refresh token is refused: $what");
        like(join('', @{ $answer->{head}{'www-authenticate'} || [] }), qr/error="invalid_token"/,
            'the challenge to a bad refresh token says invalid_token');
    }
    is(refresh($_->{refresh_token})->{status}, 200, 'a bad refresh token ends no session') for $at, $other;
    answer_is(call(POST => $REFRESH, json => '{}'), 400, faults(refresh_token => 'required'),
        'a missing refresh token is refused');
    answer_is(call(POST => $REFRESH, json => '{"refresh_token":""}'), 400, faults(refresh_token => 'blank'),
        'a blank refresh token is refused');
    answer_is(call(POST => $REFRESH, json => '{"refresh_token":null}'), 400, faults(refresh_token => 'null'),
        'the refresh token null is refused');
    answer_is(call(POST => $REFRESH, json => '{"refresh_token":[]}'), 400, faults(refresh_token => 'string'),
        'a list of refresh tokens is refused');
    answer_is(call(POST => "$REFRESH?refresh_token=$at->{refresh_token}"), 400, faults(refresh_token => 'required'),
        'a refresh token in the query is not read');
    answer_is(call(GET => $REFRESH), 405, detail('Method "GET" not allowed.'), 'GET is not allowed');
    my $options = call(OPTIONS => $REFRESH);
    is($options->{head}{allow}[0], 'POST, OPTIONS', 'OPTIONS tells the methods');
    is(call(POST => '/api-token-refresh', json => body('x'))->{status}, 401,
        'the path without the slash at the end is served');
    is(call(POST => '/api-token-refresh/x/', json => '{}')->{status}, 404, 'below it is nothing');
    is(call(POST => $REFRESH, json => body(json_of(refresh(enter($me)->{refresh_token}))->{refresh_token}),
        headers => ['Authorization: Bearer x'])->{status}, 200, 'a stale token in the header makes no difference');
}

# ---- a site of its own ---------------------------------------------------------------------------------------------

{
    my $database = new_database();
    my $server = UmServer->start($database,
        "UserMgmtRefreshGrace 0\nUserMgmtTokenLifetime 60\nUserMgmtSessionIdle 120");
    local $UmApi::PORT = $server->{port};
    my $who = register();
    my $first = enter($who);
    is($first->{expires_in}, 60, 'a token lasts as long as is said');
    my $times = 'select expires_at - created_at, ends_at - created_at from um_sessions where refresh_hash <> \'\'';
    is($database->{sql}->($times), '120|7776000', 'a session waits for a refresh as long as is configured');
    my @found = race((request_text(POST => $REFRESH, json => body($first->{refresh_token}))) x 20);
    my @good = grep { $_->{status} == 200 } @found;
    is(scalar @good, 1, 'without grace one of twenty uses at the same instant is answered 200');
    is(scalar(grep { $_->{status} == 401 } @found), 19, 'the others are refused');
    is(status_with($who, json_of($good[0])->{token}), 401, 'without grace a second use ends the session');
    is(refresh(json_of($good[0])->{refresh_token})->{status}, 401,
        'without grace the next refresh token is refused after a second use');

    anew($server, "UserMgmtSessionLifetime 60\nUserMgmtTokenLifetime 1h");
    my $last = enter($who);
    is($last->{expires_in}, 60, 'no access token outlives its session');
    $database->{sql}->('update um_sessions set ends_at = ends_at - 50, expires_at = expires_at - 50');
    my $next = json_of(refresh($last->{refresh_token}));
    cmp_ok($next->{expires_in}, '<=', 10,
        'an access token that is refreshed shortly before the end of the session does not outlive it');
    cmp_ok($next->{expires_in}, '>', 0, 'though it is good') or diag(explain($next));

    anew($server, 'UserMgmtSessionIdle 0');
    is_deeply([sort keys %{ enter($who) }], [qw(expires_in token token_type)], 'a site without refresh tokens');
    is(refresh($next->{refresh_token})->{status}, 401, 'a refresh token is refused after the end of its session');
    is($server->crashes, '', 'no process of the server crashed');
}

api_done();
