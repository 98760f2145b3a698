#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Accounts by the program usermgmt: each change is seen over HTTP, and what is refused says what, on what, and why.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);
use UmApi;
use UmMail;
use UmServer;

my ($DONE, $FAILED, $MISUSE, $ABSENT, $UNREACHABLE) = (0 .. 4);
my $PASSWORD = good_password();
my $OTHER = 'Green-Pond!82y';
my $QUARANTINE = 3600;

my $folder = UmTest::new_folder();
mkdir "$folder/mail", 0700 or die "$folder: $!\n";
my $database = new_database();
my $server = UmServer->start($database, <<"END");
UserMgmtMail file:$folder/mail
UserMgmtEmailVerification on
UserMgmtVerifyURL "https://front.test.example/verify/{token}"
UserMgmtNameQuarantine $QUARANTINE
UserMgmtRevocationDelay 1
END
$UmApi::PORT = $server->{port};
my $sql = $database->{sql};
our @site = ('--httpd', UmTest::httpd(), '--config', "$server->{folder}/httpd.conf");

# Runs a command with that text on standard input; returns its exit status and all that it printed.
sub cli_with {
    my ($input, @words) = @_;
    my ($status, $said) = UmTest::run('sh', '-c', 'exec "$@" <"$0"', UmTest::spew("$folder/input", $input),
        UmTest::cli(), @site, @words);
    chomp $said;
    return ($status, $said);
}

sub cli { return cli_with('', @_) }

# How a command must end, and what it must say.
sub ends {
    my ($want, $pattern, @words) = @_;
    return ends_with($want, $pattern, '', @words);
}

sub ends_with {
    my ($want, $pattern, $input, @words) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $said) = cli_with($input, @words);
    return ok($status == $want && $said =~ $pattern, "usermgmt @words ends with $want") || diag("$status $said");
}

# What a command prints with --json: an object a line.
sub records {
    my ($status, $said) = cli(@_, '--json');
    die "usermgmt @_: $said\n" if $status;
    return map { JSON::PP->new->decode($_) } split /\n/, $said;
}

sub show { return (records(qw(user show), $_[0]))[0] }

# The kinds of the events of an account, the oldest first, each by the program.
sub events_of {
    my ($id) = @_;
    my @events = records('events', '--user', $id);
    is(scalar(grep { $_->{by} ne 'cli' && $_->{by} ne $id } @events), 0, 'each event says who did it');
    return join ' ', map { $_->{event} } @events;
}

sub status_of { return call(GET => "$USERS$_[0]/", token => $_[1])->{status} }

# ---- adding ----------------------------------------------------------------------------------------------------------

cli(qw(group new sales));
ends_with($DONE, qr/^username +alice$/m, "$PASSWORD\n", qw(user add alice --email alice@example.org --first-name Al --verified
    --group sales --staff));
my $alice = show('alice');
is_deeply([@$alice{qw(username first_name email email_verified is_active is_staff groups sessions)}],
    ['alice', 'Al', 'alice@example.org', JSON::PP::true, JSON::PP::true, JSON::PP::true, ['sales'], 0], 'user show has it all');
like($alice->{created_at}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/, 'times are in UTC');
unlike(join(' ', map { defined ? $_ : '' } %$alice), qr/\$/, 'the hash is not shown');
my $token = login('alice', $PASSWORD);
ok($token, 'the account signs in over HTTP');
is(join(' ', sort split / /, events_of($alice->{id})), 'account_added email_verified group_added staff_given', 'each right has its event');
{
    my ($event) = records('events', '--user', 'alice@example.org');
    like($event->{user_agent}, qr{\Ausermgmt/\S+ user \S+}, 'the event names who ran the program');
    local $ENV{SUDO_USER} = "olga\n";
    cli(qw(user verify alice));
    ($event) = reverse records('events', '--user', 'alice');
    like($event->{user_agent}, qr{ (?:login \S+|SUDO_USER olga\?)\z}, 'and who has signed in to the machine, as far as that is known');
}
my ($made) = records(qw(user add Bob --generate --email bob@example.org));
ok($made->{password} =~ /\A[a-z2-9]{5}(?:-[a-z2-9]{5}){3}\z/ && login('bob', $made->{password}),
    'a password that is generated signs in');
