#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The program reads the site's configuration: database, files and settings, with --host where hosts differ.
use strict;
use warnings;
use lib 't/lib';
use JSON::PP ();
use Test::More;
use UmTest;

my ($DONE, $FAILED, $MISUSE, $ABSENT, $UNREACHABLE) = (0 .. 4);
my $folder = UmTest::new_folder();
for my $name (qw(conf logs one two sites)) {
    mkdir "$folder/$name", 0700 or die "$name: $!\n";
}

# Writes a configuration with these lines; returns its name.
sub configuration {
    my ($name, @lines) = @_;
    return UmTest::spew("$folder/conf/$name.conf", join "\n", UmTest::prelude($folder), @lines, '');
}

sub ends {
    my ($want, $pattern, $config, @words) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($status, $said) = UmTest::run(UmTest::cli(), '--httpd', UmTest::httpd(), '--config', $config, @words);
    return ok($status == $want && $said =~ $pattern, "usermgmt @words ends with $want") || diag("$status $said");
}

sub host { my ($name, @lines) = @_; return ('<VirtualHost *:80>', "ServerName $name", 'UserMgmt On', @lines, '</VirtualHost>') }

# ---- one site ------------------------------------------------------------------------------------------------------

my @database = ('DBDriver sqlite3', 'DBDParams "${folder}/one/accounts.db"');
my $one = configuration(one => @database, 'UserMgmtSigningKey keys', 'UserMgmtClientToken clients',
    'UserMgmtPasswordPepper pepper', host('one.example.org', 'ServerAlias alias.example.org'));
ends($DONE, qr/^applied +001/, $one, qw(schema upgrade));
ends($DONE, qr/applied/, $one, qw(schema status));
ends($DONE, qr{^\Q$folder\E/keys/.*\.pem$}m, $one, qw(key new));
ends($DONE, qr{^EdDSA .* signs +\Q$folder\E/keys/}m, $one, qw(key list));
ends($DONE, qr/\A\z/, $one, qw(key rotate));
ends($ABSENT, qr/holds no key none/, $one, qw(key retire none));
ends($DONE, qr/key_rotated .*is made/, $one, qw(events));
ends($DONE, qr/\A\w+$/, $one, qw(pepper new));
ends($DONE, qr/new hashes/, $one, qw(pepper list));
ends($DONE, qr/\A\w+$/, $one, qw(pepper rotate));
ends($DONE, qr/none$/, $one, qw(pepper use none));
ends($DONE, qr/\Aumc_/, $one, qw(client new front));
ends($DONE, qr/\Afront$/, $one, qw(client list));
ends($DONE, qr/front is removed/, $one, qw(client remove front));
ends($DONE, qr/group sales made/, $one, qw(group new sales));
ends($DONE, qr/1? *sales$/, $one, qw(--host one.example.org group list));
ends($DONE, qr/sales$/, $one, qw(--host ALIAS.example.org group list));
ends($UNREACHABLE, qr{\Q$folder\E/logs/httpd\.pid: No such file}, $one, qw(throttle list));
ends($UNREACHABLE, qr{\Q$folder\E/logs/httpd\.pid: No such file}, $one, qw(throttle clear somebody));
ends($MISUSE, qr/--host none: there is no such host .*; there are:\n.*    one\.example\.org \(sqlite3 .*accounts\.db, .*one\.conf:\d+\)/s,
    $one, qw(--host none group list));

# What is said explicitly wins.
ends($UNREACHABLE, qr{there is no database in \Q$folder\E/two/accounts\.db}, $one, qw(--driver sqlite3 --params),
    "$folder/two/accounts.db", qw(group list));
ends($UNREACHABLE, qr{other cannot be read}, $one, qw(key list), "$folder/other");
{
    local @ENV{qw(USERMGMT_DRIVER USERMGMT_PARAMS)} = ('sqlite3', "$folder/two/accounts.db");
    ends($UNREACHABLE, qr{there is no database in \Q$folder\E/two}, $one, qw(group list));
}

{
    my ($status, $said) = UmTest::run('sh', '-c', 'cd "$0" && exec "$@"', "$folder/conf", UmTest::cli(), '--httpd',
        UmTest::httpd(), qw(--config one.conf group list));
    ok($status == $DONE && $said =~ /sales$/, 'a relative --config is in the present folder') or diag("$status $said");
}

{
    local @ENV{qw(USERMGMT_DRIVER USERMGMT_PARAMS)} = ('', '');
    ends($DONE, qr/sales$/, $one, qw(group list));
}

# ---- several databases ---------------------------------------------------------------------------------------------

my $two = configuration(two => @database, 'UserMgmtSigningKey keys', host('one.example.org'),
    host('two.example.org', 'DBDriver sqlite3', 'DBDParams "${folder}/two/accounts.db"', 'UserMgmtSigningKey other'));
