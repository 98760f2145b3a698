#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What fits together is looked at after all configuration is read: httpd -t names the directive and what to do.
use strict;
use warnings;
use lib 't/lib';
use Test::More;
use UmTest;

# A folder with all that a good configuration needs; a case spoils one thing.
sub scene {
    my $folder = UmTest::new_folder();
    mkdir "$folder/keys", 0700 or die "$!\n";
    mkdir "$folder/db", 0700 or die "$!\n";
    UmTest::new_key("$folder/keys/one.pem");
    return $folder;
}

my $KEY = 'UserMgmtSigningKey ${folder}/keys';
my $SQLITE = "DBDriver sqlite3\nDBDParams \${folder}/db/accounts.db";
my $LIST = 'UserMgmtCommonPasswords none';
my $GOOD = "$KEY\n$SQLITE\n$LIST\nUserMgmt On\n";

my $BEARER = "<Location />\nAuthType \"bearer\"\nAuthName x\nRequire valid-user\n</Location>\n";
my $MAIL = "UserMgmtMail file:\${folder}\nUserMgmtMailFrom a\@a.example\nUserMgmtMailTemplates "
    . UmTest::sources() . "/conf/mail\n";
my @NAMELESS = (is_nameless => 1);

sub host {
    my ($name, $lines) = @_;
    return "<VirtualHost *:1>\nServerName $name\n$lines\n</VirtualHost>\n";
}

my $HASH = 'S_AZv6qtzgD4t2bBUHTDlLMXGYhu3wDrtf4PYcULFnk';
my $CLIENTS = "UserMgmtClientToken \${folder}/clients\n";

sub clients {
    my ($folder, $text) = @_;
    UmTest::spew("$folder/clients", $text);
    return chmod 0600, "$folder/clients";
}

sub spoilt {
    my ($from, $to) = @_;
    my $lines = $GOOD;
    $lines =~ s/\Q$from\E/$to/ or die "$from: not in the good configuration\n";
    return $lines;
}

