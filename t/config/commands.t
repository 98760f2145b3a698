#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The program usermgmt: help, wrong words, exit codes, and what it prints.
use strict;
use warnings;
use lib 't/lib';
use Fcntl ();
use JSON::PP ();
use POSIX ();
use Test::More;
use UmTest;

my ($DONE, $FAILED, $MISUSE, $ABSENT, $UNREACHABLE) = (0 .. 4);

sub usermgmt { return UmTest::run(UmTest::cli(), @_) }

# What the command must end with, and say.
sub ends {
    my ($want, $pattern, @words) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $said) = usermgmt(@words);
    return ok($status == $want && $said =~ $pattern, "usermgmt @words ends with $want") || diag("$status $said");
}

# ---- words ---------------------------------------------------------------------------------------------------------

my ($status, $help) = usermgmt('--help');
is($status, $DONE, '--help ends with 0');
my @rows = $help =~ /^  ([a-z]+(?: [a-z][a-z-]*)?) /mg;
my $documented = UmTest::slurp(UmTest::sources() . '/docs/operations.md');
my $tasks = UmTest::slurp(UmTest::sources() . '/docs/accounts.md');
my ($table) = $documented =~ /^(\| Command .*?\n\n)/ms;
my %documented = map { $_ => 1 } $table =~ /^\| `([a-z]+(?: [a-z][a-z-]*)?)[ `]/mg;
is(join(', ', sort @rows), join(', ', sort keys %documented), 'docs/operations.md has every command, and no other');
for my $option ($help =~ /^  (--\w+)/mg) {
    ok("$documented$tasks" =~ /\Q$option\E\b/, "docs/operations.md or docs/accounts.md has $option")
        unless $option =~ /\A--(?:help|version)\z/;
}

ends($MISUSE, qr/^usage: usermgmt \[OPTIONS\] NOUN VERB.*^  user show NAME /ms);
ends($MISUSE, qr/\Ausage: usermgmt \[OPTIONS\] user VERB (?!.*^  group )(?!.*--every).*^  user show NAME /ms, 'user');
ends($DONE, qr/\Ausage: usermgmt \[OPTIONS\] user VERB/, qw(help user));
ends($DONE, qr/^  user show NAME .*^Exit code:\n  0  done$/ms, 'help');
ends($MISUSE, qr/there is no command "usr"; did you mean "user"/, qw(help usr));
ends($DONE, qr/\Ausage: usermgmt \[OPTIONS\] key VERB (?!.*^  user ).*^  key new \[FOLDER\] .*--every/ms, 'key', '--help');
ends($MISUSE, qr/\Ausermgmt: there is no command "usr show"; did you mean "user"\?\n"usermgmt help user" lists [^\n]*\n?\z/, qw(usr show));
ends($MISUSE, qr/\Ausermgmt: there is no command "users"; did you mean "user"\?$/m, 'users');
ends($MISUSE, qr/\Ausermgmt: there is no command "user shwo"; did you mean "user show"\?$/m, qw(user shwo alice));
ends($MISUSE, qr/\Ausermgmt: there is no command "key rotation"; did you mean "key rotate"\?$/m, qw(key rotation));
ends($MISUSE, qr/\Ausermgmt: there is no command "frobnicate x"\n.*^usage: usermgmt \[OPTIONS\] NOUN/ms, qw(frobnicate x));
ends($MISUSE, qr/\Ausermgmt: there is no command "\\u\{1b\}\[2Juser \\n"$/m, "\e[2Juser", "\n");
ends($MISUSE, qr/there is no command "@{['x' x 1000]} show"$/m, 'x' x 1000, 'show');
ends($MISUSE, qr/\Ausermgmt: usage: usermgmt user show NAME$/m, qw(user show));
ends($MISUSE, qr/\Ausermgmt: there is no option --colour\n"usermgmt help" lists/, qw(--colour user show alice));
ends($MISUSE, qr/there is no option --limt; did you mean --limit\?$/m, qw(user list --limt=5));
ends($MISUSE, qr/\A(?!.*Secret).*there is no option --password.*standard input\n?\z/s, qw(user passwd alice --password=Secret-71));
ends($MISUSE, qr/usage: usermgmt user passwd NAME; the password is no argument/, qw(user passwd alice Secret-71));
ends($MISUSE, qr/\Ausermgmt: --json takes no value$/m, qw(user list --json=yes));
ends($MISUSE, qr/\Ausermgmt: --limit needs a value$/m, qw(user list --limit));
ends($MISUSE, qr/\Ausermgmt: --al may be several options$/m, qw(user list --al));
ends($MISUSE, qr/there is no option -x$/m, qw(-x user list));
ends($DONE, qr/\A(?:[^\n]{0,100}(?:\n|\z))+\z/, 'help');
ends($MISUSE, qr/maybe: must be on or off/, qw(user active alice maybe));
ends($MISUSE, qr/say which database/, qw(--driver sqlite3 group list));
ends($UNREACHABLE, qr/say which database/, qw(--config /none/httpd.conf group list));