ends($MISUSE, qr/have different databases: name one with --host NAME:\n(?=.*one\.example\.org \(sqlite3 ).*two\.example\.org \(sqlite3 /s,
    $two, qw(group list));
ends($MISUSE, qr/have different UserMgmtSigningKey: name one with --host/, $two, qw(key list));
ends($DONE, qr/applied/, $two, qw(--host two.example.org schema upgrade));
ends($DONE, qr/\A\z/, $two, qw(--host two.example.org group list));
ends($DONE, qr/sales$/, $two, qw(--host one.example.org group list));
my $same = configuration(same => @database, 'UserMgmtSigningKey keys', host('one.example.org'), host('two.example.org'));
ends($DONE, qr/sales$/, $same, qw(group list));

# ---- faulty ones ---------------------------------------------------------------------------------------------------

ends($MISUSE, qr/has no host with UserMgmt On/, configuration(none => @database), qw(group list));
ends($MISUSE, qr/sets no UserMgmtClientToken/, $two, qw(--host two.example.org client list));
ends($FAILED, qr/lacks DBDriver or DBDParams for one\.example\.org/, configuration(bare => host('one.example.org')),
    qw(group list));
ends($UNREACHABLE, qr/httpd cannot read .*wrong\.conf: .*UserMgmtNonsense/, configuration(wrong => 'UserMgmtNonsense On'),
    qw(group list));
ends($UNREACHABLE, qr/none\.conf: No such file/, "$folder/none.conf", qw(group list)) if !unlink "$folder/conf/none.txt";

my $plain = UmTest::spew("$folder/conf/plain.conf", join "\n", grep { !/usermgmt_module/ } split /\n/, UmTest::prelude($folder));
ends($MISUSE, qr/does not load the module, or another version of it; .*a2enmod usermgmt/, $plain, qw(group list));

# check is for monitoring: it says on standard output what is wrong, also where httpd reads no configuration at all.
ends(2, qr/\AUSERMGMT CRITICAL - configuration: httpd cannot read .*wrong\.conf: line \d+ of \S+wrong\.conf: .*UserMgmtNonsense.*a2enmod usermgmt/,
    "$folder/conf/wrong.conf", 'check');
ends(2, qr/\AUSERMGMT CRITICAL - configuration: .*a2enmod usermgmt/, $plain, 'check');
ends(2, qr/\A\{"status":"critical","checks":\[\{"name":"configuration"/, $plain, qw(check --json));
my $nodbd = UmTest::spew("$folder/conf/nodbd.conf", join "\n", grep { !/dbd_module/ } split /\n/, UmTest::slurp($one));
ends(2, qr/Invalid command 'DBDriver'.*a2enmod dbd/, $nodbd, 'check');
ends(2, qr{^critical database: there is no database in \Q$folder\E/sites/}m, configuration(empty => 'DBDriver sqlite3',
    'DBDParams "${folder}/sites/accounts.db"', 'UserMgmtSigningKey keys', host('one.example.org')), 'check');

# ---- envvars, as on Debian -----------------------------------------------------------------------------------------

mkdir "$folder/sites/etc", 0700 or die "$!\n";
UmTest::spew("$folder/sites/etc/envvars", "export UM_PLACE=$folder/one\nexport APACHE_ARGUMENTS='-D UM_SITE'\n");
my $debian = UmTest::spew("$folder/sites/etc/httpd.conf", join "\n", UmTest::prelude($folder), 'UserMgmtSigningKey keys',
    '<IfDefine UM_SITE>', 'DBDriver sqlite3', 'DBDParams "${UM_PLACE}/accounts.db"', host('one.example.org'), '</IfDefine>', '');
ends($DONE, qr/sales$/, $debian, qw(group list));

# ---- the dump ------------------------------------------------------------------------------------------------------

my $secret = configuration(secret => 'DBDriver pgsql', 'DBDParams "host=/none dbname=x password=hunter2"',
    'UserMgmtPasswordHash "scrypt ln=14"', 'UserMgmtThrottle sign-in off', 'UserMgmtTokenLifetime 15m', host('one.example.org'));
my ($status, $said) = UmTest::run(UmTest::httpd(), qw(-t -D DUMP_USERMGMT -f), $secret);
my ($line) = $said =~ /^(\{"usermgmt".*)$/m;
my $dump = JSON::PP->new->utf8->decode($line || '{}');
is_deeply([@{ $dump->{hosts}[0] }{qw(name driver params database UserMgmt UserMgmtPasswordHash UserMgmtThrottle UserMgmtTokenLifetime)}],
    ['one.example.org', 'pgsql', 'host=/none dbname=x password=hunter2', 'pgsql /none/x', 1, 'scrypt ln=14 r=8 p=3', 'sign-in off', 900],
    'the test run prints the settings of a host') or diag($said);
($status, $said) = UmTest::run(UmTest::httpd(), qw(-t -f), $secret);
unlike($said, qr/hunter2/, 'an ordinary test run does not print the connection string');
for my $uri ('u:hunter2@h/x?y=z', 'u:hunter?2@h/x?y=z', 'u:hunter/2@h/x', 'h/x?password=hunter2', 'h/x') {
    my $file = configuration(uri => 'DBDriver pgsql', "DBDParams postgresql://$uri", host('one.example.org'));
    my ($found) = (UmTest::run(UmTest::httpd(), qw(-t -D DUMP_USERMGMT -f), $file))[1] =~ /^(\{"usermgmt".*)$/m;
    is(JSON::PP->new->utf8->decode($found || '{}')->{hosts}[0]{database}, 'pgsql h/x', "the name of the database: $uri");
}
ends($UNREACHABLE, qr/no connection to the database(?!.*hunter2)/, $secret, qw(group list));
ends($UNREACHABLE, qr/no connection to the database(?!.*hunter2)/, $secret, qw(events));

done_testing();
