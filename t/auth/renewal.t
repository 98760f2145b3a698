#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Sessions by cookie go on after their access token has expired, within UserMgmtSessionIdle and UserMgmtSessionLifetime,
# and nobody but the browser and this server sees the refresh token.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmCase;
use UmLocations;
use UmServer;
use UmTest ();

my ($TOKEN_LIFE, $GRACE, $IDLE, $LIFE) = (60, 30, 600, 1500);

my $folder = UmTest::new_folder();
my $clock = UmTest::spew("$folder/offset", "0\n");

# A folder with parts that have rules of their own.
sub files {
    my ($pages) = @_;
    mkdir "$pages/$_" or die "$_: $!\n" for qw(parts cache);
    chmod 0777, "$pages/cache";
    my $part = '<!--#include virtual="/shut/hello.txt" -->';
    UmTest::spew("$pages/parts/early.shtml", "$part$part");
    UmTest::spew("$pages/parts/late.shtml", "<p>text</p>\n" x 3000 . $part);
    UmTest::spew("$pages/files/index.html", "index\n");
    return;
}

my $modules = UmTest::load_modules(qw(cache cache_disk log_config));
my %with = (files => \&files, environment => { LD_PRELOAD => UmTest::library('setclock'), UM_TEST_CLOCK => $clock });
my $site = locations($modules . <<"END", %with);
UserMgmtCookie         tok
UserMgmtTokenLifetime  ${TOKEN_LIFE}s
UserMgmtSessionIdle    ${IDLE}s
UserMgmtSessionLifetime ${LIFE}s
UserMgmtRefreshGrace   ${GRACE}s
UserMgmtTokenSource    header cookie
UserMgmtAuditLog       \${folder}/logs/audit
CustomLog              \${folder}/logs/names "%m %U" "expr=%{USERMGMT_USERNAME} != ''"
# When the clock is set, the back end closes its connections, which mod_proxy may not have noticed.
SetEnv proxy-initial-not-pooled 1
CacheRoot \${pages}/cache
CacheEnable disk /cached/
CacheIgnoreCacheControl On
CacheStorePrivate On
CacheDefaultExpire 600
Alias /shut \${pages}/files
Alias /cached \${pages}/files
Alias /first \${pages}/files
Alias /twice \${pages}/files
Alias /named \${pages}/files
Alias /expr \${pages}/files
Alias /parts \${pages}/parts
<LocationMatch "^/(?:shut|app|drop|cached|first|named|twice)/">
    AuthType Bearer
    AuthName here
    Require valid-user
</LocationMatch>
<Location /named/>
    UserMgmtTokenSource cookie=tok-refresh
</Location>
<Location /expr/>
    Require expr %{USERMGMT_USERNAME} != '' && %{USERMGMT_ID} != ''
</Location>
<Location /parts/>
    Options +Includes
    SetOutputFilter INCLUDES
</Location>
<Location /app/>
    ProxyPass \${back}/
</Location>
<Location /open/>
    UserMgmtAuthorization drop
    ProxyPass \${back}/
</Location>
<Location /drop/>
    UserMgmtAuthorization drop
    ProxyPass \${back}/
</Location>
# The caller is looked for by these sources once more.
<If "%{REQUEST_URI} =~ m#^/twice/# && %{USERMGMT_USERNAME} != ''">
    UserMgmtTokenSource cookie
</If>
<Location /metrics>
    SetHandler usermgmt-metrics
</Location>
END
my $OWN = 'Origin: http://localhost';
my $FOREIGN = 'Origin: http://evil.example';
my @REVOKE = (POST => '/api-token-revoke/');

# ---- a browser -------------------------------------------------------------------------------------------------------

my $now = 0;
sub later {
    my ($seconds) = @_;
    $now += $seconds;
    UmTest::spew("$clock.new", "$now\n");
    rename "$clock.new", $clock or die "$clock: $!\n";
    return;
}

