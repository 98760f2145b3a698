#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Webhooks: each event reaches each receiver that wants it, signed, with the same id at each attempt; what fails is tried
# again or given up, and no receiver delays another one or a mail.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);
use UmApi;
use UmMail;
use UmReceiver;
use UmServer;
use UmSmtpd;

my $PASSWORD = good_password();
my $METRICS = "<Location /metrics>\n    SetHandler usermgmt-metrics\n</Location>\n";
my $database = new_database();
my $sql = $database->{sql};
my $receiver = UmReceiver->start;
my $plain = UmReceiver->start_plain;
my $sink = UmSmtpd->start;
my ($file, @secrets) = secret_file(2);
my ($other_file, @other_secrets) = secret_file(1);

sub settings {
    my (%with) = @_;
    my $extra = join '', map { 'UserMgmtWebhook ' . $receiver->url($_) . " $file account.registered\n" }
        @{ $with{more} || [] };
    return <<"END" . $receiver->lines . $extra;
UserMgmtMail smtp://127.0.0.1:$sink->{port}
UserMgmtEmailVerification on
UserMgmtVerifyURL "https://front.test.example/verify/{token}"
UserMgmtResetURL "https://front.test.example/reset/{token}"
UserMgmtRefreshGrace 0
UserMgmtWebhook @{[$receiver->url('all')]}?token=hush $file
UserMgmtWebhook @{[$receiver->url('some')]} $other_file account.registered account.deleted group.*
UserMgmtWebhook @{[$plain->url('plain')]} $other_file account.registered
END
}

my $server = UmServer->start($database, settings());
$UmApi::PORT = $server->{port};

sub cli {
    my ($input, @words) = @_;
    my ($status, $said) = UmTest::run('sh', '-c', 'exec "$@" <"$0"', UmTest::spew(UmTest::new_folder() . '/input', $input),
        UmTest::cli(), '--httpd', UmTest::httpd(), '--config', "$server->{folder}/httpd.conf", @words);
    return ($status, $said);
}

# Waits until so many requests came to a receiver; returns them.
sub await_taken {
    my ($name, $count, $from) = @_;
    $from ||= $receiver;
    await(20, sub { $from->taken($name) >= $count });
    return $from->taken($name);
}

# The one row of a receiver that is not delivered.
sub row {
    my ($name) = @_;
    my $row = $sql->("select id, state, attempts, due_at - " . int(time) . ", event_id, last_error from um_webhooks"
        . " where url like '%/$name%' and state <> 1");
    my %row;
    @row{qw(id state attempts wait event reason)} = split /\|/, $row, -1;
    return \%row;
}

sub await_row {
    my ($name, $test) = @_;
    my $row;
    await(20, sub { $row = row($name); defined $row->{state} && $test->($row) });
    return $row;
}

sub hurry {
    $sql->('update um_webhooks set due_at = 0 where state = 0 and claim is null');
    return;
}

# ---- what is sent ----------------------------------------------------------------------------------------------------

my $mark = $server->mark;
my $hooked = register(username => 'hooked', email => 'hooked@example.org');
my ($first) = await_taken(all => 1);
my ($second) = await_taken(some => 1);
my ($third) = await_taken(plain => 1, $plain);
my ($id, $token) = @$hooked{qw(id token)};
is($first->{method}, 'POST', 'an event is sent by POST');
is($first->{path}, '/all?token=hush', 'with the query of the address');
is($first->{headers}{'content-type'}, 'application/json', 'as JSON');
is($first->{event}{type}, 'account.registered', 'the body has the type');
like($first->{event}{timestamp}, qr/\A20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/, 'and the time of the event');
is_deeply($first->{event}{data}, { id => $id, username => 'hooked', actor => $first->{event}{data}{actor}, detail => undef },
    'and the account');
