#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A site that began with the first schema: its database gets each later step, and rows that the module of each step would
# have written. Then the present module serves it: people sign in, sessions go on, mails are sent, nothing is lost.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use MIME::Base64 qw(decode_base64url encode_base64url);
use Test::More;
use UmApi;
use UmMail;
use UmServer;
use UmTest ();
use UmUpgrade;

# ---- the upgrade ---------------------------------------------------------------------------------------------------

my $database = database_of_step(newest_filled());
my @tables = tables_of($database);
my @counts = counts_of($database, @tables);
is(join(' ', map { $counts[$_] ? () : $tables[$_] } 0 .. $#tables), '', 'each table has rows (t/lib/UmUpgrade.pm)');
grow($database, later_steps(newest_filled()));
note("may have no rows: $_") for grep { my $table = $_; !grep { $_ eq $table } @tables } tables_of($database);

my ($status, $said) = upgrade($database);
is("$status $said", "0 nothing to do: the database has all steps\n", 'the program finds all steps, and makes keys');
is(schema_of($database), fresh_schema(), 'the schema is that of a new database');

# ---- people --------------------------------------------------------------------------------------------------------

my $mails = UmTest::new_folder();
my $server = UmServer->start($database, <<"END");
ServerName $SITE
UserMgmtMail file:$mails
UserMgmtUniqueEmail On
UserMgmtEmailChange confirm
UserMgmtEmailVerification on
UserMgmtSessionLifetime 30d
UserMgmtTokenScheme Bearer Token
UserMgmtProfile floor integer
UserMgmtVerifyURL "https://front.test.example/verify/{token}"
END
$UmApi::PORT = $server->{port};

my $me = "${USERS}me/";
for my $name (qw(alice ALICE Straße STRASSE strasse boss anna fritz bare)) {
    ok(login($name, $PASSWORD), "$name signs in");
}
ok(!login($_, $PASSWORD), "$_ does not") for qw(off waiting nobody);
answer_is(call(POST => $USERS, json => qq({"username":"STRASSE","password":"$PASSWORD"})), 400,
    faults(username => $SAY{taken}), 'a name is taken in whatever case');
answer_is(call(POST => $USERS, json => qq({"username":"new","password":"$PASSWORD","email":"ALICE\@example.org"})), 400,
    faults(email => 'A user with that email address already exists.'), 'an address is taken in whatever case');

# ---- sessions ------------------------------------------------------------------------------------------------------

# The token that an earlier version issued for a session: as those of today, signed by the same key.
sub old_token {
    my ($user, $session) = @_;
    my ($header, $claims) = map { JSON::PP::decode_json(decode_base64url($_)) }
        (split /\./, login('alice', $PASSWORD))[0, 1];
    @$claims{qw(sub sid jti)} = (id_of($user), id_of($session), 'an old one');
    my $text = join '.', map { encode_base64url(JSON::PP::encode_json($_)) } $header, $claims;
    my $folder = UmTest::new_folder();
    UmTest::spew("$folder/text", $text);
    UmTest::output_of('openssl', 'pkeyutl', '-sign', '-rawin', '-inkey', "$server->{folder}/keys/one.pem", '-in',
        "$folder/text", '-out', "$folder/signature");
    return "$text." . encode_base64url(UmTest::slurp("$folder/signature"));
}

my $token = old_token(alice => 'first session');
my $alice = json_of(call(GET => $me, token => $token));
is($alice->{username}, 'alice', 'a session of the first schema goes on');
is(join('|', @$alice{qw(first_name last_name email floor)}), 'Alice|Äpfel|Alice@example.org|3',
    'with the whole profile');
is(call(GET => $me, token => old_token(alice => $_))->{status}, 401, "the $_ does not") for 'expired session', 'void session';
my $sessions = json_of(call(GET => "${me}sessions/", token => $token));
ok((grep { $_->{id} eq id_of('first session') && $_->{user_agent} eq 'an old browser' }
    @{ ref $sessions eq 'ARRAY' ? $sessions : $sessions->{results} }), 'it is listed');
my $answer = call(POST => '/api-token-refresh/', json => '{"refresh_token":"' . refresh_token('refreshed session') . '"}');
is($answer->{status}, 200, 'a refresh token is taken') or diag($answer->{body});
is(call(GET => "${USERS}42/", headers => ['Authorization: Token 0123456789abcdef0123456789abcdef01234567'])->{status}, 200,
    'so are an imported token and an imported number');

# ---- mails and their tokens ----------------------------------------------------------------------------------------

ok(settle(sql => $database->{sql}), 'no mail waits');
is(join(' ', sort map { $_->{subject} =~ /reset/i ? 'reset' : $_->{subject} =~ /password/i ? 'password' : $_->{subject} }
    mails_in($mails, 'Alice@example.org')), 'password reset', 'alice gets what waited: a reset and a notice');
is(scalar mails_in($mails, 'former@example.org'), 1, 'so does her former address');
is(scalar mails_in($mails, 'anna@xn--bcher-kva.example'), 1,
    'a request finds the account whose address had a key of before step 006');
is(scalar mails_in($mails, $_), 0, "$_ gets none") for 'boss@example.org', 'waiting@example.org';

my %new = (bare => 'Other-Stone!82y', boss => 'Third-Cloud!93z', alice => 'Green-Field!93z');
for my $name ('bare', 'alice') {
    answer_is(confirm(token_for("reset of $name"), $new{$name}), 200, $FINE, "the reset token of $name is taken");
    ok(login($name, $new{$name}), "$name has the new password");
}
is(call(GET => $me, token => $token)->{status}, 401, 'which ends the old sessions');
answer_is(call(POST => $VERIFIED, json => '{"token":"' . token_for('verify waiting') . '"}'), 200, $FINE,
    'a token to verify an address is taken');
ok(login('waiting', $PASSWORD), 'and the account is active');
answer_is(call(POST => $VERIFIED, json => '{"token":"' . token_for('change of boss') . '"}'), 200, $FINE,
    'so is that of a changed address');

# ---- staff ---------------------------------------------------------------------------------------------------------

my $boss = login('boss', $PASSWORD);
sub seen { return json_of(call(GET => $_[0], token => $boss)) }
sub names { return join ' ', map { $_->{username} } @{ seen($_[0])->{results} } }
is(seen("${USERS}me/")->{email}, 'chief@example.org', 'boss has the new address');
is(names("$USERS?ordering=username&page_size=100"), 'alice anna bare boss fritz off Straße waiting',
    'staff sees all accounts in order');
is(names("$USERS?search=Alice"), 'alice', 'and finds one by name');
is(names("$USERS?search=%C3%84PF"), 'alice', 'by the last name, which got its key');
is(names("$USERS?is_active=false&ordering=username"), 'off', 'those that are switched off');
is(names('/api/v1/groups/sales/members/'), 'alice boss', 'the members of a group');
like(call(GET => "$USERS@{[id_of('alice')]}/events/", token => $boss)->{body}, qr/"@{[id_of('event')]}"/,
    'events of before');
is($server->crashes, '', 'no process crashed');
unlike($server->log, qr/UM(?:101|129)/, 'the database fits');

done_testing();
