#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Who may register, and which names nobody can: UserMgmtRegistration, UserMgmtReservedNames, UserMgmtNameQuarantine.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use UmApi;
use UmServer;

my $CLOSED = '{"detail":"You do not have permission to perform this action."}';
my $database = new_database();
my $folder = UmTest::new_folder();
UmTest::spew("$folder/names", "# ours\n\nChef  # the one in the kitchen\n  z\xc3\xbcrich\r\n\xef\xbc\xa1cme\n");
chmod 0755, $folder or die "$!\n";
my $server = UmServer->start($database, '', threads => 16);
my $PASSWORD = good_password();

sub enrol {
    my ($name, @with) = @_;
    return call(POST => $USERS, json => '{"username":' . json_text($name) . qq(,"password":"$PASSWORD"}),
        port => $server->{port}, @with);
}

sub enter {
    my ($name) = @_;
    my $answer = call(POST => $TOKEN, json => '{"username":' . json_text($name) . qq(,"password":"$PASSWORD"}),
        port => $server->{port});
    return json_of($answer)->{token};
}

sub with_lines {
    my ($lines) = @_;
    my %old = map { $_ => 1 } $server->children;
    $server->configure($lines);
    $server->graceful or die "no graceful restart\n";
    await(30, sub { !grep { $old{$_} } $server->children }) or die "old children answer still\n";
    return;
}

# ---- names that nobody can have --------------------------------------------------------------------------------------

is(enrol('first')->{status}, 201, 'an account is registered');
answer_is(enrol($_), 400, faults(username => 'taken'), "the reserved name $_ is refused")
    for qw(admin root anonymous me www-data ADMIN Administrator), "\xef\xbd\x81dmin", "\xe2\x93\xa1oot", 'support';
# Letters that look like those of ASCII: Cyrillic, Greek, a Greek capital NU (its small form looks like a v), Armenian.
answer_is(enrol($_), 400, faults(username => 'taken'), "looks like a reserved name: $_") for "\xd0\xb0dmin",
    "r\xce\xbf\xce\xbft", "ADMI\xce\x9d", "\xd1\x95t\xd0\xb0ff", "s\xd5\xbdpport",
    "s\xce\xbdn";        # a small nu alone: its capital form looks like an N
answer_is(enrol($_), 201, qr/.*/s, "a name in another script, or in two: $_")
    for "\xd0\xb0\xd0\xbd\xd0\xbd\xd0\xb0", "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd-dev", "\xce\xbd\xce\xaf\xce\xba\xce\xbf\xcf\x82";
answer_is(enrol($_), 400, faults(username => 'username'), "signs alone: $_") for '.', '..', '-', '@', '___', '+-.@_';
answer_is(enrol($_), 201, qr/.*/s, "the name $_ is not reserved") for 'admin2', 'rooty', 'an.admin', 'x-', '_x', '1';
answer_is(call(POST => $USERS, json => '{"username":"root","password":"1"}', port => $server->{port}), 400,
    qr/\{"username":\["A user with that username already exists\."\],"password":\[.*\]\}/,
    'the answer to a reserved name tells other faults as well');

with_lines(qq(UserMgmtReservedNames "$folder/names"));
answer_is(enrol($_), 400, faults(username => 'taken'), "reserved by the file: $_")
    for qw(chef CHEF acme), "Z\xc3\xbcrich", "zu\xcc\x88rich";
answer_is(enrol('admin'), 201, qr/.*/s, 'the file stands in place of the default list');
with_lines('UserMgmtReservedNames off');
answer_is(enrol('root'), 201, qr/.*/s, 'off: no name is reserved');
with_lines('');
ok(enter('root'), 'an account that has a reserved name already can sign in');

# ---- names of deleted accounts ---------------------------------------------------------------------------------------

sub leave {
    my ($name) = @_;
    my $token = enter($name);
    my $id = json_of(call(POST => '/api-token-verify/', json => qq({"token":"$token"}), port => $server->{port}))
        ->{user}{id};
    return call(DELETE => "$USERS$id/", token => $token, port => $server->{port})->{status};
}

