#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The commands that README and docs print, on a running site: those that t/lib/UmDocs.pm has as "run", one block after
# the other, with the folders, addresses and databases of the test in place of those of a machine.
use strict;
use warnings;
use Fcntl qw(O_CREAT O_RDWR);
use FindBin;
use lib "$FindBin::Bin/../lib";
use SDBM_File;
use Test::More;
use UmApi;
use UmDocs;
use UmServer;

my $folder = UmTest::new_folder();
mkdir "$folder/$_", 0700 or die "$folder: $!\n" for qw(etc filter.d run run/mail pages pages/private);
UmTest::spew("$folder/pages/private/hello.txt", "hello\n");
my $database = new_database();
my $sql = $database->{sql};
my ($dav) = map { s{/srv/dav}{$folder/dav}r } UmTest::slurp(UmTest::sources() . '/docs/webdav.md')
    =~ /^```apache\n(Alias .*?)^```$/ms or die "docs/webdav.md has no lines\n";
my $server = UmServer->start($database, <<"END" . $dav, modules => [qw(alias auth_basic dav dav_fs)]);
UserMgmtMail file:$folder/run/mail
UserMgmtAuditLog $folder/audit.log
DocumentRoot $folder/pages
DavLockDB $folder/run/davlock
<Directory $folder/pages>
    Require all granted
</Directory>
<Location /private>
    AuthType Bearer
    AuthName example
    Require valid-user
</Location>
END
$UmApi::PORT = $server->{port};

local $ENV{PATH} = join ':', programs("$server->{folder}/httpd.conf"), UmTest::setting('PGBIN'), $ENV{PATH};
local @ENV{qw(PGHOST PGUSER)} = (UmTest::pg_folder(), 'usermgmt');

# An empty database of PostgreSQL, and its name.
my ($empty, $name);

sub make_empty {
    $empty = new_database(is_empty => 1);
    ($name) = $empty->{params} =~ /dbname=(\S+)/;
    return;
}

sub empty_has { return $empty->{sql}->("select count(*) from $_[0]") eq '0' }

my $sources = UmTest::sources();
my $base = "http://127.0.0.1:$server->{port}";

# A block with what the test has in place of what a machine has.
sub changed {
    my ($text) = @_;
    my @put = (
        ['/etc/apache2/', "$folder/etc/"], ['/etc/fail2ban/', "$folder/"], ['/var/backups/', "$folder/"],
        ['/usr/share/usermgmt/mail', "$sources/conf/mail"], ['/usr/share/usermgmt/sql', "$sources/sql"],
        ['/usr/share/usermgmt/fail2ban', "$sources/share/fail2ban"],
        ['/var/lib/usermgmt/accounts.db', $database->{params}], ['/var/lib/usermgmt', "$folder/var"],
        ['/srv/dav', "$folder/dav"], ['/var/log/apache2/error.log', "$server->{folder}/logs/error_log"],
        [' -o www-data -g www-data', ''], (map { ["https://$_.example.org", $base] } 'www', 'node1', '$node'), ['http://127.0.0.1:8080', $base],
        $empty ? (['host=db.example.org dbname=accounts user=accounts_owner', $empty->{params}], ['-d site', "-d $name"]) : (),
    );
    $text =~ s/ accounts$/ $name/mg if $empty;
    for my $put (@put) {
        $text =~ s/\Q$put->[0]\E/$put->[1]/g;
    }
    return $text;
}

sub next_kid {
    my ($status, $said) = UmTest::run('usermgmt', 'key', 'list', "$folder/etc/usermgmt");
    return $said =~ /^\w+ +(\S+) next /m ? $1 : undef;
}

my $APR1 = '$apr1$salt$Xf8VZF6qHIgAK/L1kLsXR/';
my $PASSWORD = 'Green-Pond!82y';
my $WAITS = '00000000-0000-7000-8000-00000000000';