sub cookie_header {
    my ($jar) = @_;
    return 'Cookie: ' . join('; ', 'x=1', map { "$_=$jar->{$_}" } grep { length($jar->{$_} // "") } qw(tok tok-refresh tok-form));
}

# Takes the cookies of an answer into a jar.
sub store {
    my ($jar, $answer) = @_;
    for (@{ $answer->{head}{'set-cookie'} || [] }) {
        my ($name, $value) = /\A([\w-]+)=([^;]*);/ or die "a strange cookie: $_\n";
        $jar->{$name} = $value;
    }
    return $answer;
}

sub browse {
    my ($jar, $method, $path, %with) = @_;
    return store($jar, ask($method => $path, %with, headers => [cookie_header($jar), @{ $with{headers} || [] }]));
}

# The cookies that an answer sets, each once, in the order of their names.
sub cookies_of {
    my ($answer) = @_;
    return join ' ', sort map { /\A([\w-]+)=(;)?/ ? $1 . ($2 ? ' cleared' : '') : $_ }
        @{ $answer->{head}{'set-cookie'} || [] };
}

my $NEW = 'tok tok-refresh';
my $CLEARED = 'tok cleared tok-refresh cleared';

sub sign_in {
    my ($account, $server) = @_;
    my $jar = {};
    my $answer = store($jar, call(POST => $TOKEN, headers => [$OWN], any => 1,
        port => ($server || $site->{server})->{port},
        json => qq({"username":"$account->{username}","password":"$account->{password}","cookie":true})));
    die "no cookies: $answer->{status} $answer->{body}\n" unless cookies_of($answer) eq $NEW;
    return $jar;
}

my $enrolled = 0;
sub somebody {
    my $name = 'bob' . ++$enrolled;
    my $account = { %{ enrol($name) }, username => $name };
    return ($account, sign_in($account));
}

# Whether a jar still opens the door, asked with a copy of it.
sub is_in {
    my ($jar) = @_;
    return browse({ %$jar }, GET => '/shut/hello.txt')->{status} == 200 ? 1 : 0;
}

# ---- the cookies -----------------------------------------------------------------------------------------------------

case 'a sign-in sets both cookies' => sub {
    my ($me) = somebody();
    my $answer = ask(POST => $TOKEN, headers => [$OWN],
        json => qq({"username":"$me->{username}","password":"$me->{password}","cookie":true}));
    my ($access, $refresh) = @{ $answer->{head}{'set-cookie'} };
    like($access, qr/\Atok=eyJ[\w.-]+; Path=\/; Max-Age=$TOKEN_LIFE; HttpOnly; SameSite=Lax\z/,
        'that of the access token lasts as long as it');
    like($refresh, qr/\Atok-refresh=umr_[\w-]+\.stay; Path=\/; Max-Age=$IDLE; HttpOnly; SameSite=Lax\z/,
        'that of the refresh token lasts for the idle time');
    unlike($answer->{body}, qr/umr_|eyJ/, 'no script can read a token in the body');
};

case 'a refresh token is no access token' => sub {
    my ($me, $jar) = somebody();
    my $bare = $jar->{'tok-refresh'} =~ s/\.stay\z//r;
    is(get('/shut/hello.txt', token => $bare)->{status}, 401, 'not in the header');
    is(get('/shut/hello.txt', headers => ["Cookie: tok=$bare"])->{status}, 401, 'not in the other cookie');
    is(get('/named/hello.txt', headers => ["Cookie: tok-refresh=$_"])->{status}, 401,
        'not as the cookie that a Location names') for $bare, $jar->{'tok-refresh'};
    is(get("$USERS$me->{id}/", token => $bare)->{status}, 401, 'not to the API');
};

# ---- renewed ---------------------------------------------------------------------------------------------------------

case 'a session goes on after its access token' => sub {
    my ($me, $jar) = somebody();
    my $first = { %$jar };
    is(cookies_of(browse($jar, GET => '/shut/hello.txt')), '', 'nothing is set while the access token is good');
    later($TOKEN_LIFE + 1);
    is(get('/shut/hello.txt', headers => ["Cookie: tok=$jar->{tok}"])->{status}, 401, 'alone it has expired');
    my $answer = browse($jar, GET => '/shut/hello.txt');
    is("$answer->{status} $answer->{body}", "200 $HELLO", 'a GET is answered');
    is(cookies_of($answer), $NEW, 'and sets both cookies');
    my ($access, $refresh) = @{ $answer->{head}{'set-cookie'} };
    like($access, qr/\Atok=eyJ[\w.-]+; Path=\/; Max-Age=$TOKEN_LIFE; HttpOnly; SameSite=Lax\z/, 'the first as it was');
    like($refresh, qr/\Atok-refresh=umr_[\w-]+\.stay; Path=\/; Max-Age=$IDLE; HttpOnly; SameSite=Lax\z/,
        'the second as it was');
    like($answer->{head}{'cache-control'}[0], qr/private|no-store/, 'no cache may keep the answer');
    ok($jar->{tok} ne $first->{tok} && $jar->{'tok-refresh'} ne $first->{'tok-refresh'}, 'both are new');
    is(cookies_of(browse($jar, GET => '/shut/hello.txt')), '', 'the new ones are good');
    later($TOKEN_LIFE + 1);
    delete $jar->{tok};
    is(cookies_of(browse($jar, GET => '/shut/hello.txt')), $NEW, 'so it is when the browser has removed the cookie');
    later($TOKEN_LIFE + 1);
    $answer = browse($jar, GET => "$USERS$me->{id}/");
    is("$answer->{status} " . cookies_of($answer), "200 $NEW", 'the API renews as well');
    is(json_of($answer)->{username}, $me->{username}, 'and answers who it is');
};

case 'a session without "stay" stays so' => sub {
    my (undef, $jar) = somebody();
    $jar->{'tok-refresh'} =~ s/\.stay\z//;
    later($TOKEN_LIFE + 1);
    my $answer = browse($jar, GET => '/shut/hello.txt');
    is(cookies_of($answer), $NEW, 'it is renewed');
    unlike("@{ $answer->{head}{'set-cookie'} }", qr/Max-Age|stay/, 'by cookies that end with the browser');
};

case 'the access log renews nothing' => sub {
    my (undef, $jar) = somebody();
    my ($tag, $log) = (get('/hello.txt')->{head}{etag}[0], $site->{server}->mark);
    later($TOKEN_LIFE + 1);
    for my $row ([200, GET => '/hello.txt'], [200, HEAD => '/hello.txt'],
        [304, GET => '/hello.txt', headers => ["If-None-Match: $tag"]], [404, HEAD => '/nothing.txt']) {
        my ($status, $method, $path, @with) = @$row;
        my $answer = browse($jar, $method => $path, @with);
        is("$answer->{status} " . cookies_of($answer), "$status ", "$method $path is answered $status without cookies");
    }
    later($GRACE + 1);
    is(cookies_of(browse($jar, GET => '/shut/hello.txt')), $NEW, 'so the refresh token is still the last one');
    unlike(UmTest::since($log), qr/UM303/, 'and none was used again');
};

case 'a WebSocket renews nothing' => sub {
    my (undef, $jar) = somebody();
    my $log = $site->{server}->mark;
    my @headers = ($OWN, 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: x');
    is(browse($jar, GET => '/app/x', headers => \@headers)->{status}, 200, 'with a good access token it is opened');
    later($TOKEN_LIFE + 1);
    for my $path ('/app/x', '/expr/hello.txt') {
        my $answer = browse($jar, GET => $path, headers => \@headers);
        like("$answer->{status} " . cookies_of($answer), qr/\A40[13] \z/, "$path is refused, without cookies");
    }
    later($GRACE + 1);
    is(cookies_of(browse($jar, GET => '/shut/hello.txt')), $NEW, 'the next page renews');
    unlike(UmTest::since($log), qr/UM303/, 'and no refresh token was used again');
};

case 'a page of another site renews nothing' => sub {
    my ($me, $jar) = somebody();
    later($TOKEN_LIFE + 1);
    for my $jar ({ %$jar }, { 'tok-refresh' => $jar->{'tok-refresh'} }) {
        my $name = $jar->{tok} ? 'with both cookies' : 'with the refresh token alone';
        my $before = $jar->{'tok-refresh'};
        for my $headers ([$FOREIGN], [], ['Origin: null']) {
            my $answer = browse($jar, POST => '/app/x', headers => $headers);
            my $origin = @$headers ? $headers->[0] : 'no origin';
            like($answer->{status}, qr/\A40[13]\z/, "a POST is refused $name and $origin");
            is(cookies_of($answer), '', 'and sets no cookie');
            $answer = browse($jar, PATCH => "$USERS$me->{id}/", headers => $headers, json => '{"first_name":"F"}');
            like($answer->{status}, qr/\A40[13]\z/, "the API refuses $name");
            is(cookies_of($answer), '', 'and sets no cookie');
        }
        is($jar->{'tok-refresh'}, $before, 'the refresh token was not used');
    }
    my $answer = browse($jar, POST => '/app/x', headers => [$OWN]);
    is("$answer->{status} " . cookies_of($answer), "200 $NEW", 'a page of this site renews with a POST');
    later($TOKEN_LIFE + 1);
    $answer = browse($jar, PATCH => "$USERS$me->{id}/", headers => [$OWN], json => '{"first_name":"F"}');
    is("$answer->{status} " . cookies_of($answer), "200 $NEW", 'and with a call of the API');
};

case 'a header decides before the cookie' => sub {
    my ($me, $jar) = somebody();
    later($TOKEN_LIFE + 1);
    my $answer = browse($jar, GET => '/shut/hello.txt', token => 'x.y.z');
    is("$answer->{status} " . cookies_of($answer), '401 ', 'a bad token in the header is refused');
    $answer = browse($jar, GET => "$USERS$me->{id}/", token => 'x.y.z');
    is("$answer->{status} " . cookies_of($answer), '401 ', 'so does the API');
    ok(is_in($jar), 'the cookies were not touched');
};

case 'several tabs renew at once' => sub {
    my (undef, $jar) = somebody();
    later($TOKEN_LIFE + 1);
    local $UmApi::PORT = $site->{server}{port};
    my @answers = race(map { request_text(GET => '/shut/hello.txt', headers => [cookie_header($jar)]) } 1 .. 6);
    is(join(' ', map { $_->{status} } @answers), '200 200 200 200 200 200', 'each is answered');
    my %refresh = map { my $own = {}; store($own, $_); ($own->{'tok-refresh'} => 1) } @answers;
    is(scalar keys %refresh, 1, 'all get the same next refresh token');
    later($GRACE + $TOKEN_LIFE + 1);
    ok(is_in({ 'tok-refresh' => (keys %refresh)[0] }), 'which is good after the grace');
};

# How often a refresh token of cookies was used with success. The next use within the grace gives the same tokens.
sub renewals { return get('/metrics')->{body} =~ /^usermgmt_session_renewals_total\{outcome="ok"\} (\d+)$/m ? $1 : 'none' }

case 'one request renews once' => sub {
    my (undef, $jar) = somebody();
    later($TOKEN_LIFE + 1);
    for my $path ('/first/', '/shut/', '/expr/hello.txt', '/shut/none.txt', '/twice/hello.txt') {
        my $before = renewals();
        my $answer = browse($jar, GET => $path);
        is(renewals() - $before, 1, "$path uses the refresh token once");
        is(scalar @{ $answer->{head}{'set-cookie'} || [] }, 2, "$path sets each cookie once");
        is($answer->{status}, $path =~ /none/ ? 404 : 200, 'and is answered');
        later($TOKEN_LIFE + 1);
    }
    my $before = $jar->{'tok-refresh'};
    is(cookies_of(browse($jar, GET => "/parts/$_.shtml")), '', 'a part of a page whose head was sent renews nothing')
        for 'early', 'late';
    later($GRACE + 1);
    $jar->{'tok-refresh'} = $before;
    ok(is_in($jar), 'so the refresh token is still the current one');
};

case 'an answer 304 renews, too' => sub {
    my (undef, $jar) = somebody();
    my ($tag) = @{ browse($jar, GET => '/shut/hello.txt')->{head}{etag} };
    later($TOKEN_LIFE + 1);
    my $answer = browse($jar, GET => '/shut/hello.txt', headers => ["If-None-Match: $tag"]);
    is("$answer->{status} " . cookies_of($answer), "304 $NEW", 'it sets the cookies');
    later($GRACE + $TOKEN_LIFE + 1);
    ok(is_in($jar), 'which are good');
};

case 'no cache keeps an answer with cookies' => sub {
    my (undef, $jar) = somebody();
    later($TOKEN_LIFE + 1);
    is(cookies_of(browse($jar, GET => '/cached/hello.txt')), $NEW, 'a renewed answer of a cached place');
    my $answer = get('/cached/hello.txt');
    is("$answer->{status} " . cookies_of($answer), '401 ', 'nobody else gets it');
};

# ---- refused ---------------------------------------------------------------------------------------------------------

case 'a stolen refresh token ends the session' => sub {
    my ($me, $jar) = somebody();
    my $thief = { %$jar };
    later($TOKEN_LIFE + 1);
    is(cookies_of(browse($jar, GET => '/shut/hello.txt')), $NEW, 'the owner goes on');
    later($GRACE + 1);
    my $answer = browse($thief, GET => '/shut/hello.txt');
    is(challenge_of($answer), '401 Bearer realm="here"', 'the thief is answered as without a token');
    is(cookies_of($answer), $CLEARED, 'and both cookies are cleared');
    is($jar->{tok} ? is_in({ tok => $jar->{tok} }) : 1, 0, 'the session has ended for the owner as well');
    like($site->{server}->log, qr/UM303: a refresh token of account $me->{id}/, 'the log tells');
    my @events = grep { /"refresh_reused"/ && /\Q$me->{id}\E/ } split /\n/,
        UmTest::slurp("$site->{server}{folder}/logs/audit");
    is(scalar @events, 1, 'and so does the audit log');
};

case 'a bad refresh token is cleared' => sub {
    for my $value ('x', 'umr_x', 'umr_' . 'A' x 86, '.stay', 'umr_x.stay') {
        my $answer = browse({ 'tok-refresh' => $value }, GET => '/shut/hello.txt');
        is("$answer->{status} " . cookies_of($answer), "401 $CLEARED", "tok-refresh=$value at a Location");
        $answer = browse({ 'tok-refresh' => $value }, GET => "${USERS}me/");
        is("$answer->{status} " . cookies_of($answer), "401 $CLEARED", "tok-refresh=$value at the API");
        is(get('/files/hello.txt', headers => ["Cookie: tok-refresh=$value"])->{head}{'set-cookie'}, undef,
            'an open place does not look at it');
    }
    my $answer = get('/shut/hello.txt', headers => ['Cookie: tok-refresh=a; tok-refresh=b']);
    is("$answer->{status} " . cookies_of($answer), '401 ', 'of two that differ none is used or cleared');
};

case 'a session ends when it is not used' => sub {
    my (undef, $jar) = somebody();
    for (1 .. 2) {
        later($IDLE - 2);
        is(cookies_of(browse($jar, GET => '/shut/hello.txt')), $NEW, 'it goes on within the idle time');
    }
    later($IDLE + 1);
    my $answer = browse($jar, GET => '/shut/hello.txt');
    is("$answer->{status} " . cookies_of($answer), "401 $CLEARED", 'after the idle time it has ended');
};

case 'a session ends some day, however often it is used' => sub {
    my (undef, $jar) = somebody();
    my $age = 0;
    for (; $age + 400 < $LIFE; $age += 400) {
        later(400);
        is(cookies_of(browse($jar, GET => '/shut/hello.txt')), $NEW, 'it goes on');
    }
    my $answer = browse($jar, GET => '/shut/hello.txt');
    later($LIFE - $age - 10);
    $answer = browse($jar, GET => '/shut/hello.txt');
    is($answer->{status}, 200, 'it is good near its end');
    is(scalar(grep { /Max-Age=(?:9|10);/ } @{ $answer->{head}{'set-cookie'} }), 2, 'its last cookies end with it');
    later(11);
    $answer = browse($jar, GET => '/shut/hello.txt');
    is("$answer->{status} " . cookies_of($answer), "401 $CLEARED", 'its lifetime is over');
};

# A server of its own on the same database, with keys of its own, and the same clock and cookies.
sub other_server {
    my ($lines) = @_;
    return UmServer->start($site->{database}, UmLocations::module_lines() . <<"END", environment => $with{environment});

UserMgmtCookie tok
UserMgmtTokenLifetime ${TOKEN_LIFE}s
TypesConfig $site->{pages}/types
Alias /shut $site->{pages}/files
<Location /shut/>
    AuthType Bearer
    AuthName here
    Require valid-user
    UserMgmtTokenSource cookie
</Location>
$lines
END
}

sub browse_at {
    my ($server, $jar, $path) = @_;
    return store($jar, call(GET => $path, headers => [cookie_header($jar)], port => $server->{port}, any => 1));
}

case 'too many renewals of an address are throttled' => sub {
    my ($me) = somebody();
    my $other = other_server("UserMgmtThrottleExempt none\nUserMgmtThrottle refresh address 1/d 1");
    my $jar = sign_in($me, $other);
    my $at = sub { browse_at($other, $jar, @_) };
    later($TOKEN_LIFE + 1);
    is(cookies_of($at->('/shut/hello.txt')), $NEW, 'the first is not');
    later($TOKEN_LIFE + 1);
    for my $path ('/shut/hello.txt', "$USERS$me->{id}/") {
        my $answer = $at->($path);
        is("$answer->{status} " . cookies_of($answer), '429 ', "the second is, at $path, and the cookies stay");
        like("@{ $answer->{head}{'retry-after'} || [] }", qr/\A[1-9]\d*\z/, 'for a time');
    }
    is($other->crashes, '', 'no process crashed');
    $other->stop;
    ok(is_in($jar), 'the refresh token was not used');
};

case 'without the database the cookies stay' => sub {
    my ($me) = somebody();
    my $other = other_server('');
    my $jar = sign_in($me, $other);
    my $at = sub { browse_at($other, $jar, @_) };
    is($at->('/shut/hello.txt')->{status}, 200, 'the session is good');
    later($TOKEN_LIFE + 1);
    $site->{database}{sql}->('alter table um_sessions rename to um_gone');
    for my $path ('/shut/hello.txt', "$USERS$me->{id}/") {
        my $answer = $at->($path);
        is("$answer->{status} " . cookies_of($answer), '503 ', "$path is answered 503");
        ok($answer->{head}{'retry-after'}, 'for a time');
    }
    $site->{database}{sql}->('alter table um_gone rename to um_sessions');
    ok(await(10, sub { $at->('/shut/hello.txt')->{status} == 200 }), 'the session is renewed when it is back');
    is($other->crashes, '', 'no process crashed');
    $other->stop;
};

# ---- ended and replaced ----------------------------------------------------------------------------------------------

case 'signing out ends the session by either cookie' => sub {
    my ($me) = somebody();
    for my $names (['tok', 'tok-refresh'], ['tok-refresh'], ['tok']) {
        for my $wait (0, $TOKEN_LIFE + 1) {
            next if $wait && @$names == 1 && $names->[0] eq 'tok';
            my $whole = sign_in($me);
            later($wait);
            my $jar = { map { $_ => $whole->{$_} } @$names };
            my $what = "by @$names after $wait seconds";
            is(browse({ %$jar }, @REVOKE, headers => [$FOREIGN])->{status} =~ /\A40[03]\z/ ? 1 : 0, 1,
                "a page of another site cannot sign out $what");
            my $answer = browse($jar, @REVOKE, headers => [$OWN]);
            is("$answer->{status} $answer->{body}", '200 {"status":"OK"}', "signing out $what");
            is(cookies_of($answer), join(' ', map { "$_ cleared" } @$names == 1 && $names->[0] eq 'tok' ? 'tok'
                : ('tok', 'tok-refresh')), 'clears the cookies');
            is(is_in($whole), 0, 'and the session has ended');
        }
    }
};

case 'a new password replaces both cookies' => sub {
    my ($me, $jar) = somebody();
    my $old = { %$jar };
    later($TOKEN_LIFE + 1);
    my $change = browse($jar, POST => "${USERS}me/", headers => [$OWN],
        json => qq({"old_password":"$me->{password}","new_password":"Red-House?38"}));
    is($change->{status}, 200, 'the password is changed by a session that had to be renewed');
    is(cookies_of($change), $NEW, 'both cookies are set, each once');
    unlike($change->{body}, qr/eyJ|umr_/, 'the body has no token');
    is(is_in($old), 0, 'the old session has ended');
    later($GRACE + $TOKEN_LIFE + 1);
    ok(is_in($jar), 'the new one is renewed later');
    $change = browse($jar, POST => "${USERS}me/", headers => [$OWN],
        json => qq({"old_password":"Red-House?38","new_password":"Red-House?39"}));
    is(cookies_of($change), $NEW, 'so it is for a session whose token is good');
};

case 'without refresh tokens there is one cookie' => sub {
    my ($me, $jar) = somebody();
    my $plain = UmServer->start($site->{database}, "UserMgmtCookie tok\nUserMgmtSessionIdle 0\n");
    my $answer = call(POST => $TOKEN, headers => [$OWN, cookie_header($jar)], port => $plain->{port}, any => 1,
        json => qq({"username":"$me->{username}","password":"$me->{password}","cookie":true}));
    is(cookies_of($answer), 'tok tok-refresh cleared', 'a sign-in leaves no refresh token of an earlier session');
    $answer = call(GET => "$USERS$me->{id}/", headers => ["Cookie: tok-refresh=$jar->{'tok-refresh'}"],
        port => $plain->{port}, any => 1);
    is("$answer->{status} " . cookies_of($answer), "401 $CLEARED", 'no session is renewed');
    $plain->stop;
};

# ---- who sees them ---------------------------------------------------------------------------------------------------

case 'no application gets the refresh token' => sub {
    my (undef, $jar) = somebody();
    for my $wait (0, $TOKEN_LIFE + 1) {
        later($wait);
        my $told = told(browse($jar, GET => '/app/x'));
        is($told->{HTTP_COOKIE}, "x=1; tok=$jar->{tok}", 'a back end gets the other cookies') if !$wait;
        unlike($told->{HTTP_COOKIE}, qr/refresh/, "a back end after $wait seconds");
        $told = told(browse($jar, GET => '/drop/x'));
        is($told->{HTTP_COOKIE}, 'x=1', 'where tokens are dropped, both cookies are');
        $told = told(browse($jar, GET => '/open/x'));
        is($told->{HTTP_COOKIE}, 'x=1', 'in an open place, too');
    }
    for my $place (qw(app drop open)) {
        my $told = told(browse({ %$jar, 'tok-form' => 'A' x 22 }, GET => "/$place/x"));
        unlike($told->{HTTP_COOKIE}, qr/tok-form/, "nor the value that forms of the pages follow from: /$place/");
    }
    unlike($site->{server}->log, qr/umr_/, 'no refresh token is in the log');
    unlike(UmTest::slurp("$site->{server}{folder}/logs/audit"), qr/umr_/, 'or in the audit log');
};

is($site->{server}->crashes, '', 'no process of the server crashed');
cases_done();