is_deeply([sort keys %{ $first->{event} }], [qw(data timestamp type)], 'and nothing else');
is($first->{id}, $sql->("select id from um_events where kind = 'registered'"), 'webhook-id is the id of the event');
cmp_ok(abs($first->{timestamp} - time), '<', 30, 'webhook-timestamp is that of the attempt');
ok(is_signed_by($first, @secrets), 'it has a signature by each secret, in their order');
ok(!is_signed_by($first, reverse @secrets), 'and not in another one');
ok(is_signed_by($second, @other_secrets), 'another receiver has another secret');
is($second->{id}, $first->{id}, 'receivers get the same id');
ok(is_signed_by($third, @other_secrets), 'a receiver without TLS, whose network is allowed, gets it, too');
unlike($first->{body}, qr/\Q$PASSWORD\E|hooked\@example|eyJ/, 'no password, address or token is sent');

# ---- each kind of event ----------------------------------------------------------------------------------------------

is(call(PATCH => $hooked->{path}, token => $token, json => '{"email":"new@example.org","last_name":"Secretive"}')->{status}, 200,
    'a change');
for my $words ([qw(group new readers)], [qw(group add readers hooked)], [qw(user rename hooked hooked2)],
    [qw(group drop readers hooked2)], [qw(group remove readers)],
    [qw(user disable hooked2)], [qw(user enable hooked2)], [qw(user staff hooked2 on)], [qw(user staff hooked2 off)],
    [qw(user verify hooked2)], [qw(session revoke hooked2 --all)], [qw(user delete hooked2 --yes)]) {
    my ($status, $said) = cli('', @$words);
    is($status, 0, "usermgmt @$words") or diag($said);
}
isnt((cli("$PASSWORD\n", qw(user add added --email added@example.org --group nobody)))[0], 0,
    'an account for a group that is not there is not added');
is((cli('', qw(group new nobody)))[0], 0, 'the group is made');
is((cli("$PASSWORD\n", qw(user add added --email added@example.org --group nobody)))[0], 0, 'and the account is added');
is((cli('', qw(user reset added)))[0], 0, 'its owner gets a mail');
is((cli('', qw(user staff added on)))[0], 0, 'and is staff');
is((cli("username\nimported\n", qw(user import --format csv -)))[0], 0, 'accounts are imported');
is((cli('', qw(key new)))[0], 0, 'a key is made');

# The token of the mail to an address, other than that.
sub mailed_token {
    my ($address, $other) = @_;
    return await(20, sub {
        my ($found) = grep { $_ && $_ ne ($other || '') } map { $_->{token} } mails_in($sink->{folder}, $address);
        return $found;
    });
}

