#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# usermgmt user import and user export: every format, refused lines, bounds on costs, dry run, conflicts, an import that
# is killed and called again, memory, files that are cut, and a report that cannot be written.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Fcntl;
use SDBM_File;
use Test::More;
use Time::HiRes 'sleep';
use UmApi;
use UmServer;

my ($DONE, $FAILED, $MISUSE, $UNREACHABLE) = (0, 1, 2, 4);
my $APR1 = '$apr1$kXG9ChQi$WZ5xEM0aGoHqzsrLsajc1.';
my $folder = UmTest::new_folder();
my $database;

sub fresh {
    $database = new_database();
    return;
}

sub command {
    return (UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params}, 'user', @_);
}

# Imports a text; returns the exit code and all that was printed.
sub import_text {
    my ($format, $text, @options) = @_;
    UmTest::spew("$folder/in", $text);
    return UmTest::run(command('import', '--format', $format, "$folder/in", @options));
}

# What the import must end with and say.
sub ends {
    my ($what, $want, $pattern, @import) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $said) = import_text(@import);
    return ok($status == $want && $said =~ $pattern, $what) || diag("$status $said\nwanted $want $pattern");
}

sub sql { return $database->{sql}->(@_) }
sub counts { return sprintf 'accounts: %d made, %d changed, %d there already', @_ }

# ---- htpasswd, and hashes ------------------------------------------------------------------------------------------

fresh();
ends('htpasswd: comments, empty lines and a second field are ignored', $DONE,
    qr/\A@{[counts(3, 0, 0)]}; groups: 0 made; refused: 0\n?\z/, 'htpasswd',
    "# people\n#mallory:$APR1\nalice:$APR1\n\nbob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=:Bob\r\n"
    . "carol:\$2y\$05\$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC");