is(enrol('early')->{status}, 201, 'an account is registered');
is(leave('early'), 204, 'the account is deleted');
is(enrol('early')->{status}, 201, 'without a quarantine the name of a deleted account is free at once');
is($database->{sql}->('select count(*) from um_held_names'), 0, 'without a quarantine no name is kept');
with_lines('UserMgmtNameQuarantine 1h');
is(enrol("Zo\xc3\xab")->{status}, 201, 'an account where names are held back');
is(leave("Zo\xc3\xab"), 204, 'the account is deleted');
answer_is(enrol($_), 400, faults(username => 'taken'),
    "the name of a deleted account is refused: $_") for "Zo\xc3\xab", "ZOE\xcc\x88";
is(enrol('Zoe')->{status}, 201, 'another name is not refused');
is($database->{sql}->('select count(*) from um_held_names'), 1, 'a row is kept');
unlike($database->{sql}->('select hash from um_held_names'), qr/zo/i,
    'the row of the kept name does not show the name');
$database->{sql}->('update um_held_names set held_until = held_until - 3601');
is(enrol("Zo\xc3\xab")->{status}, 201, 'the name is free after the time of the quarantine');
is(leave("Zo\xc3\xab"), 204, 'the account is deleted again');
answer_is(enrol("zo\xc3\xab"), 400, faults(username => 'taken'), 'the name is refused again');
{
    my $said = json_of(enrol('racer'));
    my @statuses = map { call(DELETE => "$USERS$said->{id}/", token => $said->{auth_token}, port => $server->{port})
        ->{status} } 1, 2;
    is_deeply(\@statuses, [204, 401], 'of two deletions one is done');
    is($database->{sql}->('select count(*) from um_held_names'), 2, 'the name is kept once');
}

# ---- who may register ------------------------------------------------------------------------------------------------

is(enrol('boss')->{status}, 201, 'the account boss is registered');
is(enrol('worker')->{status}, 201, 'the account worker is registered');
$database->{sql}->("update um_users set is_staff = 1 where username = 'boss'");
my %token = map { $_ => enter($_) } qw(boss worker);
is(enrol('c1', token => 'stale.stale.stale')->{status}, 201, 'open: a stale token is not looked at');

with_lines('UserMgmtRegistration staff');
answer_is(enrol('d1'), 403, $CLOSED, 'UserMgmtRegistration staff refuses a registration without a token');
answer_is(enrol('d1', token => $token{worker}), 403, $CLOSED, 'staff: an account that is not of the staff');
answer_is(enrol('d1', token => 'stale.stale.stale'), 401, '{"detail":"Invalid token."}', 'staff: a stale token');
answer_is(call(POST => $USERS, body => '{"broken', type => 'application/json', port => $server->{port}), 403, $CLOSED,
    'staff: before the body is looked at');
answer_is(enrol('d1', token => $token{boss}), 201, qr/\{.*"username":"d1".*\}/, 'staff: a member of it');
answer_is(enrol('root', token => $token{boss}), 400, faults(username => 'taken'),
    'staff cannot register a reserved name');

with_lines('UserMgmtRegistration off');
answer_is(enrol('e1'), 403, $CLOSED, 'UserMgmtRegistration off refuses every registration');
answer_is(enrol('e1', token => $token{$_}), 403, $CLOSED, "off: with a token of $_") for qw(boss worker);
answer_is(enrol('e1', token => 'stale.stale.stale'), 403, $CLOSED, 'off: with a stale token');
my $options = call(OPTIONS => $USERS, port => $server->{port});
is($options->{status}, 200, 'off: OPTIONS is answered');
is(call(PUT => $USERS, json => '{}', port => $server->{port})->{status}, 405, 'off: another method is 405');
ok(enter('worker'), 'off: accounts sign in as ever');
is($database->{sql}->("select count(*) from um_users where username in ('e1')"), 0,
    'no refused registration has made an account');
is($server->crashes, '', 'no process of the server crashed');

api_done();