is(only_mail_in('bob@example.org', 'mail to verify')->{subject} =~ /confirm|verif/i ? 1 : 0, 1, 'an address is verified as after registration');
ends($DONE, qr/^username +carol$/m, qw(user add carol --no-password --email carol@example.org --verified));
is(show('carol')->{password}, 'none', 'an account without a password');
ends($FAILED, qr/\Ausermgmt: ALICE: username: A user with that username already exists\.\z/, qw(user add ALICE --generate));
ends_with($FAILED, qr/\Ausermgmt: dave: password: This password is too short\. It must contain at least 8 characters\.\z/,
    "short\n", qw(user add dave));
ends_with($FAILED, qr/username: Enter a valid username.*\n.*email: Enter a valid email/, "$PASSWORD\n",
    'user', 'add', 'two words', '--email', 'none');
ends($FAILED, qr/there is no password on standard input/, qw(user add dave));
ends($ABSENT, qr/\Ausermgmt: there is no group none, so no account was made\z/, qw(user add dave --generate --group sales --group none));
ends($FAILED, qr/first_name: Ensure this field has no more than 150 characters/, qw(user add dave --generate --first-name), 'x' x 151);
ends($MISUSE, qr/--verified needs --email/, qw(user add dave --generate --verified));
ends($MISUSE, qr/exclude each other/, qw(user add dave --generate --no-password));
ends($MISUSE, qr/\Ausermgmt: usage: usermgmt user add NAME\z/, qw(user add));
ends($ABSENT, qr/\Ausermgmt: there is no account dave\z/, qw(user show dave));
{
    my @children = map {
        my $number = $_;
        my $child = fork;
        die "fork: $!\n" unless defined $child;
        if (!$child) {
            my ($status) = UmTest::run(UmTest::cli(), @site, qw(user add race --no-password));
            require POSIX;
            POSIX::_exit($status);
        }
        $child;
    } 1 .. 4;
    my %ended;
    waitpid($_, 0), $ended{ $? >> 8 }++ for @children;
    is($ended{0}, 1, 'of four that add the same name one succeeds');
    is($sql->("select count(*) from um_users where username_key = 'race'"), 1, 'there is one account');
    is($sql->("select count(*) from um_events where kind = 'account_added' and user_id = (select id from um_users where username_key = 'race')"),
        1, 'and one event');
}

# ---- whose account ---------------------------------------------------------------------------------------------------