ends($MISUSE, qr/\Ausermgmt: usermgmt user show has no option --every$/m, qw(user show alice --every 3d));
ends($MISUSE, qr/\Ausermgmt: usermgmt events has no option --alg$/m, qw(events --alg EdDSA));

# ---- the throttles of a server that cannot be asked ----------------------------------------------------------------

{
    my $file = UmTest::new_folder() . '/httpd.pid';
    my $gone = fork;
    die "fork: $!\n" unless defined $gone;
    exec '/bin/true' unless $gone;
    waitpid $gone, 0;
    my @cases = (['no file' => undef, qr/\Q$file\E: No such file or directory; it must be httpd's PidFile/],
        ['an empty file' => '', qr/it has no process id; it must be httpd's PidFile/],
        ['no number' => "httpd\n", qr/it has no process id/], ['a negative number' => "-1\n", qr/it has no process id/],
        ['a process that is gone' => "$gone\n", qr/no httpd with throttles runs under this process id/],
        ['a process that is no httpd' => "$$\n", qr/no httpd with throttles runs under this process id/]);
    push @cases, ['a process of another user' => "1\n", qr/or this user may not read its memory: call the command as root/]
        if !-r '/proc/1/fd';
    for my $case (@cases) {
        my ($what, $text, $pattern) = @$case;
        unlink $file;
        UmTest::spew($file, $text) if defined $text;
        note($what);
        ends($UNREACHABLE, $pattern, qw(throttle list), $file);
        ends($UNREACHABLE, $pattern, qw(throttle clear), $file, 'alice');
    }
}

# ---- man page and completion ---------------------------------------------------------------------------------------

my $man;
($status, $man) = usermgmt(qw(help man));
like($man, qr/^\.B user show \\fRNAME\nprint an account/m, 'the man page has the commands');
like($man, qr/^\.br\n\\-\\-every TIME: rotate/m, 'the man page has the options of a command');
SKIP: {
    skip 'there is no man here', 1 if !grep { -x "$_/man" } split /:/, $ENV{PATH};
    my $file = UmTest::spew(UmTest::new_folder() . '/usermgmt.1', $man);
    my ($shown, $warned) = UmTest::run(qw(man --warnings -E UTF-8 -l), $file);
    ok(!$shown && $warned !~ /^(?:troff|man|.*:\d+:.*warning)/m && $warned =~ /usermgmt - manage the accounts/, 'man shows the page without a warning')
        or diag($warned);
}
my $completion = UmTest::spew(UmTest::new_folder() . '/usermgmt', (usermgmt(qw(help completion)))[1]);

# What bash offers behind these words.
sub completed {
    my (@words) = @_;
    my $script = 'source "$1"; shift; COMP_WORDS=(usermgmt "$@"); COMP_CWORD=$#; _usermgmt; echo "${COMPREPLY[*]}"';
    return UmTest::output_of('bash', '-c', $script, 'bash', $completion, @words);
}
is(completed('ev'), 'events', 'bash completes nouns');
is(completed('key', 'ro'), 'rotate', 'bash completes verbs');
is(completed('--config', '/x', 'key', 'l'), 'list', 'bash knows which options have a value');
is(completed('key', 'rotate', '--ev'), '--every', 'bash completes options');

# ---- hash calibrate ------------------------------------------------------------------------------------------------

ends($MISUSE, qr/--target 5x: must be a time/, qw(hash calibrate --target 5x));
ends($MISUSE, qr/--memory 1g: must be from 7m to 256m/, qw(hash calibrate --memory 1g));
# Products that a long cannot hold: 384 ms, and 19456 KiB.
ends($MISUSE, qr/--target \d+s: must be a time/, qw(hash calibrate --target 18446744073709552s));
ends($MISUSE, qr/--memory \d+m: must be from 7m to 256m/, qw(hash calibrate --target 20ms --memory 18014398509482003m));
($status, my $hash) = usermgmt(qw(hash calibrate --target 30ms --json));
my $measured = eval { JSON::PP->new->utf8->decode($hash) } || {};
ok($measured->{milliseconds} > 0 && $measured->{memory_kib_of_all} == $measured->{memory_kib} * $measured->{concurrency},
    'hash calibrate prints what a hash takes') or diag($hash);
like((UmTest::httpd_t(qq(UserMgmtPasswordHash "$measured->{UserMgmtPasswordHash}"\n)))[1], qr/Syntax OK/, 'httpd takes what it prints');

# ---- exit codes ----------------------------------------------------------------------------------------------------

my $folder = UmTest::new_folder();
my @database = ('--driver', 'sqlite3', '--params', "$folder/accounts.db");

sub with_database { return ends(@_[0, 1], @database, @_[2 .. $#_]) }

ends($UNREACHABLE, qr/no connection to the database: [^\\]*\z/, qw(--driver pgsql --params),
    "host=$folder dbname=none connect_timeout=1", qw(user show alice));
ends($UNREACHABLE, qr/there is no database in/, qw(--driver sqlite3 --params), "$folder/none/accounts.db",
    qw(user show alice));
ends($UNREACHABLE, qr/none cannot be read: No such file/, qw(key list), "$folder/none");
ends($UNREACHABLE, qr/cannot be opened: No such file/, qw(client list), "$folder/none");
with_database($DONE, qr/^applied +001/, qw(schema upgrade));
is((stat "$folder/accounts.db")[2] & 07, 0, 'a database that is made is closed to other users');
with_database($ABSENT, qr/there is no account nobody/, qw(user show nobody));
with_database($MISUSE, qr/--since 2026-02-31: must be a time/, qw(events --since 2026-02-31));
with_database($MISUSE, qr/--since 2026-02-01T: must be a time/, qw(events --since 2026-02-01T));
with_database($DONE, qr/\A\z/, qw(events --since 2026-02-01T00:00:00Z));
ends($MISUSE, qr/\Ausermgmt: --driver mysql: must be sqlite3 or pgsql\n?\z/, qw(schema sql --driver mysql));
with_database($ABSENT, qr/there is no account nobody/, qw(user active nobody off));
with_database($ABSENT, qr/there is no group none/, qw(group show none));
with_database($DONE, qr/group sales made/, qw(group new sales));
with_database($FAILED, qr/exist/, qw(group new sales));
with_database($ABSENT, qr/there is no account nobody/, qw(group add sales nobody));
ends($DONE, qr/\.pem$/, qw(key new), "$folder/keys");
ends($ABSENT, qr/holds no key none/, qw(key retire), "$folder/keys", 'none');
ends($DONE, qr/\Aumc_/, qw(client new), "$folder/clients", 'front');
ends($FAILED, qr/there is a client front already/, qw(client new), "$folder/clients", 'front');
ends($ABSENT, qr/there is no client back/, qw(client remove), "$folder/clients", 'back');

# ---- strangers' text -----------------------------------------------------------------------------------------------

my $id = '018bcfe5-0000-7000-8000-000000000001';
my ($wrong, $said) = UmTest::run('sqlite3', "$folder/accounts.db", 'insert into um_users (id, username, username_key,'
    . " first_name, last_name, email, email_key, password, version, created_at, updated_at) values ('$id', 'mallory',"
    . " 'mallory', 'M' || char(10) || 'staff     yes', char(27) || '[2J' || char(155) || '1m' || char(8238) || 'x',"
    . " 'm\@example.org', 'm\@example.org', 'x', '$id', 1, 1)");
is($wrong, 0, 'an account with control characters in its names can be inserted') or diag($said);
($status, $said) = usermgmt(@database, qw(user show mallory));
is($said, <<"END", 'user show prints one line a field, and escapes control characters');
id                 $id
username           mallory
first_name         M\\nstaff     yes
last_name          \\u{1b}[2J\\u{9b}1m\\u{202e}x
email              m\@example.org
email_verified     no
is_active          yes
is_waiting         no
is_staff           no
created_at         1970-01-01T00:00:01Z
updated_at         1970-01-01T00:00:01Z
last_sign_in_at    -
password           unknown
sessions           0
latest_session_at  -
groups             -
END

# ---- JSON ----------------------------------------------------------------------------------------------------------

# The records that a command prints with --json: one a line.
sub records {
    my (@words) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($ended, $printed) = usermgmt(@database, @words, '--json');
    my @records = eval { map { JSON::PP->new->utf8->decode($_) } split /\n/, $printed };
    ok(!$ended && !$@, "usermgmt @words --json prints JSON") or diag("$ended $printed");
    return @records;
}

my ($shown) = records(qw(user show mallory));
is_deeply([@$shown{qw(id last_name is_active is_staff groups)}],
    [$id, "\e[2J\x{9b}1m\x{202e}x", JSON::PP::true(), JSON::PP::false(), []], 'user show --json has all as it is');
with_database($DONE, qr/./, qw(group add sales mallory));
is_deeply([records(qw(group list))], [{ name => 'sales', members => 1 }], 'group list --json');
is_deeply([records(qw(group show sales))], [{ id => $id, username => 'mallory' }], 'group show --json');
($shown) = records(qw(key list), "$folder/keys");
is("$shown->{alg} $shown->{state}", 'EdDSA signs', 'key list --json');
is_deeply([records(qw(client list), "$folder/clients")], [{ name => 'front' }], 'client list --json');
ends($DONE, qr/\A\w+$/m, qw(pepper new), "$folder/pepper");
($shown) = records(qw(pepper list), "$folder/pepper");
is($shown->{state}, 'new hashes', 'pepper list --json');
($shown) = records(qw(schema status));
is_deeply($shown, { step => '001_accounts', state => 'applied' }, 'schema status --json');

# ---- output that cannot be written ---------------------------------------------------------------------------------

# The exit code and what is on standard error when standard output is a full disk, or closed.
sub without_output {
    my ($how, @words) = @_;
    return UmTest::run('sh', '-c', "exec \"\$@\" $how", 'sh', UmTest::cli(), @words);
}

for my $how ('>/dev/full', '>&-') {
    for my $words ([qw(user show mallory)], [qw(group list)], [qw(schema status)], [qw(schema sql)], ['--help'],
        ['--version'], [qw(key list), "$folder/keys"], [qw(client list), "$folder/clients"])
    {
        ($status, $said) = without_output($how, @database, @$words);
        ok($status == $FAILED && $said eq "usermgmt: the output could not be written\n", "usermgmt @$words $how fails and says so")
            or diag("$status $said");
    }
    my $before = UmTest::slurp("$folder/clients");
    ($status, $said) = without_output($how, qw(client new), "$folder/clients", 'back');
    ok($status == $FAILED && $said =~ /the token could not be printed, so no client was made\n\z/, "usermgmt client new $how fails and says so")
        or diag("$status $said");
    is(UmTest::slurp("$folder/clients"), $before, 'client new without output adds no client');
    ok(!-e "$folder/clients.new", 'client new without output leaves no file');
}
{
    # A pipe that nobody reads any more: Perl's readers are closed before the program begins.
    pipe my $reader, my $writer or die "pipe: $!\n";
    close $reader;
    my $child = fork;
    die "fork: $!\n" unless defined $child;
    if (!$child) {
        local $SIG{PIPE} = 'DEFAULT';
        open STDOUT, '>&', $writer or POSIX::_exit(127);
        open STDERR, '>', "$folder/said" or POSIX::_exit(127);
        exec UmTest::cli(), qw(client new), "$folder/clients", 'back';
    }
    waitpid $child, 0;
    ok($? == $FAILED << 8 && UmTest::slurp("$folder/said") =~ /the token could not be printed, so no client was made/,
        'client new into a broken pipe fails and says so') or diag($?);
    ok(!-e "$folder/clients.new", 'and leaves no file');
}
{
    my ($ended, $printed) = UmTest::run($^X, '-e', '$SIG{CHLD} = "IGNORE"; exec @ARGV', UmTest::cli(), @database, 'backup',
        "$folder/backup");
    ok(!$ended && $printed eq "$folder/backup\n", 'a backup is made where the signal of ended children is ignored')
        or diag("$ended $printed");
}
{
    # While another program has the database to itself, the copy waits, and is interrupted.
    my ($ended, $printed) = UmTest::run('/usr/bin/python3', '-c', <<'END', "$folder/accounts.db", "$folder/cut", UmTest::cli(), @database);
import os, signal, sqlite3, subprocess, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute('pragma locking_mode = exclusive')
database.execute('begin exclusive')
program = subprocess.Popen(sys.argv[3:] + ['backup', sys.argv[2]])
while not os.path.exists(sys.argv[2]) and program.poll() is None:
    time.sleep(0.01)
time.sleep(0.1)
program.send_signal(signal.SIGTERM)
print(program.wait())
END
    ok(!$ended && $printed eq "usermgmt: $folder/cut: the copy was interrupted\n$FAILED\n", 'a backup that is interrupted fails')
        or diag("$ended $printed");
    is(join(' ', glob "$folder/cut* $folder/*-backup-*"), '', 'and leaves no half of a copy');
}
my ($intact) = (UmTest::run('sqlite3', "$folder/accounts.db", 'pragma integrity_check'))[1];
is($intact, "ok\n", 'output that could not be written is not in the database file');

done_testing();
