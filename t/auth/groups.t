#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Groups on the command line, and when a running server sees a change.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep);
use UmApi;
use UmServer;

my $database = new_database();
my $DELAY = 1;

# Runs a command and returns its exit status and output as one line.
sub cli {
    my ($status, $output) = UmTest::run(UmTest::cli(), '--driver', $database->{driver}, '--params',
        $database->{params}, @_);
    chomp $output;
    return "$status $output";
}

my $programs = UmTest::sources() . '/t/cgi-bin';
my $server = UmServer->start($database, <<"END", modules => [qw(alias auth_basic authn_file cgid)]);
UserMgmtRevocationDelay $DELAY
ScriptSock \${folder}/logs/cgisock
ScriptAlias /cgi/ $programs/
<Directory $programs>
    Require all granted
</Directory>
<Location /cgi/>
    AuthType Basic
    AuthName "here"
    AuthBasicProvider usermgmt
    Require valid-user
</Location>
END

my $PASSWORD = good_password();
my %id;
for my $name (qw(alice bob Zoë)) {
    my $answer = call(POST => $USERS, json => qq({"username":"$name","password":"$PASSWORD"}), port => $server->{port});
    $id{$name} = json_of($answer)->{id} or die "registration failed: $answer->{body}\n";
}

# ---- commands --------------------------------------------------------------------------------------------------------

my $BAD = '1 usermgmt: Enter a valid name. This value may contain only letters, numbers, and @/./+/-/_ characters, '
    . '64 at most.';
for my $row (
    ['0 ', 'group', 'list'], ['0 group staff made', 'group', 'new', 'staff'],
    ['1 usermgmt: A group with that name already exists.', 'group', 'new', 'staff'],
    ['0 group Staff made', 'group', 'new', 'Staff'], ['0 group büro made', 'group', 'new', 'büro'],
    [$BAD, 'group', 'new', ''], [$BAD, 'group', 'new', 'two words'], [$BAD, 'group', 'new', 'a,b'],
    [$BAD, 'group', 'new', "a\nb"], [$BAD, 'group', 'new', 'x' x 65], [$BAD, 'group', 'new', "a\xFF"],
    [$BAD, 'group', 'new', "x'; drop table um_groups; --"],
    ['0 alice is now in staff', 'group', 'add', 'staff', 'ALICE'],
    ['0 alice is now in staff', 'group', 'add', 'staff', 'alice'],
    ['0 Zoë is now in staff', 'group', 'add', 'staff', 'zoë'],
    ['0 alice is now in büro', 'group', 'add', 'büro', 'alice'],
    ['3 usermgmt: there is no group none', 'group', 'add', 'none', 'alice'],
    ['3 usermgmt: there is no account nobody', 'group', 'add', 'staff', 'nobody'],
    ["0 $id{'Zoë'} Zoë\n$id{alice} alice", 'group', 'show', 'staff'], ['0 ', 'group', 'show', 'Staff'],
    ['3 usermgmt: there is no group none', 'group', 'show', 'none'],
    ["0      0 Staff\n     1 büro\n     2 staff", 'group', 'list'],
    ['3 usermgmt: bob is not in staff', 'group', 'drop', 'staff', 'bob'],
    ['0 Zoë is no longer in staff', 'group', 'drop', 'staff', 'Zoë'],
    ['3 usermgmt: there is no group none', 'group', 'remove', 'none'],
    ['0 group Staff removed', 'group', 'remove', 'Staff'],
    ['2 usermgmt: usage: usermgmt group add GROUP USER', 'group', 'add', 'staff'],
) {
    my ($want, @command) = @$row;
    my $name = join(' ', @command) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger;
    my $sort = sub { join "\n", sort split /\n/, $_[0] };
    is($sort->(cli(@command)), $sort->($want), substr($name, 0, 60));
}
# With standard output closed, the connection must not get its descriptor: the text would go into the connection.
{
    my ($status, $said) = UmTest::run('sh', '-c', 'exec "$@" >&-', 'sh', UmTest::cli(), '--driver', $database->{driver},
        '--params', $database->{params}, 'group', 'list');
    is("$status $said", "1 usermgmt: the output could not be written\n", 'a command whose output is closed fails');
}
like(cli('user', 'show', 'alice'), qr/^groups +büro staff$/m, 'user show has the groups');
like(cli('user', 'show', 'bob'), qr/^groups +-$/m, 'user show prints a dash for an account in no group');
{
    my @children = map {
        my $child = fork;
        die "fork: $!\n" unless defined $child;
        if (!$child) {
            my $said = cli('group', 'new', 'race');
            require POSIX;
            POSIX::_exit($said =~ /\A0 / ? 0 : $said =~ /already exists/ ? 1 : 2);
        }
        $child;
    } 1 .. 6;
    my %ended;
    waitpid($_, 0), $ended{ $? >> 8 }++ for @children;
    # On SQLite a command may give up because other writers hold the lock for too long.
    is($ended{0}, 1, 'of six that make the same group one succeeds');
    cmp_ok($ended{2} || 0, '<=', $database->{driver} eq 'pgsql' ? 0 : 5, 'the others report that the group exists');
}

# ---- when a server sees a change -------------------------------------------------------------------------------------

sub groups_of {
    my ($name) = @_;
    my $answer = call(GET => '/cgi/printenv', port => $server->{port}, any => 1,
        headers => ['Authorization: Basic ' . encode_base64("$name:$PASSWORD", '')]);
    return "status $answer->{status}" unless $answer->{status} == 200;
    return $answer->{body} =~ /^USERMGMT_GROUPS=(.*)$/m ? $1 : '';
}

is(groups_of('alice'), 'büro,staff', 'a program gets the groups');
is(groups_of('bob'), '', 'an account in no group has no groups in the environment');
cli('group', 'add', 'staff', 'bob');
cli('group', 'drop', 'büro', 'alice');
ok(await($DELAY + 2, sub { groups_of('bob') eq 'staff' && groups_of('alice') eq 'staff' }),
    'a change by the command line is seen after the delay');
cli('group', 'remove', 'staff');
ok(await($DELAY + 2, sub { groups_of('bob') eq '' && groups_of('alice') eq '' }),
    'the removal of a group is seen after the delay');
is($database->{sql}->('select count(*) from um_memberships'), 0, 'a deleted group has no members');
cli('group', 'new', 'last');
cli('group', 'add', 'last', 'bob');
$database->{sql}->("delete from um_users where username = 'bob'");
is(cli('group', 'show', 'last'), '0 ', 'a deleted account is in no group');
is($server->crashes, '', 'no process of the server crashed');

api_done();
