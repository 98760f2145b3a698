#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The audit log and um_events: each event with every member, what is kept with the change and what is not, names that try
# to forge lines, a program as the log, a log that cannot be written, and the page of an account's events.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmAudit;
use UmMail;
use UmServer;

my @MEMBERS = qw(time event outcome reason user_id name session_id by detail address user_agent request_id host node);
my @KEPT = qw(registered account_updated password_changed reset_sent reset_confirmed email_changed email_verified email_unverified session_ended sessions_ended
    refresh_reused account_deleted account_on account_off staff_given staff_taken group_made group_renamed group_removed group_added
    group_dropped key_rotated);
my %kept = map { $_ => 1 } @KEPT;

my $site = audited_server(<<'END', modules => ['unique_id']);
UserMgmtRefreshGrace 0
ServerName audit.test.example
UseCanonicalName Off
END
my ($server, $database, $folder, $mails, $log, $client, $lines) = @$site{qw(server database folder mails log client lines)};
my $sql = $database->{sql};
my $mark = UmTest::mark($log);

my (%seen, $raw, @sent);

# The lines since the last call; each must be an object with every member and nothing else.
sub events {
    my $text = UmTest::since($mark);
    $mark = UmTest::mark($log);
    $raw .= $text;
    my @events;
    for my $line (split /\n/, $text) {
        my $event = eval { JSON::PP->new->decode($line) };
        my ($names) = $line =~ /\A\{(.*)\}\z/ or diag($line);
        my @names = map { /\A"(\w+)":/ ? $1 : () } $line =~ /(?:\A\{|,)("\w+":)(?=null|")/g;
        fail("a line is an object with all members: $line")
            unless ref $event eq 'HASH' && join(' ', sort keys %$event) eq join(' ', sort @MEMBERS);
        $seen{ $event->{event} }{ $event->{outcome} }++;
        push @events, $event if $event->{event} ne 'mail_sent';
        push @sent, $event if $event->{event} eq 'mail_sent';
    }
    return @events;
}

# Exactly one line, with these members.
sub event_is {
    my ($name, %want) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @events = events();
    is(scalar @events, 1, "$name: one line") or diag(explain(\@events));
    my %got = map { $_ => $events[0]{$_} } keys %want;
    is_deeply(\%got, { event => $name, %want, }, "$name: its members") if $got{event} = $events[0]{event};
    is($sql->("select count(*) from um_events where request_id = '$events[0]{request_id}'"),
        $kept{$name} && $events[0]{outcome} eq 'ok' ? 1 : 0, "$name is " . ($kept{$name} ? '' : 'not ') . 'kept');
    return $events[0];
}

# ---- accounts ------------------------------------------------------------------------------------------------------

my $me = { username => new_name(), password => good_password(), email => 'me@example.org' };
my $answer = post($USERS, $me, headers => ['User-Agent: "Browser\\1" ' . "\xc3\xbc"]);
my $id = json_of($answer)->{id};
my $path = "$USERS$id/";
my $token = json_of($answer)->{auth_token};
my $event = event_is('registered', outcome => 'ok', reason => undef, user_id => $id, name => $me->{username}, by => undef,
    detail => undef, address => '127.0.0.1', host => 'audit.test.example');
is((stat $log)[2] & 07, 0, 'the log is not for everybody');
like($event->{time}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/, 'the time has milliseconds');
like($event->{request_id}, qr/\A[\w@-]{24,}\z/, 'the id is that of mod_unique_id');
like($event->{session_id}, qr/\A$UUID\z/, 'the session is named');
is($event->{user_agent}, "\"Browser\\1\" \x{fc}", 'the agent is there as it was sent');
ok(length $event->{node}, 'the node is named');

$answer = post($TOKEN, { username => uc $me->{username}, password => $me->{password} });
my $session = json_of($answer);
event_is('sign_in', outcome => 'ok', user_id => $id, name => uc $me->{username});
post($TOKEN, { username => $me->{username}, password => 'wrong horse' });
event_is('sign_in', outcome => 'failed', reason => 'wrong_password', user_id => $id, name => $me->{username},
    session_id => undef, by => undef);
post($TOKEN, { username => 'nobody at all', password => 'wrong horse' });
event_is('sign_in', outcome => 'failed', reason => 'unknown_name', user_id => undef, name => 'nobody at all');

my $staff = register();
$sql->("update um_users set is_staff = 1 where id = '$staff->{id}'");
events();

post($path, { old_password => 'wrong horse', new_password => 'Green-House?40' }, token => $token);
event_is('password_changed', outcome => 'failed', reason => 'wrong_password', user_id => $id, by => $id);
$token = json_of(post($path, { old_password => $me->{password}, new_password => 'Green-House?40' }, token => $token))->{token};
$me->{password} = 'Green-House?40';
event_is('password_changed', outcome => 'ok', user_id => $id, by => $id);

call(PATCH => $path, json => '{"first_name":"Ann"}', token => $token);
event_is('account_updated', outcome => 'ok', user_id => $id, by => $id, detail => 'first_name');
call(PATCH => $path, json => '{"first_name":"Ann","last_name":""}', token => $token);
is(join(' ', map { $_->{event} } events()), '', 'the same values are no event');
call(PATCH => $path, json => '{"email":"New@example.org"}', token => $token);
event_is('email_changed', outcome => 'ok', user_id => $id, by => $id);
call(PATCH => $path, json => '{"email":"New@EXAMPLE.org"}', token => $token);
is(join(' ', map { $_->{event} } events()), '', 'another spelling of the address is no event');

# ---- mails ---------------------------------------------------------------------------------------------------------

# The token of a mail to this address that is not one of these.
sub token_of_mail {
    my ($address, @others) = @_;
    return await(20, sub {
        my ($found) = grep { my $token = $_; defined $token && !grep { $_ eq $token } @others }
            map { $_->{token} } mails_in($mails, $address);
        return $found;
    }) || '';
}

settle(sql => $sql);
my $verify = token_of_mail('New@example.org');
events();
post('/api/email_verification/confirm/', { token => 'x' x 43 });
event_is('email_verified', outcome => 'failed', reason => 'bad_token', user_id => undef);
is(post('/api/email_verification/confirm/', { token => $verify })->{status}, 200, 'the token of the mail is good');
event_is('email_verified', outcome => 'ok', user_id => $id);
call(PATCH => $path, json => '{"email_verified":false}', token => $staff->{token});
event_is('email_unverified', outcome => 'ok', user_id => $id, by => $staff->{id});
call(PATCH => $path, json => '{"email_verified":true}', token => $staff->{token});
event_is('email_verified', outcome => 'ok', user_id => $id, by => $staff->{id});
post('/api/email_verification/', { email => 'nobody@example.org' });
event_is('verification_asked', outcome => 'ok', name => 'nobody@example.org', user_id => undef);
post('/api/password_reset/', { email => 'new@example.org' });
{
    my ($asked) = grep { $_->{event} eq 'reset_asked' } events();
    is_deeply([@$asked{qw(outcome name user_id)}], ['ok', 'new@example.org', undef], 'reset_asked: its members');
}
settle(sql => $sql);
my $reset = token_of_mail('New@example.org', $verify);
events();
post('/api/password_reset/confirm/', { token => 'x' x 43, password => 'Blue-House?41' });
event_is('reset_confirmed', outcome => 'failed', reason => 'bad_token');
is(post('/api/password_reset/confirm/', { token => $reset, password => 'Blue-House?41' })->{status}, 200, 'the reset is done');
$me->{password} = 'Blue-House?41';
event_is('reset_confirmed', outcome => 'ok', user_id => $id, by => undef);
settle(sql => $sql);
events();
my %mailed = map { ("$_->{detail} $_->{outcome} $_->{by} " . ($_->{user_id} eq $id) => 1) } @sent;
is(join(', ', sort keys %mailed), 'password_changed ok worker 1, reset ok worker 1, verify ok worker 1', 'mails that were sent');

# ---- sessions ------------------------------------------------------------------------------------------------------

sub enter { return json_of(post($TOKEN, { username => $me->{username}, password => $me->{password} })) }

my $one = enter();
my $two = enter();
my @entered = events();
my $second = $entered[-1]{session_id};
call(DELETE => "${path}sessions/$second/", token => $staff->{token});
event_is('session_ended', outcome => 'ok', user_id => $id, session_id => $second, by => $staff->{id});
call(DELETE => "${path}sessions/$second/", token => $staff->{token});
is(join(' ', map { $_->{event} } events()), '', 'a session that has ended is no event');
$two = enter();
events();
post('/api-token-revoke/', { token => $two->{token} });
event_is('session_ended', outcome => 'ok', user_id => $id, by => $id);
my $next = json_of(post('/api-token-refresh/', { refresh_token => $one->{refresh_token} }));
is(scalar(events()), 0, 'a refresh is no event');
post('/api-token-refresh/', { refresh_token => $one->{refresh_token} });
event_is('refresh_reused', outcome => 'ok', user_id => $id, by => undef);
call(DELETE => "${path}sessions/", token => $staff->{token});
event_is('sessions_ended', outcome => 'ok', user_id => $id, by => $staff->{id});
$token = enter()->{token};
events();

# ---- clients, Basic, CSRF ------------------------------------------------------------------------------------------

post('/api-token-introspect/', { token => $token }, token => $client);
event_is('client_token_used', outcome => 'ok', by => 'client front');
post('/api-token-introspect/', { token => $token }, token => 'umc_' . 'x' x 43);
event_is('client_token_used', outcome => 'failed', reason => 'unknown_client', by => undef);
other(POST => '/api-token-introspect/', json => '{"token":"x"}', basic('front', 'wrong'));
event_is('client_token_used', outcome => 'failed', reason => 'unknown_client', name => 'front');

other(GET => '/basic/', basic($me->{username}, $me->{password}));
event_is('sign_in', outcome => 'ok', user_id => $id, name => $me->{username});
other(GET => '/basic/', basic($me->{username}, $me->{password}));
is(scalar(events()), 0, 'a password that was verified a moment ago is no sign-in');
other(GET => '/basic/', basic($me->{username}, 'wrong horse'));
event_is('sign_in', outcome => 'failed', reason => 'wrong_password', user_id => $id, name => $me->{username});
other(GET => '/basic/', basic('nobody', 'wrong horse'));
event_is('sign_in', outcome => 'failed', reason => 'unknown_name', name => 'nobody');

my $foreign = ["Cookie: session=$token", 'Origin: https://evil.example'];
call(DELETE => "${path}sessions/", headers => $foreign);
event_is('csrf_refused', outcome => 'failed', reason => 'cross_site');
other(POST => '/bearer/', body => '', headers => $foreign);
event_is('csrf_refused', outcome => 'failed', reason => 'cross_site');

# ---- names that forge lines ----------------------------------------------------------------------------------------

my $evil = "x\n{\"time\":\"2026-01-01T00:00:00.000Z\",\"event\":\"sign_in\",\"outcome\":\"ok\"}\r\n\e[2J\x7f\"\\\xe2\x80\xae\xc2\x9b";
answer_is(call(POST => $TOKEN, json => UmApi::object_text({ username => $evil, password => 'wrong horse' })
    =~ s/([\x00-\x1f])/sprintf '\\u%04x', ord $1/gre), 400, '{"non_field_errors":["' . $SAY{login} . '"]}', 'a name with line ends is refused');
event_is('sign_in', outcome => 'failed', reason => 'unknown_name', name => do { my $text = $evil; utf8::decode($text); $text });
post($TOKEN, { username => "\xf0\x9f\x98\x80" x 2000, password => 'wrong horse' }, headers => ['User-Agent: ' . "\xff\"" x 1000]);
$event = event_is('sign_in', outcome => 'failed');
ok(length $event->{name} <= 150 && length $event->{name} > 60, 'a long name is cut') or diag(length $event->{name});
ok(length $event->{user_agent} <= 255, 'a long agent is cut');
unlike($raw, qr/[^\x20-\x7e\n]/, 'the log is printable ASCII');
is(scalar(grep { length > 4000 } split /\n/, $raw), 0, 'no line is longer than a pipe takes at once');

# ---- the command line ----------------------------------------------------------------------------------------------

my @cli = (UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params});

sub by_cli {
    my ($name, @words) = @_;
    my ($status, $said) = UmTest::run(@cli, @words);
    is($status, 0, "usermgmt @words") or diag($said);
    my ($newest) = split /\n/, $sql->("select kind || ' ' || actor || ' ' || node from um_events order by id desc limit 1");
    like($newest, qr/\A$name cli \S+\z/, "@words stores $name");
}
by_cli(staff_given => qw(user staff), $me->{username}, 'on');
by_cli(staff_taken => qw(user staff), $me->{username}, 'off');
by_cli(account_off => qw(user active), $me->{username}, 'off');
post($TOKEN, { username => $me->{username}, password => $me->{password} });
event_is('sign_in', outcome => 'failed', reason => 'inactive', user_id => $id);
by_cli(account_on => qw(user active), $me->{username}, 'on');
by_cli(group_made => qw(group new editors));
by_cli(group_added => qw(group add editors), $me->{username});
{
    my $before = $sql->('select count(*) from um_events');
    UmTest::run(@cli, qw(group add editors), $me->{username});
    is($sql->('select count(*) from um_events'), $before, 'what is so already is no event');
}
by_cli(group_dropped => qw(group drop editors), $me->{username});
by_cli(group_removed => qw(group remove editors));
by_cli(key_rotated => qw(key new), "$folder/keys");
by_cli(sessions_ended => qw(session end-all));
{
    my ($status, $said) = UmTest::run(@cli, qw(events --json --user), $me->{username});
    my @own = map { JSON::PP->new->decode($_) } split /\n/, $said;
    is($own[0]{event}, 'registered', 'usermgmt events prints those of an account, the oldest first');
    is(scalar(grep { $_->{user_id} ne $id } @own), 0, 'and no others');
    is(scalar(grep { $_->{username} ne $me->{username} } @own), 0, 'with the name of the account');
    ($status, $said) = UmTest::run(@cli, qw(events --user), $me->{username});
    like($said, qr/^\S+Z email_changed +account \Q$me->{username}\E by account \Q$me->{username}\E from 127\.0\.0\.1$/m,
        'people see names');
    like($said, qr/^\S+Z session_ended +account \Q$me->{username}\E by account \Q$staff->{username}\E from /m,
        'also of who did it');
    ($status, $said) = UmTest::run(@cli, qw(events --since 1h));
    like($said, qr/^\S+Z group_removed +account - +by cli from -: editors$/m, 'all of the last hour');
    ($status, $said) = UmTest::run(@cli, qw(events --since 2999-01-01));
    is($said, '', 'none of the future');
    ($status, $said) = UmTest::run(@cli, qw(events --since 2026-13-01));
    ok($status == 2 && $said =~ /must be a time/, 'a month that is none') or diag("$status $said");
}

# ---- the page of an account ----------------------------------------------------------------------------------------

$staff->{token} = login($staff->{username}, $staff->{password});
$token = enter()->{token};
my $page = json_of(call(GET => "${path}events/?page_size=5", token => $token));
my $all = $sql->("select count(*) from um_events where user_id = '$id'");
is($page->{count}, $all, 'the page has the number of all events');
is(scalar @{ $page->{results} }, 5, 'and as many events as were asked for');
is($page->{previous}, undef, 'the first page has none before it');
my @walked = @{ $page->{results} };
while ($page->{next}) {
    my ($next) = $page->{next} =~ m{\Ahttp://localhost:?\d*(/\S+)\z} or last;
    $page = json_of(call(GET => $next, token => $token));
    push @walked, @{ $page->{results} };
}
is(scalar @walked, $all, 'the pages have all events');
is(join(' ', map { $_->{id} } @walked), join(' ', sort { $b cmp $a } map { $_->{id} } @walked), 'the newest first');
is($walked[-1]{event}, 'registered', 'the oldest is the registration');
my @back = @{ $page->{results} };
while ($page->{previous}) {
    my ($previous) = $page->{previous} =~ m{\Ahttp://[^/]+(/\S+)\z};
    $page = json_of(call(GET => $previous, token => $token));
    unshift @back, @{ $page->{results} };
}
is(join(' ', map { $_->{id} } @back), join(' ', map { $_->{id} } @walked), 'previous leads back over the same events');
{
    my ($ended) = grep { $_->{event} eq 'sessions_ended' && $_->{by} } @walked;
    is_deeply([@$ended{qw(by address user_agent session)}], ['staff', undef, undef, undef],
        'the owner does not see who of the staff did something, and from where');
    my $seen = json_of(call(GET => "${path}events/?page_size=500", token => $staff->{token}));
    ($ended) = grep { $_->{event} eq 'sessions_ended' && $_->{by} ne 'cli' } @{ $seen->{results} };
    is_deeply([@$ended{qw(by address)}], [$staff->{id}, '127.0.0.1'], 'staff see it');
}
answer_is(call(GET => "$staff->{path}events/", token => $token), 404, detail('not_found'), 'the events of another are not there');
answer_is(call(GET => "${path}events/?cursor=x", token => $token), 404, detail('not_found'), 'a cursor that is none');
is(call(GET => "${path}events/")->{status}, 401, 'nobody sees them without a token');
is(scalar @{ json_of(call(GET => "${path}events/?page_size=no", token => $token))->{results} } > 5, 1, 'a size that is none is ignored');
is(call(HEAD => "${path}events/", token => $token)->{status}, 200, 'HEAD is answered');
is(call(OPTIONS => "${path}events/")->{head}{allow}[0], 'GET, HEAD, OPTIONS', 'OPTIONS names the methods');
is(call(POST => "${path}events/", token => $token, json => '{}')->{status}, 405, 'POST is not allowed');

# ---- a transaction that fails, a log that cannot be written --------------------------------------------------------

events();
{
    my $before = $sql->('select count(*) from um_events');
    my $is_pgsql = $database->{driver} eq 'pgsql';
    my $body = "select raise(abort, 'no')";
    $sql->($is_pgsql ? "create function no() returns trigger language plpgsql as 'begin raise exception ''no''; end'" : 'select 1');
    $sql->($is_pgsql ? 'create trigger no before insert on um_events for each row execute function no()'
        : "create trigger no before insert on um_events begin $body; end");
    my $refused = call(PATCH => $path, json => '{"email":"third@example.org"}', token => $token);
    is($refused->{status}, 503, 'a change whose event cannot be stored is not made');
    is($sql->("select email from um_users where id = '$id'"), 'New@example.org', 'the address is the old one');
    is(call(DELETE => "${path}sessions/", token => $token)->{status}, 503, 'nor is a session ended');
    is(join(' ', map { "$_->{event} $_->{outcome}" } events()), 'email_changed unknown sessions_ended unknown',
        'the log claims neither');
    $sql->('drop trigger no' . ($is_pgsql ? ' on um_events' : ''));
    is($sql->('select count(*) from um_events'), $before, 'no event is left');
}

call(DELETE => $path, token => $token);
event_is('account_deleted', outcome => 'ok', user_id => $id, by => $id);
cmp_ok($sql->("select count(*) from um_events where user_id = '$id'"), '>', 10, 'the events of a deleted account stay');
my (undef, $printed) = UmTest::run(@cli, qw(events --user), $id);
like($printed, qr/^\S+Z registered +account $id by - from /m, 'usermgmt events has the id of a deleted account');
(undef, $printed) = UmTest::run(@cli, qw(events --json --user), $id);
like($printed, qr/"event":"registered","user_id":"$id","username":null,/, 'and no name');
unlike($sql->('select * from um_events'), qr/\Q$me->{username}\E|example\.org/i, 'they have no names and no addresses of mail');

is(join(' ', grep { !$seen{$_} } qw(registered sign_in password_changed reset_asked reset_confirmed email_changed
    verification_asked email_verified mail_sent session_ended sessions_ended refresh_reused account_deleted
    client_token_used csrf_refused)), '', 'each event of the server was seen');

$server->configure($lines =~ s/^UserMgmtAuditLog .*/UserMgmtAuditLog "|$^X $folder\/take $folder\/taken"/mr);
UmTest::spew("$folder/take", 'open my $out, ">>", $ARGV[0]; $out->autoflush; use IO::Handle; print $out $_ while <STDIN>;');
rename $log, "$log.1";
$server->graceful;
post($TOKEN, { username => 'for the program', password => 'wrong horse' });
ok(await(10, sub { -e "$folder/taken" && UmTest::slurp("$folder/taken") =~ /"name":"for the program"/ }), 'a program gets the lines');
ok(!-e $log, 'the file is not used any more');

$server->configure($lines =~ s/^UserMgmtAuditLog .*/UserMgmtAuditLog "|\/bin\/sleep 1000"/mr);
$server->graceful;
{
    my $began = time;
    my @statuses = map { post($TOKEN, { username => 'x' x 150, password => 'wrong horse' })->{status} } 1 .. 250;
    is(scalar(grep { $_ != 400 } @statuses), 0, 'a program that does not read stops no request');
    like($server->log, qr/UM702: .*lines of this process were lost/, 'and the error log says that lines are lost');
}
SKIP: {
    skip('there is no /dev/full', 2) unless -c '/dev/full';
    $server->configure($lines =~ s/^UserMgmtAuditLog .*/UserMgmtAuditLog \/dev\/full/mr);
    $server->graceful;
    my $error = UmTest::mark("$server->{folder}/logs/error_log");
    is(post($TOKEN, { username => 'nobody', password => 'wrong horse' })->{status}, 400, 'nor does a full disk');
    like(UmTest::since($error), qr/No space left.*UM702: /, 'which the error log names');
}

api_done();