is(sql('select username, password from um_users order by username limit 2'), "alice|$APR1\n"
    . 'bob|{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'names and hashes are stored');
for my $case (
    ['a plain password', 'secret', 'the format'], ['crypt of 1977', 'ab1234567890.', 'the format'], ['none', '', 'no hash'],
    ['bcrypt of 2^31', '$2y$31$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC', 'costs more'],
    ['too many rounds', '$6$rounds=999999999$salt$' . 'a' x 86, 'costs more'],
    ['too many iterations', 'pbkdf2_sha256$2000000000$salt$6uSeVVo3rRTmBKH9k5mbKHVuUqB4ExkLH9JYTGHHo1I=', 'costs more'],
    ['too much memory', '$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$' . 'A' x 43, 'costs more'],
) {
    my ($what, $hash, $why) = @$case;
    ends("refused: $what", $FAILED, qr/^line 2\tx\t.*\Q$why\E/m, 'htpasswd', "# one\nx:$hash\n");
}
ends('refused with the line: no colon, wrong names, a name twice in the file', $FAILED,
    qr/line 1\t\tit has no colon\nline 2\ta b\tusername: Enter a valid .*line 3\t\tit has no name\nline 5\tDave\taccount \d/s,
    'htpasswd', "nothing\na b:$APR1\n:$APR1\ndave:$APR1\nDave:$APR1\n");
ends('bytes that are not UTF-8, and control characters, are told in a safe form', $FAILED, qr/line 1\t[^\e]*\t/,
    'htpasswd', "\e[2J\xff:$APR1\n");
ends('a NUL', $FAILED, qr/line 1\t\tit has a NUL byte/, 'htpasswd', "x\0y:$APR1\n");
ends('a line of two MiB', $FAILED, qr/line 1\t\tit is longer than 1 MiB\n.*1 made/s, 'htpasswd',
    'x' x 2_097_152 . "\nerin:$APR1\n");

{
    tie my %dbm, 'SDBM_File', "$folder/dbm", O_RDWR | O_CREAT, 0600 or die "dbm: $!\n";
    %dbm = (frank => $APR1, grace => "$APR1:a comment", heidi => 'plain');
    untie %dbm;
    my ($status, $said) = UmTest::run(command('import', '--format', 'htdbm', "$folder/dbm"));
    ok($status == $FAILED && $said =~ /entry \d\theidi\tthe format/ && $said =~ counts(2, 0, 0), 'a file of htdbm')
        or diag("$status $said");
    is(sql("select password from um_users where username = 'grace'"), $APR1, 'its comments are ignored');
}

# ---- CSV and lines of JSON -----------------------------------------------------------------------------------------

fresh();
ends('CSV: quotes, commas and line ends in fields; a byte order mark', $DONE, qr/@{[counts(2, 0, 0)]}/, 'csv',
    "\xEF\xBB\xBFusername,password,first_name,is_staff,groups,email\r\n"
    . "alice,$APR1,\"Ann, \"\"A\"\"\nB\",1,editors staff-2,A\@EXAMPLE.org\r\nbob,,,,,\r\n");
is(sql('select u.username, u.first_name, u.is_staff, u.email, u.is_active from um_users u order by u.username'),
    "alice|Ann, \"A\"\nB|1|A\@example.org|1\nbob||0||1", 'the fields are stored');
is(sql('select g.name from um_groups g join um_memberships m on m.group_id = g.id order by g.name'),
    "editors\nstaff-2", 'the groups are made, with their members');
ends('an unknown column', $FAILED, qr/the column shoe is not known/, 'csv', "username,shoe\na,1\n");
ends('no name', $FAILED, qr/no column username/, 'csv', "password\nx\n");
ends('a wrong column that may be a hash is named by its number', $FAILED,
    qr/\A(?!.*apr1).*the column number 1 of the first line is not known; name the columns[^;]*\n?\z/s, 'csv', "alice:$APR1\n");
ends("an empty file as $_", $FAILED, qr/\Ausermgmt: \S+: the file is empty\n?\z/, $_, '')
    for qw(csv jsonl htpasswd django);
ends('columns that are none', $FAILED, qr/there is no column username/, 'csv', "a\n", '--columns', ',');
ends('a model that is none', $MISUSE, qr/\Ausermgmt: --model user: must be APP\.MODEL, such as auth\.user\n?\z/, 'django', '[]',
    '--model', 'user');
for my $format (qw(csv jsonl htpasswd django)) {
    my ($status, $said) = UmTest::run(command('import', '--format', $format, $folder));
    ok($status == $UNREACHABLE && $said eq "usermgmt: $folder: Is a directory\n", "a folder as $format") or diag("$status $said");
}
ends('columns by an option, one ignored', $DONE, qr/@{[counts(1, 0, 0)]}/, 'csv', "9,carol,$APR1\n", '--columns',
    '-,username,password');
ends('wrong rows are told with their lines', $FAILED, qr/line 2\t\tit has not as many.*line 3\t\ta quote.*line 4\td\tis_staff must be true or false.*line 5\te\tcreated_at must be a time.*1 made/s,
    'csv', "username,is_staff,created_at\nd\n\"x\"y,1,\nd,maybe,\ne,0,yesterday\nf,0,2020-01-01\n");
ends('a file that is cut within quotes', $FAILED, qr/1 made.*line 3: the file ends within quotes/s, 'csv',
    "username\ng\n\"h");
ends('a column that is there twice', $FAILED, qr/the column username is there twice/, 'csv', "username,username\na,b\n");
ends('groups that are none', $FAILED, qr/line 1\tj\tgroups is no list.*line 2\tj\ta group has no name.*0 made.*groups: 0 made/s, 'jsonl',
    qq({"username":"j","groups":"editors"}\n{"username":"j","groups":["editors",null]}\n));
ends('lines of JSON', $FAILED, qr/line 2\t\t.*line 3\ti\tfirst_name has a value of another kind.*line 4\t\tit is no object.*1 made/s, 'jsonl',
    qq({"username":"i","is_active":false,"groups":["editors"],"id":"01234567-89AB-7def-8123-456789abcdef"}\n{"username":\n)
    . qq({"username":"i","first_name":[]}\n[]\n));
is(sql("select id, is_active from um_users where username = 'i'"), '01234567-89ab-7def-8123-456789abcdef|0',
    'a UUID stays');

# ---- Django --------------------------------------------------------------------------------------------------------

sub user {
    my ($key, $name, %fields) = @_;
    return { model => 'auth.user', pk => $key, fields => { username => $name, password => '!x', email => '', %fields } };
}

sub token {
    my ($key, $owner) = @_;
    return { model => 'authtoken.token', pk => $key, fields => { user => $owner, created => '2021-01-01T00:00:00Z' } };
}

sub group { return { model => 'auth.group', pk => $_[0], fields => { name => $_[1], permissions => [] } } }
sub dump_of { return JSON::PP->new->utf8->canonical->encode([@_]) }
my @UNTIL = ('--tokens-until', '2099-01-01');

fresh();
my @dump = (
    user(42, 'alice', password => "pbkdf2_sha256\$1000\$abc\$6uSeVVo3rRTmBKH9k5mbKHVuUqB4ExkLH9JYTGHHo1I=",
        first_name => "Zo\x{eb}", email => 'alice@example.org', is_staff => JSON::PP::true(), groups => [1],
        date_joined => '2020-02-03T04:05:06.789+01:00', last_login => '2024-01-01T00:00:00Z'),
    user(43, 'bob', is_active => JSON::PP::false(), groups => [1, 2]), token('a' x 40, 42), token('b' x 40, 49),
    token('short', 42), group(1, 'Content editors'), group(2, 'staff'), { model => 'auth.permission', pk => 1, fields => {} },
);
ends('Django: a dry run', $FAILED, qr/dry run, nothing was stored: @{[counts(2, 0, 0)]}/, 'django', dump_of(@dump), @UNTIL,
    '--dry-run');
is(sql('select count(*) from um_users') + sql('select count(*) from um_groups') + sql('select count(*) from um_events'),
    0, 'stores nothing');
ends('Django: accounts, groups that stand behind them, tokens', $FAILED,
    qr/entry \d\t\tthe token is not of 40.*entry \d\t\tthe token is of an account that is not there.*@{[counts(2, 0, 0)]}; groups: 2 made; tokens: 1 stored/s,
    'django', dump_of(@dump), @UNTIL);
is(sql('select username, alias, first_name, email, is_active, is_staff, created_at, last_sign_in_at from um_users'
    . ' order by username'), "alice|42|Zo\xc3\xab|alice\@example.org|1|1|1580699106|1704067200\nbob|43|||0|0|"
    . sql("select created_at from um_users where username = 'bob'") . '|', 'fields, flags and dates are stored');
is(sql('select u.username, g.name from um_memberships m join um_users u on u.id = m.user_id join um_groups g on'
    . ' g.id = m.group_id order by 1, 2'), "alice|Content-editors\nbob|Content-editors\nbob|staff", 'and memberships');
is(sql("select password from um_users where username = 'bob'"), '!', 'an unusable password stays unusable');
is(sql('select kind from um_events where kind = ' . "'accounts_imported'"), 'accounts_imported', 'an event tells of it');
ends('the same once more finds all there', $FAILED, qr/@{[counts(0, 0, 2)]}; groups: 0 made; tokens: 0 stored, 1 left/,
    'django', dump_of(@dump), @UNTIL);
ends('without --tokens-until tokens are left out', $DONE, qr/tokens: 0 stored, 3 left out/, 'django', dump_of(@dump));
ends('a date that is over', $MISUSE, qr/must be a time to come/, 'django', dump_of(@dump), '--tokens-until', '2020-01-01');

my $version = sql("select version from um_users where username = 'alice'");
$dump[0]{fields}{first_name} = 'Ann';
$dump[0]{fields}{groups} = [2];
ends('update changes accounts', $FAILED, qr/@{[counts(0, 2, 0)]}/, 'django', dump_of(@dump), @UNTIL, qw(--on-conflict update));
is(sql("select first_name, version from um_users where alias = '42'"), "Ann|$version",
    'a name changes without ending sessions');
is(sql("select g.name from um_memberships m join um_groups g on g.id = m.group_id join um_users u on u.id = m.user_id"
    . " where u.alias = '42'"), 'staff', 'memberships become those of the file');
$dump[0]{fields}{password} = $APR1 =~ s/kXG/xxx/r;
ends('update changes a password', $FAILED, qr/@{[counts(0, 2, 0)]}/, 'django', dump_of(@dump), @UNTIL, qw(--on-conflict update));
isnt(sql("select version from um_users where alias = '42'"), $version, 'which ends the sessions');
is(sql('select count(*) from um_sessions s join um_users u on u.id = s.user_id and u.version = s.user_version'), 1,
    'and renews the imported token');
ends('fail ends the import', $FAILED, qr/entry 1\talice\tthe account is there already.*0 made.*ended because of/s,
    'django', dump_of(@dump, user(50, 'new')), qw(--on-conflict fail));
is(sql("select count(*) from um_users where username = 'new'"), 0, 'and stores nothing of the batch');

ends('collisions: a name of another number, a number of another name, keys that are none', $FAILED,
    qr/entry 1\tALICE\tanother account has the name.*entry 3\t2\t|entry 1\tALICE\tanother account has the name/s, 'django',
    dump_of(user(44, 'ALICE'), user(42, 'alice2'), user('x', 'frank')), qw(--on-conflict update));
is(sql("select username from um_users where alias = '42'"), 'alice2', 'an account is the same by its number: its name changes');
ends('UUIDs, natural keys, a model of the site', $DONE, qr/@{[counts(2, 0, 0)]}; groups: 1 made; tokens: 2 stored/, 'django',
    dump_of({ model => 'app.person', pk => '11111111-2222-4333-8444-555555555555', fields => { email => 'mail@example.org',
        password => $APR1, groups => [['by name']] } }, { model => 'app.person', fields => { username => 'nokey' } },
        token('c' x 40, '11111111-2222-4333-8444-555555555555'), token('d' x 40, ['nokey'])), '--model', 'app.person', @UNTIL);
is(sql("select id, username from um_users where email = 'mail\@example.org'"),
    '11111111-2222-4333-8444-555555555555|mail@example.org', 'the UUID stays, and the address is the name');
ends('another model', $FAILED, qr/no accounts of the model auth.user; name the model/, 'django', dump_of(group(9, 'x')));
ends('a file that is cut', $FAILED, qr/@{[counts(0, 0, 0)]}.*behind entry 1: the file is cut/s, 'django',
    substr dump_of(user(70, 'cut1'), user(71, 'cut2')), 0, -20);
ends('no JSON', $FAILED, qr/^usermgmt: the file does not begin with \[, so it is no list of JSON$/m, 'django', "BEGIN;\n");
ends('an entry that is no JSON does not end the import', $FAILED, qr/entry 1\t\tunexpected.*1 made/s, 'django',
    '[{"model":"auth.user" x},' . substr dump_of(user(72, 'after')), 1);
{
    UmTest::spew("$folder/in", dump_of(group(5, 'early'), user(80, 'piped', groups => [5]), user(81, 'late', groups => [6]),
        group(6, 'behind')));

    my @command = command('import', '--format', 'django', '-');
    my ($status, $said) = UmTest::run('sh', '-c', 'in=$1; shift; cat "$in" | "$@"', 'sh', "$folder/in", @command);
    ok($status == $FAILED && $said =~ /entry 3\tlate\tgroup 6 is not in the file before its members/ && $said =~ /1 made/,
        'a pipe is read once, groups first') or diag("$status $said");
}

# ---- rows of one batch that stand in each other's way --------------------------------------------------------------

# Lines of JSON of accounts: id, name, and other members.
sub lines_of {
    return join '', map { JSON::PP->new->encode({ id => sprintf('00000000-0000-4000-8000-%012d', $_->[0]),
        username => $_->[1], @$_[2 .. $#$_] }) . "\n" } @_;
}
my $NAMES = "select username, coalesce(alias, ''), email from um_users order by id";
my @UPDATE = qw(--on-conflict update);

fresh();
import_text('jsonl', lines_of([1, 'one'], [2, 'two'], [3, 'three']));
ends('two accounts that swap names', $FAILED, qr/line 1\ttwo\tanother account has the name\nline 2\tone\tanother account has the name\n.*0 made, 1 changed/s,
    'jsonl', lines_of([1, 'two'], [2, 'one'], [3, 'third']), @UPDATE);
is(sql($NAMES), "one||\ntwo||\nthird||", 'are refused, and the others are changed');
ends('a name that another row gives up', $FAILED, qr/line 2\tone\tanother account has the name\n.*0 made, 1 changed/s, 'jsonl',
    lines_of([1, 'first'], [2, 'one']), @UPDATE);
ends('is free in the next import', $DONE, qr/0 made, 2 changed/, 'jsonl', lines_of([1, 'first'], [2, 'one']), @UPDATE);
ends('a number that two rows give', $FAILED, qr/line 2\tone\tanother row of the file is about the same account\n.*0 made, 1 changed/s, 'jsonl',
    lines_of([1, 'first', alias => 9], [2, 'one', alias => 9]), @UPDATE);
ends('a number that a new account takes', $FAILED, qr/line 1\tone\tanother row .* same account\n.*1 made, 0 changed/s, 'jsonl',
    lines_of([2, 'one', alias => 10], [4, 'four', alias => 10]), @UPDATE);
ends('one id twice', $FAILED, qr/line 2\tsix\tanother row of the file is about the same account\n.*1 made/s, 'jsonl',
    lines_of([5, 'five'], [5, 'six']));
ends('one account twice, by its id and by its name', $FAILED, qr/line 2\tfive\tanother row of the file is about the same/, 'jsonl',
    lines_of([5, 'fifth']) . qq({"username":"five"}\n), @UPDATE);
is(sql($NAMES), "first|9|\none||\nthird||\nfour|10|\nfifth||", 'each account is as one of its rows says');
{
    my $server = UmServer->start($database, "UserMgmtUniqueEmail On\n");
    my @site = (UmTest::cli(), '--httpd', UmTest::httpd(), '--config', "$server->{folder}/httpd.conf");
    # A new account comes before one that is changed, and otherwise the first row before the second.
    for my $case ([[1, 'first'], [2, 'one'], "line 2\tone", '0 made, 1 changed'],
        [[1, 'first'], [7, 'seven'], "line 1\tfirst", '1 made, 0 changed'],
        [[8, 'eight'], [9, 'nine'], "line 2\tnine", '1 made, 0 changed']) {
        my @rows = map { [@$_, email => "$case->[1][1]\@example.org"] } @$case[0, 1];
        my ($status, $said) = UmTest::run(@site, qw(user import --format jsonl), UmTest::spew("$folder/in", lines_of(@rows)),
            @UPDATE);
        ok($status == $FAILED && $said =~ /$case->[2]\tanother row of the file has the e-mail address\n.*$case->[3]/s,
            "one address for $case->[0][1] and $case->[1][1], where each has its own") or diag("$status $said");
    }
    $server->stop;
}

# ---- words ---------------------------------------------------------------------------------------------------------

for my $case ([['--format', 'xml'], qr/--format xml: must be django/], [[], qr/name the format: --format django/],
    [[qw(--format csv --on-conflict maybe)], qr/must be skip, update or fail/],
    [[qw(--format csv --every 3d)], qr/has no option --every/]) {
    my ($status, $said) = UmTest::run(command('import', @{ $case->[0] }, "$folder/in"));
    ok($status == $MISUSE && $said =~ $case->[1], "refused: @{ $case->[0] }") or diag("$status $said");
}
{
    my ($status, $said) = UmTest::run(command('import', '--format', 'csv', "$folder/none"));
    ok($status == $UNREACHABLE && $said =~ /none: No such file/, 'no such file') or diag("$status $said");
    UmTest::spew("$folder/in", "x\ny\n");
    ($status, $said) = UmTest::run(command('import', '--format', 'htpasswd', "$folder/in", '--report', '/dev/full'));
    ok($status == $UNREACHABLE && $said =~ m{--report /dev/full: it could not be written}, 'a disk that is full')
        or diag("$status $said");
    ($status, $said) = UmTest::run(command('import', '--format', 'htpasswd', "$folder/in", '--report', "$folder/report"));
    is(UmTest::slurp("$folder/report"), "line 1\t\tit has no colon\nline 2\t\tit has no colon\n", 'the report');
    is((stat "$folder/report")[2] & 0777, 0600, 'nobody else may read it');
    my $before = UmTest::slurp("$folder/in");
    ($status, $said) = UmTest::run(command('import', '--format', 'htpasswd', "$folder/in", '--report', "$folder/in"));
    ok($status == $UNREACHABLE && $said =~ m{--report \S+/in: it is the file that is to be imported}, 'the file itself')
        or diag("$status $said");
    is(UmTest::slurp("$folder/in"), $before, 'which is not emptied');
    UmTest::spew("$folder/open", 'x');
    chmod 0644, "$folder/open";
    UmTest::run(command('import', '--format', 'htpasswd', "$folder/in", '--report', "$folder/open"));
    is((stat "$folder/open")[2] & 0777, 0600, 'a report that was open to others is closed to them');
    unlike($said, qr/no colon/, 'its lines are not printed');
    ($status, $said) = UmTest::run('python3', '-c', 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)',
        command('import', '--format', 'htpasswd', "$folder/in"));
    like($said, qr/\[#+ *\] 100 % 2 accounts/, 'a terminal gets a progress bar');
}

# A file that grows while it is read: the import waits for the lock of the database meanwhile.
if ($database->{driver} eq 'sqlite3') {
    fresh();
    my ($status, $said) = UmTest::run('python3', '-c', <<'END', $database->{params}, "$folder/grows", command('import', '--format', 'csv', "$folder/grows"));
import os, pty, sqlite3, sys, time
database, name = sys.argv[1:3]
def rows(first, last):
    return ''.join('user%d,%s\n' % (i, 'x' * 60) for i in range(first, last))
with open(name, 'w') as file:
    file.write('username,first_name\n' + rows(0, 2600))
lock = sqlite3.connect(database, isolation_level=None)
lock.execute('begin immediate')
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[3], sys.argv[3:])
files = '/proc/%d/fd/' % child
while not any(os.path.realpath(files + one) == os.path.realpath(name) for one in os.listdir(files)):
    time.sleep(0.01)
time.sleep(0.2)
with open(name, 'a') as file:
    file.write(rows(2600, 20000))
lock.execute('rollback')
said = b''
while True:
    try:
        said += os.read(terminal, 4096)
    except OSError:
        break
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) % 256)
END
    ok(!$status && $said =~ /\[#{30}\] 100 % .*20000 made/s, 'a file that grows is read to its end') or diag("$status $said");
}

# ---- many, killed and called again ---------------------------------------------------------------------------------

fresh();
# The sanitizers and valgrind take memory of their own.
my $IS_SLOW = UmTest::setting('TOOL') =~ /\A(?:address|valgrind)\z/;
my $MANY = $IS_SLOW ? 10_000 : 100_000;
UmTest::spew("$folder/many", join '', map { "user$_:$APR1\n" } 1 .. $MANY);

# Runs a command; the peak of its memory in KiB, and its exit status. stop: kills it when so many accounts are there.
sub watched {
    my ($command, $stop) = @_;
    my $peak = 0;
    defined(my $child = fork) or die "fork: $!\n";
    if (!$child) {
        open STDOUT, '>', "$folder/out" or die;
        open STDERR, '>&STDOUT' or die;
        exec @$command or die;
    }
    until (waitpid $child, 1) {
        if (open my $in, '<', "/proc/$child/status") {
            /^VmHWM:\s+(\d+)/ and $peak = $1 for <$in>;
        }
        if ($stop && sql('select count(*) from um_users') >= $stop) {
            kill KILL => $child;
            $stop = 0;
        }
        sleep 0.05;
    }
    return ($peak, $?);
}

UmTest::spew("$folder/few", join '', map { "few$_:$APR1\n" } 1 .. 2500);
my ($few, $many) = map { [command('import', '--format', 'htpasswd', "$folder/$_")] } qw(few many);
my ($small) = watched($few);
my (undef, $killed) = watched($many, 5000);
is($killed & 127, 9, 'an import is killed in the middle');
my $stored = sql('select count(*) from um_users') - 2500;
ok($stored >= 2500 && $stored < $MANY && $stored % 2500 == 0, "whole batches are stored: $stored");
my ($large, $status) = watched($many);
is($status, 0, 'it is called again');
like(UmTest::slurp("$folder/out"), qr/@{[counts($MANY - $stored, 0, $stored)]}/, 'and stores the rest');
is(sql("select count(*), count(distinct username_key) from um_users where username like 'user%'"), "$MANY|$MANY",
    'every account is there once');
# SQLite's pages take up to 32 MiB.
cmp_ok($large - $small, '<', (UmTest::database() eq 'pgsql' ? 16 : 48) * 1024, "memory does not grow with the file: $small and $large KiB")
    unless $IS_SLOW;

# Another command that writes all accounts; and one that has none to write.
my $PEAK = 'import resource, subprocess, sys; status = subprocess.call(sys.argv[1:], stdout=sys.stderr);'
    . ' print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(status)';

sub end_all {
    my @all = (UmTest::cli(), '--driver', $database->{driver}, '--params', $database->{params}, qw(session end-all));
    my ($status, $said) = UmTest::run('python3', '-c', $PEAK, @all);
    is($status, 0, 'all sessions are ended') or diag($said);
    return $said =~ /^(\d+)$/m;
}

{
    my ($peak) = end_all();
    is(sql("select count(distinct version) from um_users where username like 'user%'"), 1, 'those of each account');
    fresh();
    ($small) = end_all();
    cmp_ok($peak - $small, '<', 5 * 1024, "memory does not grow with the accounts: $small and $peak KiB") unless $IS_SLOW;
}

# ---- export --------------------------------------------------------------------------------------------------------

fresh();
import_text('django', dump_of(@dump, user(90, "q\x{e9}"), user(91, 'x@y.z+-_', first_name => "\"a\",\n\\b")), @UNTIL);
# An account that was invited and has no password yet stays so.
sql("update um_users set password = 'invited' where alias = '91'");
my $ALL = 'select username, username_key, first_name, email, email_key, password, is_active, is_staff, alias, created_at,'
    . ' last_sign_in_at, id from um_users order by id';
my $MEMBERS = 'select u.username, g.name from um_memberships m join um_users u on u.id = m.user_id join um_groups g on'
    . ' g.id = m.group_id order by 1, 2';
my ($all, $members) = map { sql($_) } $ALL, $MEMBERS;
my $from = $database;
for my $format (qw(jsonl csv)) {
    $database = $from;
    is(UmTest::output_of(command('export', '--format', $format, "$folder/out.$format")), '4 accounts written',
        "export of $format");
    is((stat "$folder/out.$format")[2] & 0777, 0600, 'nobody else may read it');
    fresh();
    UmTest::output_of(command('import', '--format', $format, "$folder/out.$format"));
    is(sql($ALL), $all, "$format leads to the same accounts");
    is(sql($MEMBERS), $members, 'and to the same members');
}
$database = $from;
UmTest::spew("$folder/out.json", 'older');
chmod 0644, "$folder/out.json";
my ($warned, $text) = UmTest::run(command('export', '--format', 'django', "$folder/out.json"));
is((stat "$folder/out.json")[2] & 0777, 0600, 'a file that was open to others is closed to them');
my $exported = JSON::PP->new->utf8->decode(UmTest::slurp("$folder/out.json"));
is(join(' ', sort map { "$_->{model}:" . ($_->{fields}{username} || $_->{fields}{name}) . ($_->{pk} || '') } @$exported)
    =~ s/[^\x20-\x7e]/?/gr, 'auth.group:Content-editors auth.group:staff auth.user:alice42 auth.user:bob43 '
    . 'auth.user:q?90 auth.user:x@y.z+-_91', 'export for Django: groups by name, accounts by number');
is($warned, $FAILED, 'a hash that Django cannot read is told');
like($text, qr/^account\talice\tDjango has no hasher/m, 'with the name');
like($text, qr/^account\tx\@y\.z\+-_\tit was invited and has no password yet/m, 'and so is an invited account');
is((grep { ($_->{fields}{username} || '') eq 'alice' } @$exported)[0]{fields}{password}, '!', 'and left out');
{
    # So many groups that a text made anew with each of them would take gigabytes.
    my $uuid = $database->{driver} eq 'pgsql' ? "cast('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0') as uuid)"
        : "printf('00000000-0000-7000-8000-%012x', i)";
    sql("insert into um_groups (id, name, created_at) with recursive n(i) as (select 1 union all select i + 1 from n where"
        . " i < 10000) select $uuid, 'g' || i, i from n");
    my $limit = $IS_SLOW ? 'unlimited' : 1_000_000;
    my ($ended, $said) = UmTest::run('sh', '-c', "ulimit -v $limit; exec \"\$@\"", 'sh',
        command('export', '--format', 'django', "$folder/out.json"));
    ok($ended == $FAILED && $said =~ /4 accounts written/, 'many groups are exported in little memory') or diag("$ended $said");
    is(scalar @{ JSON::PP->new->utf8->decode(UmTest::slurp("$folder/out.json")) }, 10_006, 'all of them');
    sql("delete from um_groups where name like 'g%'");
}
is(UmTest::output_of(command('export', '--format', 'jsonl')) =~ tr/\n//, 3, 'to standard output without a file');
{
    my ($full, $said) = UmTest::run(command('export', '--format', 'jsonl', '/dev/full'));
    ok($full == $FAILED && $said =~ /the output could not be written/, 'a disk that is full') or diag("$full $said");
}

# ---- signing in ----------------------------------------------------------------------------------------------------

fresh();
import_text('htpasswd', "sha:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n");
import_text('csv', "username,password,email\nnone,,none\@example.org\nnever,!,never\@example.org\n");
my $server = UmServer->start($database, '');
is(call(POST => $TOKEN, json => '{"username":"sha","password":"password"}', port => $server->{port})->{status}, 200,
    'an imported account signs in');
like(sql("select password from um_users where username = 'sha'"), qr/\A\$scrypt\$/, 'and gets the hash of this site');
is(call(POST => $TOKEN, json => "{\"username\":\"$_\",\"password\":\"password\"}", port => $server->{port})->{status}, 400,
    "$_ cannot sign in") for 'none', 'never';

api_done();