is(show($_)->{id}, $alice->{id}, "user show $_") for 'ALICE', 'alice@EXAMPLE.org', $alice->{id};
cli(qw(user add erin --no-password --email alice@example.org --verified));
# Lists on a terminal: as in a pipe, but for the breaks.
for my $words ([qw(session list alice)], ['events'], [qw(mail list --all)], ['check'], [qw(key list)]) {
    my $piped = (UmTest::run(UmTest::cli(), @site, @$words))[1];
    my ($status, $said) = by_terminal($words);
    $said =~ s/\033\[\d*m//g;
    s/(next in|differs by) \d+/$1/g for $said, $piped;
    my @lines = split /\r\n/, $said;
    cmp_ok(scalar(@lines), '>=', split(/\n/, $piped) || 1, "usermgmt @$words: lines are broken");
    is(join('', map { "$_\n" } grep { length > 80 && /\A *\S+ +\S/ && !/ (?:with|see): / } @lines), '',
        'none is wider than the terminal');
    is(join(' ', split ' ', $said), join(' ', split ' ', $piped), 'the words are the same');
}

cli(qw(user add alice@example.org --no-password));
ends($FAILED, qr/\Ausermgmt: alice\@example\.org may be any of these accounts; call the command again with an id:\n(?=.*\Q$alice->{id}\E  alice )(?=.*  erin )(?=.*  alice\@example\.org )/s,
    qw(user disable alice@example.org));
ok(status_of($alice->{id}, $token) == 200, 'a command that is ambiguous changes nothing');
ends($MISUSE, qr/\Ausermgmt: standard input is no terminal to ask on: --yes is needed; nothing was changed\z/,
    qw(user delete erin));
is($sql->("select count(*) from um_users where username = 'erin'"), 1, 'without --yes a script deletes nothing');
cli(qw(user delete erin --yes));
cli(qw(user delete --yes), $sql->("select id from um_users where username = 'alice\@example.org'"));

# ---- lists -----------------------------------------------------------------------------------------------------------

is(join(' ', map { $_->{username} } records(qw(user list))), 'alice Bob carol race', 'user list has all by name');
is(join(' ', map { $_->{username} } records(qw(user list --limit 2))), 'alice Bob', 'as many as are wanted');
ends($ABSENT, qr/\Ausermgmt: there is no group none\z/, qw(user list --group none));
is(join(' ', map { "$_->{username} @{ $_->{groups} }" } records(qw(user list --group sales --staff))), 'alice sales', 'of a group, of staff');
is(scalar(records(qw(user list --inactive))), 0, 'of those that are switched off');
ends($DONE, qr/\A\Q$alice->{id}\E alice <alice\@example\.org> staff\z/, qw(user find ALI));
ends($DONE, qr/\A\S{36} Bob <bob\@example\.org>\z/, qw(user find bob@exam));
ends($DONE, qr/^username +alice$/m, qw(user find), $alice->{id});
ends($ABSENT, qr/\Ausermgmt: no account has a name or an address that begins with zzz, or has it as its id\z/, qw(user find zzz));
ends($MISUSE, qr/--limit 0: must be a number from 1/, qw(user list --limit 0));
{
    add_accounts($database, 1100, 'm');
    is(scalar(records(qw(user list))), 1104, 'a list goes on over its pages');
    $sql->("delete from um_users where username like 'm0%' or username like 'm1%'");
}

# ---- changing --------------------------------------------------------------------------------------------------------

ends($DONE, qr/\Aalice is now: Alice Adams <alice\@example\.net>\z/, qw(user set alice --first-name Alice --last-name Adams
    --email alice@example.net));
answer_is(call(GET => "$USERS$alice->{id}/", token => $token), 200, qr/.*"last_name":"Adams","email":"alice\@example\.net".*/,
    'the change is seen over HTTP');
is(only_mail_in('alice@example.org', 'notice')->{subject} =~ /address/i ? 1 : 0, 1, 'the former address is told');
ends($FAILED, qr/\Ausermgmt: alice: email: Enter a valid email address\.\z/, qw(user set alice --email none));
ends($MISUSE, qr/nothing to set/, qw(user set alice));
ends($DONE, qr/\Athe address alice\@example\.net of alice is verified\z/, qw(user verify alice));
ok(show('alice')->{email_verified}, 'a new address is verified by hand');
ends($FAILED, qr/\Ausermgmt: race: The account has no email address\.\z/, qw(user verify race));

ends($FAILED, qr/\Ausermgmt: BOB: username: A user with that username already exists\.\z/, qw(user rename alice BOB));
my $events = $sql->("select count(*) from um_events where kind = 'account_renamed'");
ends($DONE, qr/\Aalice has that name already; nothing was changed\z/, qw(user rename ALICE alice));
is($sql->("select count(*) from um_events where kind = 'account_renamed'"), $events, 'what is so already is no event');
ends($DONE, qr/\Aalice is now alicia\z/, qw(user rename alice alicia));
is(status_of($alice->{id}, $token), 200, 'the sessions of a renamed account go on');
ok(!login('alice', $PASSWORD) && login('alicia', $PASSWORD), 'only the new name signs in');
ends($FAILED, qr/\Ausermgmt: alice: username: That username is held back, because its account was deleted or renamed\.\z/,
    qw(user rename bob alice));
answer_is(call(POST => $USERS, json => qq({"username":"alice","password":"$PASSWORD"})), 400, faults(username => 'taken'),
    'nor can anybody register with it');
ends($FAILED, qr/held back/, qw(user add alice --generate));
ends($DONE, qr/\Aalicia is now alice\z/, qw(user rename alicia alice --held));

# ---- passwords -------------------------------------------------------------------------------------------------------

ends_with($FAILED, qr/\Ausermgmt: alice: password: This password is too short/, "short\n", qw(user passwd alice));
is(status_of($alice->{id}, $token), 200, 'a password that is refused ends no session');
ends_with($DONE, qr/\Aalice has a new password; all sessions of the account have ended\z/, "$OTHER\nrest of the input\n",
    qw(user passwd alice));
is(status_of($alice->{id}, $token), 401, 'the tokens of before are refused');
$token = login('alice', $OTHER);
ok($token && !login('alice', $PASSWORD), 'the new password signs in, and the old one does not');
is(only_mail_in('alice@example.net', 'notice')->{subject} =~ /password/i ? 1 : 0, 1, 'the owner is told by mail');
{
    my ($status, $said) = cli_with("$OTHER\n", qw(user passwd alice --json));
    is("$status $said", $DONE . ' {"username":"alice"}', 'a password that was typed is no secret to print, as JSON either');
}
($made) = records(qw(user passwd alice --generate));
$token = login('alice', $made->{password});
ok($token, 'a generated one signs in');
ends($DONE, qr/\Acarol has no password; /, qw(user passwd carol --no-password));

# By a terminal of 80 columns: twice, without an echo.
sub by_terminal {
    my ($words, @lines) = @_;
    utf8::decode($_) for @lines;
    return UmTest::run('/usr/bin/python3', '-c', <<'END', JSON::PP->new->ascii->encode([@lines]), UmTest::cli(), @site, @$words);
import fcntl, json, os, pty, struct, sys, termios, time
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
said = b''
for line in json.loads(sys.argv[1]) + [None]:
    while True:
        try:
            got = os.read(terminal, 4096)
        except OSError:
            got = b''
        said += got
        if not got or (line is not None and said.endswith(b': ')):
            break
    if line is not None:
        time.sleep(0.2)
        os.write(terminal, line.encode() + b'\n')
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
END
}
{
    my ($status, $said) = by_terminal([qw(user passwd alice)], $PASSWORD, $PASSWORD);
    ok($status == $DONE && $said =~ /\ANew password: \r\nThe same again: \r\nalice has a new password/, 'a terminal asks twice')
        or diag("$status $said");
    unlike($said, qr/\Q$PASSWORD\E/, 'and shows nothing of it');
    $token = login('alice', $PASSWORD);
    ok($token, 'that password signs in');
    ($status, $said) = by_terminal([qw(user passwd alice)], $OTHER, $PASSWORD);
    ok($status == $FAILED && $said =~ /the two passwords are not the same/, 'two that differ are refused') or diag("$status $said");
    is(status_of($alice->{id}, $token), 200, 'and change nothing');
    ($status, $said) = by_terminal([qw(user delete race)], 'no');
    ok($status == $FAILED && $said =~ /type its name:/ && $said =~ /nothing was changed/, 'a terminal asks before it deletes')
        or diag("$status $said");
    ($status, $said) = by_terminal([qw(user delete race)], 'race');
    ok($status == $DONE && $said =~ /race \(\S+\) is deleted/, 'and deletes after the name') or diag("$status $said");
    my $longest = "\xf0\x90\x8c\xb0" x 150;
    ends($DONE, qr/./, qw(user add --no-password), $longest);
    ($status, $said) = by_terminal([qw(user delete), $longest], $longest);
    ok($status == $DONE && $said =~ / is deleted/, 'also the longest name') or diag("$status $said");
}
{
    # A key that ends the program while a password is typed.
    my ($status, $said) = UmTest::run('/usr/bin/python3', '-c', <<'END', UmTest::cli(), @site, qw(user passwd alice));
import os, pty, sys, termios, time
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
while b': ' not in os.read(terminal, 4096):
    pass
def echoes():
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
while echoes():
    time.sleep(0.01)
os.write(terminal, b'\x03')
ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(ended, echoes())
END
    is("$status $said", "0 -2 True\n", 'an interrupted prompt leaves a terminal that shows what is typed');
}

# ---- mails -----------------------------------------------------------------------------------------------------------

# The one mail to an address; an empty one when there is not exactly one. All mails are then forgotten.
sub only_mail_in {
    my ($to, $what) = @_;
    settle(sql => $sql);
    my @mails = mails_in("$folder/mail", $to);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(scalar @mails, 1, "one $what to $to");
    unlink glob "$folder/mail/*.eml";
    return $mails[0] || { subject => '', token => '' };
}

settle(sql => $sql);
unlink glob "$folder/mail/*.eml";
ends($DONE, qr/\Aa mail to reset the password of carol waits to be sent to carol\@example\.org\z/, qw(user reset carol@example.org));
{
    my $mail = only_mail_in('carol@example.org', 'mail');
    answer_is(confirm($mail->{token}, $PASSWORD), 200, $FINE, 'its token sets a password');
    ok(login('carol', $PASSWORD), 'which signs in');
    settle(sql => $sql);
    unlink glob "$folder/mail/*.eml";
}

# ---- switching on and off, sessions ----------------------------------------------------------------------------------

ends($DONE, qr/\Aalice is now inactive and staff; all sessions of the account have ended\z/, qw(user disable alice));
is(status_of($alice->{id}, $token), 401, 'the token of a disabled account is dead');
ok(!login('alice', $PASSWORD), 'nobody can sign in to it');
ends($FAILED, qr/\Ausermgmt: alice: The account is inactive\.\z/, qw(user reset alice));
ends($DONE, qr/\Aalice is now active and staff; /, qw(user enable), $alice->{id});
my @tokens = map { login('alice', $PASSWORD) } 1 .. 3;
ends($DONE, qr/\Aalice is active already; nothing was changed\z/, qw(user enable alice));
ends($DONE, qr/\Aalice is staff already; nothing was changed\z/, qw(user staff alice on));
my @sessions = records(qw(session list alice));
is(scalar @sessions, 3, 'session list has the sessions');
is_deeply([sort keys %{ $sessions[0] }], [sort qw(id created_at refreshed_at expires_at address user_agent)], 'with their facts');
is(show('alice')->{sessions}, 3, 'user show counts them');
ends($DONE, qr/^\S{36} created \S+Z refreshed - expires \S+Z from 127\.0\.0\.1 by -$/m, qw(session list alice));
ends($DONE, qr/\Aa session of alice has ended\z/, qw(session revoke alice), $sessions[0]{id});
is(scalar(grep { status_of($alice->{id}, $_) == 200 } @tokens), 2, 'the token of that session is dead, and no other');
ends($ABSENT, qr/\Ausermgmt: alice has no session $sessions[0]{id}\z/, qw(session revoke alice), $sessions[0]{id});
ends($ABSENT, qr/Bob has no session/, qw(session revoke bob), $sessions[1]{id});
ends($ABSENT, qr/alice has no session x/, qw(session revoke alice x));
ends($MISUSE, qr/say which session/, qw(session revoke alice));
ends($MISUSE, qr/say which session/, qw(session revoke alice x --all));
ends($DONE, qr/\Aall sessions of alice have ended\z/, qw(session revoke alice --all));
is(scalar(grep { status_of($alice->{id}, $_) == 200 } @tokens), 0, 'all tokens are dead');
like(events_of($alice->{id}), qr/account_off account_on session_ended sessions_ended\z/, 'the events are kept');

# ---- deleting --------------------------------------------------------------------------------------------------------

$token = login('alice', $PASSWORD);
ends($DONE, qr/\Aalice \(\Q$alice->{id}\E\) is deleted\z/, qw(user delete alice --yes));
is(status_of($alice->{id}, $token), 401, 'the token of a deleted account is dead');
ends($ABSENT, qr/\Ausermgmt: there is no account alice\z/, qw(user delete alice));
ends($FAILED, qr/held back/, qw(user add alice --generate));
ends($DONE, qr/^username +alice$/m, qw(user add alice --generate --held));

# ---- where owners have to confirm an address ---------------------------------------------------------------------------

UmTest::spew("$server->{folder}/confirm.conf", UmTest::slurp("$server->{folder}/httpd.conf") . "\nUserMgmtEmailChange confirm\n");
{
    local @site = ('--httpd', UmTest::httpd(), '--config', "$server->{folder}/confirm.conf");
    ends($DONE, qr/\ABob is now: <new\@example\.org>\z/, qw(user set bob --email new@example.org));
    is(show('bob')->{email}, 'new@example.org', 'an address that an administrator sets takes effect at once');
}

# ---- the database is away --------------------------------------------------------------------------------------------

my $params = $database->{driver} eq 'pgsql' ? "host=$folder dbname=none connect_timeout=1" : "$folder/none/accounts.db";
for my $words ([qw(user add dave --generate)], [qw(user show bob)], [qw(user passwd bob --generate)], [qw(user delete bob --yes)],
    [qw(session list bob)], [qw(session revoke bob --all)], [qw(user rename bob dave)]) {
    my ($status, $said) = UmTest::run(UmTest::cli(), '--driver', $database->{driver}, '--params', $params, @$words);
    ok($status == $UNREACHABLE && $said =~ /\Ausermgmt: (?:no connection to the database|there is no database in).*\n\z/,
        "usermgmt @$words without a database says so") or diag("$status $said");
}
{
    my ($status, $said) = UmTest::run(UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params}, qw(user reset bob));
    ok($status == $MISUSE && $said =~ /say which site sends the mail/, 'a mail needs a site') or diag("$status $said");
}
is($server->crashes, '', 'no process of the server crashed');

api_done();