# By the page and the beginning of a block: what it needs before it, what it reads, what it has to print, and what must
# be true after it.
my %try = (
    'README BASE=' => { says => qr/"auth_token".*"first_name":"Alice".*\n401\nhello\n.*\{"status":"OK"\}\n.*\n204\n\z/s },
    'README sudo usermgmt key new' => { says => qr/\.pem$/, after => sub { -d "$folder/var" } },
    'README curl -sS https://www.example.org/.well-known/jwks.json' =>
        { says => qr/\A\{"keys":\[\{.*\}\]\}\s*401\n.*UM221: .*API on/s },
    'README sudo usermgmt user add alice' => { reads => "$PASSWORD\n", after => sub { login('alice', $PASSWORD) } },
    'docs/backup.md sudo install -m 600' => { put => sub { $_[0] =~ s{-C /etc}{-C $folder}r =~ s{ apache2$}{ etc}mr },
        after => sub { (UmTest::run('tar', '-tzf', "$folder/apache2.tar.gz"))[1] =~ m{^etc/usermgmt/.*\.pem$}m } },
    'docs/two-nodes.md TOKEN=' => { says => qr/\A200\n200\n\z/ },
    'docs/webdav.md sudo install -d -m 750' => { after => sub { -d "$folder/dav" } },
    'docs/webdav.md echo hello' => { says => qr/201 Created.*^hello$/ms, after => sub { -s "$folder/dav/hello.txt" } },
    'docs/operations.md sudo usermgmt user show alice' => { says => qr/^username +alice$/m },
    'docs/operations.md usermgmt key new' => { says => qr/\.pem$/, after => sub { next_kid() } },
    'docs/operations.md usermgmt key list' => { put => sub { $_[0] =~ s/\bKID\b/next_kid()/er }, says => qr/ signs .* next /s,
        after => sub { !next_kid() } },
    'docs/operations.md usermgmt pepper new' => { after => sub { -s "$folder/etc/usermgmt-pepper" } },
    'docs/operations.md install -d -m 700' => { after => sub { -d "$folder/var" } },
    'docs/operations.md sudo usermgmt schema upgrade' => {},
    'docs/to-postgresql.md usermgmt --driver pgsql --params' => { on => 'pgsql', before => \&make_empty,
        after => sub { empty_has('um_users') } },
    'docs/to-postgresql.md sudo install -m 600' => {
        after => sub { UmTest::slurp("$folder/etc/usermgmt-pgpass") =~ /\Adb\..*:accounts_web:/ } },
    'docs/to-postgresql.md psql -1 -v ON_ERROR_STOP=1 -f' => { on => 'pgsql', before => \&make_empty,
        after => sub { empty_has('um_users') } },
    'docs/to-postgresql.md usermgmt --driver pgsql schema sql' => { on => 'pgsql', before => \&make_empty,
        after => sub { empty_has('um_events') } },
    'docs/operations.md curl -H' => { says => qr/\{"status":"OK"\}/ },
    'docs/operations.md cp -r /usr/share/usermgmt/mail' => { after => sub { -s "$folder/etc/usermgmt-texts/reset.fr.txt" } },
    'docs/operations.md usermgmt client new' => { says => qr/\A\S{20,}/, after => sub { -s "$folder/etc/usermgmt-clients" } },
    'docs/operations.md # failed sign-ins by address' => {
        before => sub {
            ok(!login('alice', 'wrong') && login('alice', $PASSWORD), 'a sign-in fails, and one succeeds');
            $ENV{ID} = $sql->("select id from um_users where username = 'alice'");
        },
        says => qr/^ +1 127\.0\.0\.1\n.*"event":"sign_in".*^127\.0\.0\.1 alice$/ms },
    'docs/fail2ban.md sudo fail2ban-regex' => { needs => 'fail2ban-regex', says => qr/^Lines: /m },
    'docs/fail2ban.md sudo cp' => { after => sub { -s "$folder/filter.d/usermgmt.conf" } },
    'docs/operations.md sudo -u www-data sqlite3' => { on => 'sqlite3',
        before => sub {
            $sql->('insert into um_users (id, username, username_key, password, version, is_active, created_at, updated_at)'
                . " values ('${WAITS}1', 'waits', 'waits', 'x', '${WAITS}2', 2, 1, 1)");
        },
        after => sub { $sql->("select group_concat(username) from um_users where username in ('alice', 'waits')") eq 'alice' } },
    'docs/operations.md grep -E' => { says => qr/UM221/ },
    'docs/from-htpasswd.md sudo usermgmt user import --format htpasswd --dry-run' => {
        before => sub { UmTest::spew("$folder/etc/htpasswd", "erin:$APR1\n") }, says => qr/dry run.*accounts: 1 made/,
        after => sub { $sql->("select count(*) from um_users where username = 'erin'") eq '0' } },
    'docs/from-htpasswd.md sudo usermgmt user import --format htpasswd /' => { says => qr/accounts: 1 made/,
        after => sub { $sql->("select password from um_users where username = 'erin'") eq $APR1 } },
    'docs/from-htpasswd.md sudo usermgmt user import --format htdbm' => {
        before => sub {
            tie my %dbm, 'SDBM_File', "$folder/etc/users", O_RDWR | O_CREAT, 0600 or die "dbm: $!\n";
            %dbm = (frank => $APR1);
            untie %dbm;
        },
        says => qr/accounts: 1 made/ },
    'docs/from-htpasswd.md psql -d site' => { on => 'pgsql',
        before => sub {
            make_empty();
            $empty->{sql}->('create table people (login text, hash text, mail text)');
            $empty->{sql}->("insert into people values ('grace', '$APR1', 'g\@example.org')");
        },
        says => qr/accounts: 1 made/ },
    'docs/from-htpasswd.md cat >people.jsonl' => { says => qr/dry run.*accounts: 2 made.*refused: 0/ },
    'docs/from-htpasswd.md while IFS=: read' => {
        before => sub {
            $sql->("delete from $_") for qw(um_memberships um_groups);
            UmTest::spew("$folder/etc/groups", "editors: alice nobody\nboard: alice\n");
        },
        says => qr/nobody/,
        after => sub { $sql->('select count(*) from um_memberships') eq '2' } },
);

my ($count, %known) = (0);
for my $block (map { command_blocks($_) } command_pages()) {
    my ($row) = @{ $block->{rows} };
    next if !$row || $row->{how} ne 'run';
    my ($key) = grep { index("$block->{page} $block->{text}", $_) == 0 } sort { length $b <=> length $a } keys %try;
    my $what = "$block->{page}, line $block->{line}: " . (split /\n/, $block->{text})[0];
    if (!$key) {
        fail("$what: what it has to do is not known here");
        next;
    }
    my $try = $try{$key};
    $known{$key} = 1;
    next if $try->{on} && $try->{on} ne $database->{driver};
    next if $try->{needs} && !grep { -x "$_/$try->{needs}" } split /:/, $ENV{PATH};
    $try->{before}->() if $try->{before};
    my ($status, $said) = run_block($block, $folder, sub { changed($try->{put} ? $try->{put}->($_[0]) : $_[0]) }, $try->{reads});
    ok($status == 0 && (!$try->{says} || $said =~ $try->{says}) && (!$try->{after} || $try->{after}->()), $what)
        or diag("$status $said");
    $count++;
}
cmp_ok($count, '>=', 20, "$count blocks were run");
is(join(', ', grep { !$known{$_} } sort keys %try), '', 'every block that is known here is printed');
is($server->crashes, '', 'no process of the server crashed');

api_done();