# name, lines, what httpd -t must say (undef: nothing, it is good), what is done to the folder first, further options
my @cases = (
    ['a good configuration', $GOOD],
    ['a file in place of a folder of keys', spoilt($KEY, "$KEY/one.pem")],
    ['PostgreSQL', spoilt($SQLITE, "DBDriver pgsql\nDBDParams \"dbname=x\"")],
    ['nothing at all', ''],
    ['a host with accounts, a main server without',
        "$KEY\n$SQLITE\n$LIST\n<VirtualHost *:1>\nUserMgmt On\n</VirtualHost>\n"],
    ['a host with its own database and keys', "<VirtualHost *:1>\nUserMgmt On\n$KEY\n$SQLITE\n$LIST\n</VirtualHost>\n"],

    # Trailers of a body are no headers on a host that tells applications who calls.
    ['MergeTrailers On without identity headers', "$GOOD\nMergeTrailers On\n"],
    ['MergeTrailers On, identity headers off', "$GOOD\nMergeTrailers On\nUserMgmtIdentityHeaders Off\n"],
    ['MergeTrailers On on a host without a key', "MergeTrailers On\nUserMgmtIdentityHeaders On\n"],
    ['MergeTrailers On, Off on the host with identity headers', "MergeTrailers On\n<VirtualHost *:1>\nMergeTrailers Off\n"
        . "${GOOD}UserMgmtIdentityHeaders On\n</VirtualHost>\n"],
    ['MergeTrailers On and identity headers', "${GOOD}UserMgmtIdentityHeaders On\nMergeTrailers On\n",
        qr/MergeTrailers On \(\S+httpd\.conf:\d+\): .*UserMgmtIdentityHeaders On \(\S+httpd\.conf:\d+\)/],
    ['MergeTrailers On and identity headers in a Location', "$GOOD<IfModule core.c>\nMergeTrailers On\n</IfModule>\n"
        . "<Location /app>\nUserMgmtIdentityHeaders On\n</Location>\n", qr/MergeTrailers On \(\S+httpd\.conf:\d+\)/],
    ['MergeTrailers On of the main server', "MergeTrailers On\n<VirtualHost *:1>\n$GOOD<Directory />\n"
        . "UserMgmtIdentityHeaders On\n</Directory>\n</VirtualHost>\n", qr/MergeTrailers On \(\S+httpd\.conf:\d+\)/],
    ['MergeTrailers On of a host, identity headers of the main server', "${GOOD}UserMgmtIdentityHeaders On\n"
        . "<VirtualHost *:1>\nMergeTrailers On\n</VirtualHost>\n", qr/MergeTrailers On \(\S+httpd\.conf:\d+\)/],
    ['MergeTrailers On of a host with lines of its own', "$GOOD<Location />\nUserMgmtIdentityHeaders On\n</Location>\n"
        . "<VirtualHost *:1>\nUserMgmtRealm x\nMergeTrailers On\n</VirtualHost>\n",
        qr/MergeTrailers On \(\S+httpd\.conf:\d+\)/],

    ['no signing key', spoilt($KEY, ''), qr/UserMgmt On \(\S+:\d+\): there is no UserMgmtSigningKey; .*usermgmt key new/],
    ['a key that is not there', spoilt($KEY, "$KEY/two.pem"),
        qr/UserMgmtSigningKey \S+two\.pem .*httpd\.conf:\d+\).*usermgmt key new FOLDER/],
    ['a folder without a key', $GOOD, qr/UserMgmtSigningKey .*httpd\.conf:\d+\)/, sub { unlink "$_[0]/keys/one.pem" }],
    ['a key that others can read', $GOOD, qr/UserMgmtSigningKey .*one\.pem.*chmod o-rwx/,
        sub { chmod 0644, "$_[0]/keys/one.pem" }],
    ['a key that others can write', $GOOD, qr/UserMgmtSigningKey .*one\.pem.*chmod o-rwx/,
        sub { chmod 0602, "$_[0]/keys/one.pem" }],
    ['a key that is none', $GOOD, qr/UserMgmtSigningKey .*one\.pem/,
        sub { UmTest::spew("$_[0]/keys/one.pem", "hello\n") }],
    ['a key that is cut', $GOOD, qr/UserMgmtSigningKey .*one\.pem/,
        sub { UmTest::spew("$_[0]/keys/one.pem", substr(UmTest::slurp("$_[0]/keys/one.pem"), 0, 60)) }],
    ['an RSA key that is too short', $GOOD, qr/UserMgmtSigningKey .*one\.pem/,
        sub { UmTest::new_key("$_[0]/keys/one.pem", qw(-algorithm RSA -pkeyopt rsa_keygen_bits:1024)) }],
    ['an RSA key', $GOOD, undef,
        sub { UmTest::new_key("$_[0]/keys/one.pem", qw(-algorithm RSA -pkeyopt rsa_keygen_bits:2048)) }],
    ['a P-256 key', $GOOD, undef,
        sub { UmTest::new_key("$_[0]/keys/one.pem", qw(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)) }],
    ['a key of a curve that no token knows', $GOOD, qr/UserMgmtSigningKey .*one\.pem/,
        sub { UmTest::new_key("$_[0]/keys/one.pem", qw(-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1)) }],

    ['a folder of keys that others can write', $GOOD, qr/UserMgmtSigningKey .*can be written by others.*chmod o-w/,
        sub { chmod 0702, "$_[0]/keys" }],
    ['keys that its group may read', $GOOD, undef, sub { chmod 0750, "$_[0]/keys"; chmod 0640, "$_[0]/keys/one.pem" }],
    ['a next key and no other', $GOOD, qr/UserMgmtSigningKey .*no key that is in use.*usermgmt key rotate/,
        sub { rename "$_[0]/keys/one.pem", "$_[0]/keys/one.next.pem" }],
    ['a retired key that is none beside a good one', $GOOD, undef,
        sub { UmTest::spew("$_[0]/keys/two.retired.pem", "hello\n") }],
    ['keys that are rotated', $GOOD . "UserMgmtKeyRotation 30d\n"],
    ['too often', $GOOD . "UserMgmtKeyRotation 59\n", qr/UserMgmtKeyRotation 59 \(.*httpd\.conf:\d+\): .*at least 1m/],
    ['a file that is to be rotated', spoilt($KEY, "$KEY/one.pem") . "UserMgmtKeyRotation 1d\n",
        qr/UserMgmtKeyRotation 1d \(.*httpd\.conf:\d+\): .*is a file/],
    ['a folder that is to be rotated and cannot be written', $GOOD . "UserMgmtKeyRotation 1d\n",
        qr/UserMgmtKeyRotation 1d \(.*httpd\.conf:\d+\): .*cannot read and write .*chown -R .*usermgmt key rotate/,
        sub { chmod 0500, "$_[0]/keys" }],

    ['no driver', spoilt($SQLITE, ''), qr/no DBDriver.*DBDriver sqlite3.*DBDriver pgsql/],
    # httpd looks for the driver's file first, and on most machines it is not there.
    ['a driver of another database', spoilt('sqlite3', 'mysql'),
        qr/DBDriver mysql .*must be sqlite3 or pgsql|Can't load driver file apr_dbd_mysql/],
    ['SQLite without a file', spoilt("\nDBDParams \${folder}/db/accounts.db", ''), qr/needs DBDParams/],
    ['SQLite by a relative path', spoilt('${folder}/db/accounts.db', 'accounts.db'),
        qr/DBDParams \(\S+httpd\.conf:\d+\): .*absolute path/],
    ['SQLite by a connection string of PostgreSQL', spoilt('${folder}/db/accounts.db', '"host=db dbname=x"'),
        qr/DBDParams \(\S+httpd\.conf:\d+\): .*sqlite3 needs the absolute path/],
    ['SQLite in memory', spoilt('${folder}/db/accounts.db', ':memory:'), qr/DBDParams .*memory/],
    ['a folder for SQLite that is open', $GOOD, qr/DBDParams .*open to all users.*chmod/, sub { chmod 0755, "$_[0]/db" }],
    ['a folder for SQLite that is not there', spoilt('/db/', '/nowhere/'), qr/DBDParams .*no folder .*0700/],
    ['no mod_dbd', "$KEY\n$LIST\nUserMgmt On\n", qr/mod_dbd.*LoadModule dbd_module/, undef, without => 'dbd'],

    ['a key in the main server, a database in the host that has the API',
        "$KEY\n$LIST\n" . host('a.example', "UserMgmt On\n$SQLITE") . host('b.example', 'UserMgmt Off')],
    ['the same, and a host without a database that has AuthType Bearer',
        "$KEY\n$LIST\n" . host('a.example', "UserMgmt On\n$SQLITE") . host('b.example', $BEARER),
        qr/no DBDriver.*to the virtual host b\.example \(\S+:\d+\), which has AuthType Bearer/],
    ['a key in the main server, and no database anywhere',
        "$KEY\n$LIST\n" . host('a.example', 'UserMgmt Off'), qr/no DBDriver/],

    ['no name at all', $GOOD, qr/UserMgmtIssuer \(default auto\): .*ServerName of the main server.*add ServerName/, undef,
        @NAMELESS],
    ['no name, but an issuer', $GOOD . "UserMgmtIssuer https://a.example\n", undef, undef, @NAMELESS],
    ['a host without a name', "$KEY\n$LIST\n$SQLITE\n<VirtualHost *:1>\nUserMgmt On\n</VirtualHost>\n",
        qr/UserMgmtIssuer \(default auto\): .*ServerName of the virtual host .*httpd\.conf:\d+\)/, undef, @NAMELESS],
    ['a host with a name below a main server without', "$KEY\n$LIST\n$SQLITE\n" . host('a.example', 'UserMgmt On'),
        undef, undef, @NAMELESS],
    ['hosts that a macro makes', "<Macro Site \$name>\n" . host('$name', 'UserMgmt On') . "</Macro>\n"
        . "$KEY\n$LIST\n$SQLITE\nUse Site a.example\nUse Site b.example\n", undef, undef, @NAMELESS,
        modules => ['macro']],
    ['a second host that has AuthType Bearer alone',
        "$KEY\n$LIST\n$SQLITE\n" . host('a.example', 'UserMgmt On') . host('b.example', $BEARER), undef, undef, @NAMELESS],
    ['the same beside hosts with several issuers',
        "$KEY\n$LIST\n$SQLITE\n" . host('a.example', 'UserMgmt On') . host('b.example', $BEARER)
            . host('c.example', 'UserMgmt On'),
        qr/UserMgmtIssuer \(.*virtual host b\.example \(.*https:\/\/[ac]\.example and https:\/\/[ac]\.example; set UserMgmtIssuer/,
        undef, @NAMELESS],
    ['the same with an issuer for all', "UserMgmtIssuer https://x.example\n$KEY\n$LIST\n$SQLITE\n"
            . host('a.example', 'UserMgmt On') . host('b.example', $BEARER) . host('c.example', 'UserMgmt On'),
        undef, undef, @NAMELESS],
    ['AuthType Bearer, no host that issues tokens, and no name',
        "$KEY\n$LIST\n$SQLITE\n<VirtualHost *:1>\n$BEARER</VirtualHost>\n",
        qr/UserMgmtIssuer \(.*no host here issues tokens.*add UserMgmtIssuer/, undef, @NAMELESS],
    (map { ["mail with a guessed name in it: $_->[0]", $GOOD . "UserMgmtIssuer https://a.example\n$MAIL$_->[1]\n",
        qr/$_->[0] \(default auto\): .*ServerName.*has none/, undef, @NAMELESS] }
        ['UserMgmtResetURL', 'UserMgmtSiteName A'],
        ['UserMgmtSiteName', 'UserMgmtResetURL https://a.example/{token}'],
        ['UserMgmtVerifyURL', "UserMgmtSiteName A\nUserMgmtResetURL https://a.example/{token}\n"
            . 'UserMgmtEmailVerification on']),
    ['mail with names that were set', $GOOD . "UserMgmtIssuer https://a.example\n$MAIL"
            . "UserMgmtSiteName A\nUserMgmtResetURL https://a.example/{token}\n", undef, undef, @NAMELESS],

    ['a shortest password that is the longest',
        $GOOD . "UserMgmtPasswordMinLength 64\nUserMgmtPasswordMaxLength 64\n"],
    ['a list of passwords that is not there', spoilt($LIST, 'UserMgmtCommonPasswords ${folder}/list'),
        qr/UserMgmtCommonPasswords .*list/],
    ['a list of passwords that is not sorted', spoilt($LIST, 'UserMgmtCommonPasswords ${folder}/list'),
        qr/UserMgmtCommonPasswords .*list/, sub { UmTest::spew("$_[0]/list", "zebra\napple\n") }],
    ['a file of clients', $GOOD . $CLIENTS, undef, sub { clients($_[0], "# one\nfront $HASH\n") }],
    ['a file of clients that is not there', $GOOD . $CLIENTS,
        qr/UserMgmtClientToken \S+ \(\S+:\d+\): \S+clients: cannot/],
    ['a file of clients with a line that is none', $GOOD . $CLIENTS,
        qr/UserMgmtClientToken \S+ \(\S+:\d+\): \S+clients: line 2: not NAME HASH/,
        sub { clients($_[0], "\nfront\n") }],
    ['a file of clients with a name twice', $GOOD . $CLIENTS, qr/clients: line 2: a line above has the same name/,
        sub { clients($_[0], "front $HASH\nfront $HASH\n") }],
    ['a file of clients that others can read', $GOOD . $CLIENTS, qr/UserMgmtClientToken .*clients.*chmod 600/,
        sub { clients($_[0], "front $HASH\n"); chmod 0644, "$_[0]/clients" }],
    ['endpoints for clients', $GOOD . $CLIENTS . "UserMgmtRequireClientToken token reset register\n", undef,
        sub { clients($_[0], "front $HASH\n") }],
    ['endpoints for clients, and none are named', $GOOD . "UserMgmtRequireClientToken reset\n",
        qr/UserMgmtRequireClientToken reset \(\S+:\d+\): there is no UserMgmtClientToken; .*usermgmt client new/],

    ['a list of passwords', spoilt($LIST, 'UserMgmtCommonPasswords ${folder}/list'), undef,
        sub { UmTest::spew("$_[0]/list", "apple\nzebra\n") }],
);

for (@cases) {
    my ($name, $lines, $wanted, $spoil, %with) = @$_;
    my $folder = scene();
    $spoil->($folder) if $spoil;
    my ($status, $output) = UmTest::httpd_t($lines, folder => $folder, %with);
    my $good = $wanted ? $status && $output =~ $wanted : !$status;
    ok($good, $name) or diag("$status: $output");
    cmp_ok($status, '<', 128, "$name: no crash");
}

# What a connection string lacks that a host which does not answer is given up by: a warning, and httpd starts.
for (
    ['dbname=x', 'connect_timeout=2'], ['host=db dbname=x', 'connect_timeout=2 tcp_user_timeout=5000'],
    ['host=db connect_timeout=2', 'tcp_user_timeout=5000'], ['hostaddr=192.0.2.1 tcp_user_timeout=1', 'connect_timeout=2'],
    ['postgresql://db/x?connect_timeout=2', 'tcp_user_timeout=5000'], ['host=db connect_timeout=2 tcp_user_timeout=5000'],
    ['host=/run/postgresql connect_timeout=2'], ['connect_timeout=2'], ['service=accounts'],
    ['postgres://db/x?connect_timeout=2&tcp_user_timeout=5000'],
) {
    my ($params, $lacks) = @$_;
    my ($status, $output) = UmTest::httpd_t(spoilt($SQLITE, "DBDriver pgsql\nDBDParams \"$params\""), folder => scene());
    my ($told) = $output =~ /UM112: DBDParams \(\S+:\d+\) lacks ([^:]+): /;
    is("$status " . ($told || 'nothing'), '0 ' . ($lacks || 'nothing'), "what $params lacks") or diag($output);
}

done_testing();