sub succeed {
    my ($what, $answer) = @_;
    like($answer->{status}, qr/\A20\d\z/, $what) or diag($answer->{body});
    return $answer->{body} =~ /\A\{/ ? json_of($answer) : undef;
}

sub sign_in { return succeed('a sign-in', call(POST => $TOKEN, json => qq({"username":"$_[0]","password":"$_[1]"}))) }

my $boss = sign_in('added', $PASSWORD)->{token};
succeed('a group with another name', call(PATCH => '/api/v1/groups/nobody/', token => $boss, json => '{"name":"somebody"}'));
my $vera = succeed('an invitation', call(POST => $USERS, token => $boss,
    json => '{"invite":true,"username":"vera","email":"vera@example.org"}'));
my $invited = mailed_token('vera@example.org');
succeed('which is accepted', confirm($invited, $PASSWORD));
succeed('a request for a reset', ask_reset('vera@example.org'));
succeed('which is confirmed', confirm(mailed_token('vera@example.org', $invited), "$PASSWORD."));
succeed('an address that is not verified any more', call(PATCH => "$USERS$vera->{id}/", token => $boss,
    json => '{"email_verified":false}'));
my $session = sign_in('vera', "$PASSWORD.");
succeed('a refresh', call(POST => '/api-token-refresh/', json => qq({"refresh_token":"$session->{refresh_token}"})));
call(POST => '/api-token-refresh/', json => qq({"refresh_token":"$session->{refresh_token}"}));
$session = succeed('another password', call(POST => "$USERS$vera->{id}/", token => sign_in('vera', "$PASSWORD.")->{token},
    json => qq({"old_password":"$PASSWORD.","new_password":"$PASSWORD"})));
succeed('a sign-out', call(POST => '/api-token-revoke/', json => qq({"token":"$session->{token}"})));
my $count = $sql->('select count(*) from um_events');
cmp_ok($count, '>', 15, 'there are many events');
await(20, sub { $receiver->taken('all') >= $count });
my %events = map { split /\|/ } split /\n/, $sql->('select id, kind from um_events');
my %came = map { $_->{id} => $_ } $receiver->taken('all');
is_deeply([sort keys %came], [sort keys %events], 'the receiver of all events got each of them');
is(scalar $receiver->taken('all'), $count, 'once');
is(scalar(grep { !is_signed_by($_, @secrets) } values %came), 0, 'signed');
my @types = UmTest::slurp(UmTest::sources() . '/src/core/event.h') =~ /^    EVENT\(\w+, "\w+", KEPT, "([\w.]+)"/mg;
my %was_sent = map { $_->{event}{type} => 1 } values %came;
is(join(' ', grep { !$was_sent{$_} && !/\A(?:mail|webhook|throttle)\./ } @types), '',
    'each type was sent, but for those of t/auth/pages_staff.t and those below');
my %kinds = reverse %events;
my %types = map { $_ => $came{ $kinds{$_} }{event}{type} } keys %kinds;
is_deeply({ map { $_ => $types{$_} } qw(group_made group_added account_renamed account_off email_changed account_deleted
    account_updated) },
    { group_made => 'group.made', group_added => 'account.group_added', account_renamed => 'account.renamed',
        account_off => 'account.off', email_changed => 'account.email_changed', account_deleted => 'account.deleted',
        account_updated => 'account.updated' },
    'with the type of its kind');
is($came{ $kinds{account_updated} }{event}{data}{detail}, 'last_name', 'a change of the profile names the fields');
unlike($came{ $kinds{account_updated} }{body}, qr/Secretive/, 'without their values');
is($came{ $kinds{account_renamed} }{event}{data}{username}, 'hooked2', 'a renaming tells the new name');
is($came{ $kinds{account_deleted} }{event}{data}{username}, 'hooked2', 'a deletion tells the name');
is($came{ $kinds{account_deleted} }{event}{data}{id}, $id, 'and the id');
is($came{ $kinds{account_deleted} }{event}{data}{actor}, 'cli', 'and who did it');
is_deeply([sort map { $_->{event}{data}{detail} } grep { $_->{event}{type} eq 'account.group_added' } values %came],
    [qw(nobody readers)], 'a membership tells the group');
await(10, sub { $receiver->taken('some') >= grep { /\A(?:registered|account_deleted|group_made|group_renamed|group_removed)\z/ }
    values %events });
is_deeply([sort { $a cmp $b } $receiver->types('some')], [qw(account.deleted account.registered group.made group.made
    group.removed group.renamed)], 'the other receiver got what it asked for, and no more');
is($sql->('select count(*) from um_webhooks where state <> 1'), 0, 'all of them are recorded as delivered');
is($sql->('select count(*) from um_webhooks where attempts <> 1'), 0, 'at the first attempt');
# Nothing is sent of what was not done.
my $before = $sql->('select count(*) from um_webhooks');
call(POST => $USERS, json => qq({"username":"added","password":"$PASSWORD","email":"x\@example.org"}));
call(DELETE => $hooked->{path}, token => $token);
is($sql->('select count(*) from um_webhooks'), $before, 'what is refused leaves no row');

# ---- failures --------------------------------------------------------------------------------------------------------

my $closed = free_port();
$server->configure(settings(more => [qw(fails busy gone moved hangs big heads)])
    . "UserMgmtWebhook https://localhost:$closed/closed $file account.registered\n" . $METRICS);
$server->graceful;
my %how = (fails => '500', busy => '429 Retry-After: 900', gone => '410',
    moved => '302 Location: ' . $receiver->url('target'), hangs => 'hang', big => 'big', heads => 'heads');
$receiver->behave($_ => $how{$_}) for keys %how;
$mark = $server->mark;
my $began = time;
register(username => 'failing', email => 'failing@example.org');
ok(await(10, sub { grep { $_->{to} eq 'failing@example.org' } $sink->taken }), 'its mail is sent');
cmp_ok(time - $began, '<', 8, 'and does not wait for receivers');
my %rows = map { my $name = $_; $name => await_row($name, sub { $_[0]{state} == 2 || $_[0]{reason} ne '' }) }
    qw(fails busy gone moved hangs closed);
is($rows{fails}{state} . $rows{fails}{reason}, '0HTTP status 500', 'fails: it is put off');
ok($rows{fails}{wait} > 0 && $rows{fails}{wait} <= 8, 'fails: for some seconds') or diag($rows{fails}{wait});
is($rows{busy}{state} . $rows{busy}{reason}, '0HTTP status 429', 'busy: it is put off');
ok($rows{busy}{wait} > 850 && $rows{busy}{wait} <= 900, 'busy: for as long as Retry-After says') or diag($rows{busy}{wait});
is($rows{gone}{state}, 2, 'gone: it is given up at once');
like($rows{gone}{reason}, qr/\AHTTP status 410, so the receiver wants no more/, 'gone: with the reason');
is($rows{moved}{state}, 0, 'moved: it is put off');
like($rows{moved}{reason}, qr/\AHTTP status 302, and redirects are not followed/, 'moved: with the reason');
is(scalar $receiver->taken('target'), 0, 'moved: the redirect is not followed');
like($rows{hangs}{reason}, qr/timed out/i, 'hangs: it is broken off');
like($rows{closed}{reason}, qr/connect/i, 'closed: it is put off, with the reason');
is(scalar(grep { $_->{path} =~ /big/ } await_taken(big => 1)), 1, 'big: it is sent');
ok(await(5, sub { $sql->("select state from um_webhooks where url like '%/big%'") eq '1' }), 'big: the long answer is not read');
ok(await(5, sub { $sql->("select state from um_webhooks where url like '%/heads%'") eq '1' }), 'heads: nor are its headers');
my $log = UmTest::wait_for($mark, qr/UM509: webhook \S+ \(account\.registered, try 1\) to \S+gone given up/, 10);
like($log, qr/UM509: webhook $UUID \(account\.registered, try 1\) to \S+fails put off: HTTP status 500/,
    'the log has each failure');
unlike($log, qr/hush/, 'and no query of an address');
is(scalar(grep { $_->{event}{data}{username} && $_->{event}{data}{username} eq 'failing' } $receiver->taken('all')), 1,
    'the other receivers got the event meanwhile');

# The second attempt.
my ($one) = $receiver->taken('fails');
$receiver->behave(fails => '200');
$sql->("update um_webhooks set due_at = 0 where url like '%/fails%' and state = 0");
my (undef, $two) = await_taken(fails => 2);
is($two->{id}, $one->{id}, 'the second attempt has the same id');
is($two->{body}, $one->{body}, 'and the same body');
cmp_ok($two->{timestamp}, '>=', $one->{timestamp}, 'and a time of its own');
ok(is_signed_by($two, @secrets), 'and a signature of its own');
ok(await(5, sub { $sql->("select state from um_webhooks where url like '%/fails%'") eq '1' }), 'it is delivered');

# At the end of its time it is given up.
$sql->("update um_webhooks set due_at = 0, created_at = created_at - 260000 where url like '%/moved%' and state = 0");
like(await_row(moved => sub { $_[0]{state} == 2 })->{reason}, qr/302/, 'after three days it is given up');

# Who has answered 410 gets nothing any more, also after a restart, until the administrator says so.
my $gone_url = $receiver->url('gone');
$log = UmTest::wait_for($mark, qr/UM513/, 10);
like($log, qr/UM513: \Q$gone_url\E has answered 410 Gone, /, 'gone: the log says that it is disabled');
my ($told) = await(10, sub { grep { $_->{event}{type} eq 'webhook.disabled' } $receiver->taken('all') }) ?
    grep { $_->{event}{type} eq 'webhook.disabled' } $receiver->taken('all') : ();
is_deeply([@{ $told->{event}{data} }{qw(id actor detail)}], [undef, 'worker', "localhost:$receiver->{port}"],
    'gone: it is an event with its host');
my $row_id = "cast('00000000-0000-7000-8000-000000000001' as " . (UmTest::database() eq 'pgsql' ? 'uuid)' : 'text)');
$sql->("insert into um_webhooks (id, site, url, event_id, kind, at_ms, due_at, created_at) select $row_id, site, url,"
    . " event_id, kind, at_ms, 0, created_at from um_webhooks where url = '$gone_url'");
ok(await(10, sub { $sql->("select count(*) from um_webhooks where url = '$gone_url' and state = 2"
    . " and last_error like 'the receiver is disabled%'") eq '1' }), 'gone: what waits for it is given up');
$sql->("delete from um_webhooks where url = '$gone_url' and last_error like 'the receiver is disabled%'");
$server->graceful;
register(username => 'later', email => 'later@example.org');
ok(await(10, sub { grep { ($_->{event}{data}{username} || '') eq 'later' } $receiver->taken('all') }),
    'after a restart an event comes to others');
is($sql->("select count(*) from um_webhooks where url = '$gone_url'"), 1, 'gone: there is no row of it');
is(scalar $receiver->taken('gone'), 1, 'gone: nothing more is sent to it');
is(scalar(() = UmTest::since($mark) =~ /UM513/g), 1, 'gone: the log says so once');
like(call(GET => '/metrics', any => 1)->{body}, qr/^usermgmt_webhook_receivers_disabled 1$/m, 'gone: the metrics have it');
$sql->("delete from um_webhooks where username = 'later'");

# ---- the program -----------------------------------------------------------------------------------------------------

my ($code, $said) = cli('', qw(webhook list));
like($said, qr/\A\Q$gone_url\E of localhost is disabled since 20\S+Z, because it has answered 410 Gone/,
    'webhook list has the disabled receiver');
like($said, qr/^$UUID given up +account\.registered to https:\S+moved, attempts \d: HTTP status 302/m, 'webhook list');
unlike($said, qr/hush| delivered /, 'without queries of addresses, and without those that were delivered');
($code, $said) = cli('', qw(webhook list --all --json));
my @list = map { JSON::PP->new->decode($_) } split /\n/, $said;
is(scalar @list, 1 + $sql->('select count(*) from um_webhooks'), 'webhook list --all --json has each row');
my ($disabled, $gone) = grep { $_->{receiver} =~ /gone/ } @list;
is("$disabled->{state} $disabled->{host}", 'disabled localhost', 'and the disabled receiver');
is("$gone->{state} $gone->{username} $gone->{attempts}", 'given up failing 1', 'with its values');
($code, $said) = cli('', 'webhook', 'show', $gone->{id});
like($said, qr/^state +given up$/m, 'webhook show');
$receiver->behave(gone => '200');
($code, $said) = cli('', 'webhook', 'retry', $gone->{id});
like("$code $said", qr/\A3 .*its receiver is disabled/, 'a webhook of a disabled receiver is not sent again');
($code, $said) = cli('', qw(webhook enable https://example.org/));
is($code, 3, 'a receiver that is not disabled cannot be enabled');
($code, $said) = cli('', 'webhook', 'enable', $gone_url);
like("$code $said", qr/\A0 \Q$gone_url\E gets events again/, 'webhook enable');
($code, $said) = cli('', 'webhook', 'retry', $gone->{id});
is($said, "1 webhook will be sent now, or within a minute if the receiver was unreachable\n", 'webhook retry');
is(scalar await_taken(gone => 2), 2, 'it is sent again');
ok(await(5, sub { $sql->("select state from um_webhooks where url like '%/gone%'") eq '1' }), 'and delivered');
my $moved = row('moved')->{id};
($code, $said) = cli('', 'webhook', 'drop', $moved);
is("$code $said", "0 the webhook is deleted\n", 'webhook drop');
($code, $said) = cli('', 'webhook', 'drop', $moved);
is($code, 3, 'once');
is($sql->("select kind || ' ' || actor || ' ' || detail from um_events where kind like 'webhook_%' order by kind"),
    "webhook_disabled worker localhost:$receiver->{port}\nwebhook_dropped cli account.registered\n"
    . "webhook_enabled cli localhost:$receiver->{port}\n"
    . 'webhook_retried cli account.registered', 'each is an event');
is($sql->("select count(*) from um_events e where kind in ('webhook_dropped', 'webhook_retried')"
    . " and user_id = (select u.id from um_users u where u.username = 'failing')"), 2, 'of the account');
ok(await(10, sub { 3 == grep { /\Awebhook\.(?:dropped|enabled|retried)\z/ } $receiver->types('all') }), 'and is sent');
($code, $said) = cli('', qw(webhook retry));
is($code, 2, 'webhook retry needs an id or --all');
($code, $said) = cli('', 'webhook', 'test', $receiver->url('some'));
is($said, $receiver->url('some') . ": delivered, HTTP status 204\n", 'webhook test');
my ($test) = (await_taken(some => 1))[-1];
is($test->{event}{type}, 'webhook.test', 'sends an event of its own type');
ok(is_signed_by($test, @other_secrets), 'signed');
($code, $said) = cli('', 'webhook', 'test', $receiver->url('hangs'));
ok($code == 1 && $said =~ /timed out/i, 'and says what fails') or diag("$code $said");
($code, $said) = cli('', 'webhook', 'test', 'https://example.org/');
is($code, 3, 'an address that is not configured is refused');

# ---- a receiver that is not in the configuration any more ------------------------------------------------------------

$receiver->behave(some => '500');
register(username => 'orphan', email => 'orphan@example.org');
await_row(some => sub { $_[0]{reason} ne '' });
my $settings = settings();
$settings =~ s/^UserMgmtWebhook \S+some .*\n//m or die;
$server->configure($settings);
$sql->("update um_webhooks set due_at = due_at - 7200, created_at = created_at - 7200 where url like '%/some%' and state = 0");
$server->graceful;
is(await_row(some => sub { $_[0]{state} == 2 })->{reason}, 'UserMgmtWebhook does not name this receiver any more',
    'its rows are given up with the reason');

# ---- the server is killed --------------------------------------------------------------------------------------------

$server->configure(settings());
$server->graceful;
$receiver->behave(all => 'hang');
$receiver->behave(some => '204');
register(username => 'killed', email => 'killed@example.org');
ok(await(10, sub { grep { $_->{how} eq 'hang' } $receiver->taken('all') }), 'a webhook is being sent');
my ($cut) = grep { $_->{how} eq 'hang' } $receiver->taken('all');
$server->kill_all;
$receiver->behave(all => '204');
$sql->("update um_webhooks set due_at = 0 where state = 0");
$server->launch;
ok(await(20, sub { grep { $_->{id} eq $cut->{id} && $_->{how} eq '204' } $receiver->taken('all') }),
    'after a kill it is sent again, with the same id');
ok(await(10, sub { !$sql->("select count(*) from um_webhooks where url like '%/all%' and state <> 1") }), 'and delivered');

# A slow receiver: the mail and another receiver do not wait.
$receiver->behave(all => 'slow 0.8');
$began = time;
register(username => "slow$_", email => "slow$_\@example.org") for 1 .. 24;
ok(await(20, sub { 24 == grep { /"username":"slow/ } map { $_->{body} } $receiver->taken('some') }),
    'another receiver gets its events');
ok(await(20, sub { 24 == grep { $_->{to} =~ /\Aslow/ } $sink->taken }), 'and the mails are sent');
my $took = time - $began;
my $left = $sql->("select count(*) from um_webhooks where url like '%/all%' and state <> 1");
cmp_ok($left, '>', 0, "while the slow receiver still works ($took s)");

# A stop waits a little, and releases what is left.
cmp_ok($server->stop, '<', 8, 'the server stops meanwhile');
is($sql->('select count(*) from um_webhooks where state = 0 and claim is not null'), 0, 'nothing stays claimed');
is($server->crashes, '', 'no process of the server crashed');

api_done();
